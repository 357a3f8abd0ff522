//! Macro arguments: `$1`, `$$1`, `$target` and their like.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// What `$…` stands for in one compilation.
#[derive(Clone, Debug, Default)]
pub struct MacroArgs {
    /// `$0`: the script's name.
    pub script: String,
    /// `$1`, `$2`, …
    pub args: Vec<String>,
    /// `$target`, `$pid`, `$uid`, …: by name without the dollar sign.
    pub vars: BTreeMap<String, String>,
    /// `-x defaultargs`: an argument that was not given is 0 or "".
    pub defaultargs: bool,
    /// `-x argref`: arguments need not be referenced.
    pub argref: bool,
}

/// What looking a macro up gave.
pub(super) enum Expansion<'a> {
    Text(&'a str),
    /// Not given, but `defaultargs` says that it is 0 or "".
    Default,
    Undefined,
    /// The number has more digits than any argument list is long.
    TooLarge,
}

/// The arguments, and which of them the program used.
pub(crate) struct MacroState<'a> {
    pub(crate) args: &'a MacroArgs,
    used: RefCell<BTreeSet<usize>>,
    /// The options of that name, which the program itself may set for what follows.
    defaultargs: Cell<bool>,
    argref: Cell<bool>,
}

impl<'a> MacroState<'a> {
    pub(crate) fn new(args: &'a MacroArgs) -> MacroState<'a> {
        MacroState {
            args,
            used: RefCell::default(),
            defaultargs: Cell::new(args.defaultargs),
            argref: Cell::new(args.argref),
        }
    }

    /// `#pragma D option name`, as far as it is about macro arguments.
    pub(crate) fn option(&self, name: &str) {
        match name {
            "defaultargs" => self.defaultargs.set(true),
            "argref" => self.argref.set(true),
            _ => {}
        }
    }

    /// Look up what follows `$` or `$$`.
    pub(super) fn expand(&self, name: &str) -> Expansion<'a> {
        if !name.starts_with(|c: char| c.is_ascii_digit()) {
            return self
                .args
                .vars
                .get(name)
                .map_or(Expansion::Undefined, |v| Expansion::Text(v));
        }
        let Ok(n) = name.parse::<usize>() else {
            return Expansion::TooLarge;
        };
        let given = match n.checked_sub(1) {
            None => Some(self.args.script.as_str()),
            Some(i) => self.args.args.get(i).map(String::as_str),
        };
        match given {
            Some(text) => {
                self.used.borrow_mut().insert(n);
                Expansion::Text(text)
            }
            None if self.defaultargs.get() => Expansion::Default,
            None => Expansion::Undefined,
        }
    }

    /// Arguments that nothing referred to, with their numbers.
    pub(crate) fn unused(&self) -> Vec<(usize, &'a str)> {
        if self.argref.get() {
            return Vec::new();
        }
        let used = self.used.borrow();
        let numbered = self
            .args
            .args
            .iter()
            .enumerate()
            .map(|(i, a)| (i + 1, a.as_str()));
        numbered.filter(|(n, _)| !used.contains(n)).collect()
    }
}
