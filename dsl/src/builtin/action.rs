//! Actions: what a statement can do besides evaluating an expression.

use super::Status;

/// An action by meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Action {
    Trace,
    Printf,
    Printa,
    Tracemem,
    Print,
    Printm,
    Pcap,
    Return,
    Stack,
    Ustack,
    Jstack,
    Sym,
    Mod,
    Usym,
    Umod,
    Uaddr,
    Exit,
    Clear,
    Trunc,
    Normalize,
    Denormalize,
    Setopt,
    Ftruncate,
    Freopen,
    System,
    Raise,
    Stop,
    Chill,
    Speculate,
    Commit,
    Discard,
    /// In the table only so that the error can name it.
    Refused,
}

/// One action.
#[derive(Clone, Copy, Debug)]
pub struct ActionRow {
    /// Its D name.
    pub name: &'static str,
    /// What it does.
    pub action: Action,
    /// Fewest and most arguments.
    pub args: (usize, usize),
    /// Needs `-w`.
    pub destructive: bool,
    /// Whether it is there.
    pub status: Status,
}

macro_rules! actions { ($($name:literal, $action:ident, $min:literal, $max:expr, $destr:literal, $status:expr;)*) => {
    /// Every action: name, meaning, fewest and most arguments, destructive, status.
    pub const ACTIONS: &[ActionRow] = &[$(ActionRow {
        name: $name,
        action: Action::$action,
        args: ($min, $max),
        destructive: $destr,
        status: $status,
    },)*];
} }

use Status::Ready;
const MANY: usize = usize::MAX;

actions! {
    "trace", Trace, 1, 1, false, Ready;
    "printf", Printf, 1, MANY, false, Ready;
    "printa", Printa, 1, MANY, false, Ready;
    "tracemem", Tracemem, 2, 3, false, Ready;
    "stack", Stack, 0, 1, false, Ready;
    "ustack", Ustack, 0, 2, false, Ready;
    "sym", Sym, 1, 1, false, Ready;
    "func", Sym, 1, 1, false, Ready;
    "mod", Mod, 1, 1, false, Ready;
    "usym", Usym, 1, 1, false, Ready;
    "ufunc", Usym, 1, 1, false, Ready;
    "umod", Umod, 1, 1, false, Ready;
    "uaddr", Uaddr, 1, 1, false, Ready;
    "exit", Exit, 1, 1, false, Ready;
    "clear", Clear, 1, 1, false, Ready;
    "trunc", Trunc, 1, 2, false, Ready;
    "normalize", Normalize, 2, 2, false, Ready;
    "denormalize", Denormalize, 1, 1, false, Ready;
    "jstack", Jstack, 0, 2, false, Ready;
    "print", Print, 1, 1, false, Ready;
    "printm", Printm, 2, 2, false, Ready;
    "pcap", Pcap, 2, 2, false, Ready;
    "setopt", Setopt, 1, 2, false, Ready;
    "ftruncate", Ftruncate, 0, 0, false, Ready;
    "speculate", Speculate, 1, 1, false, Ready;
    "commit", Commit, 1, 1, false, Ready;
    "discard", Discard, 1, 1, false, Ready;
    "freopen", Freopen, 1, MANY, true, Ready;
    "system", System, 1, MANY, true, Ready;
    "raise", Raise, 1, 1, true, Ready;
    "stop", Stop, 0, 0, true, Ready;
    "return", Return, 1, 1, true, Ready;
    "chill", Chill, 1, 1, true, Ready;
    "panic", Refused, 0, 0, true, Status::Refused("no program of the kernel's BPF may stop the kernel");
    "breakpoint", Refused, 0, 0, true, Status::Refused("no program of the kernel's BPF may enter the kernel debugger");
}

impl ActionRow {
    /// By D name.
    pub fn by_name(name: &str) -> Option<&'static ActionRow> {
        ACTIONS.iter().find(|r| r.name == name)
    }
}
