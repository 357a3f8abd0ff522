//! `-F`: the arrows and the indentation that turn entries and returns into a call tree.

use std::collections::HashMap;

/// What a record belongs to: its probe and its clause.
pub type Source = (u32, u16);

/// How one record's line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Blanks before the prefix.
    pub indent: usize,
    /// ` -> `, ` <- `, ` => `, ` <= ` or `| `.
    pub prefix: &'static str,
    /// The probe's name is shown after the function: for everything but entries and returns.
    pub named: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Entry,
    Return,
    Other,
}

/// Indentation, for each CPU its own.
#[derive(Debug, Default)]
pub struct Flow {
    cpus: HashMap<u16, Cpu>,
}

#[derive(Debug, Default)]
struct Cpu {
    indent: usize,
    last: Option<Source>,
}

fn kind(name: &str) -> Kind {
    match name {
        "entry" => Kind::Entry,
        "return" => Kind::Return,
        n if n.ends_with("-entry") => Kind::Entry,
        n if n.ends_with("-return") => Kind::Return,
        _ => Kind::Other,
    }
}

impl Flow {
    /// The line of the next record of a CPU. Several clauses of one firing give several records: only the first one of an
    /// entry and the last one of a return change the indentation, so the record after this one matters too.
    pub fn step(
        &mut self,
        cpu: u16,
        source: Source,
        provider: &str,
        name: &str,
        next: Option<Source>,
    ) -> Line {
        let state = self.cpus.entry(cpu).or_default();
        let other_clause = |s: Option<Source>| {
            s.is_some_and(|(probe, clause)| probe == source.0 && clause != source.1)
        };
        let kind = match kind(name) {
            Kind::Entry if other_clause(state.last) => Kind::Other,
            Kind::Return if other_clause(next) => Kind::Other,
            k => k,
        };
        state.last = Some(source);
        let syscall = provider == "syscall";
        let prefix = match (kind, syscall) {
            (Kind::Entry, false) => " -> ",
            (Kind::Entry, true) => " => ",
            (Kind::Return, false) => " <- ",
            (Kind::Return, true) => " <= ",
            (Kind::Other, _) => "| ",
        };
        if kind == Kind::Return {
            state.indent = state.indent.saturating_sub(2);
        }
        let line = Line {
            indent: state.indent,
            prefix,
            named: kind == Kind::Other,
        };
        if kind == Kind::Entry {
            state.indent += 2;
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(records: &[(u32, u16, &str, &str)], want: &[&str]) {
        let mut flow = Flow::default();
        let got: Vec<String> = records
            .iter()
            .enumerate()
            .map(|(i, r)| {
                let next = records.get(i + 1).map(|n| (n.0, n.1));
                let l = flow.step(0, (r.0, r.1), r.2, r.3, next);
                format!(
                    "{:w$}{}{}",
                    "",
                    l.prefix,
                    if l.named { "named" } else { "" },
                    w = l.indent
                )
            })
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_call_tree() {
        check(
            &[
                (1, 0, "syscall", "entry"),
                (2, 1, "fbt", "entry"),
                (9, 4, "sdt", "sched_switch"),
                (3, 2, "fbt", "return"),
                (4, 3, "syscall", "return"),
                (5, 3, "syscall", "return"),
            ],
            &[" => ", "   -> ", "    | named", "   <- ", " <= ", " <= "],
        );
    }

    #[test]
    fn several_clauses_of_one_firing() {
        check(
            &[
                (1, 0, "fbt", "entry"),
                (1, 1, "fbt", "entry"),
                (2, 2, "fbt", "return"),
                (2, 3, "fbt", "return"),
            ],
            &[" -> ", "  | named", "  | named", " <- "],
        );
    }

    #[test]
    fn recursion_of_one_clause_indents() {
        check(
            &[(1, 0, "fbt", "entry"), (1, 0, "fbt", "entry")],
            &[" -> ", "   -> "],
        );
    }
}
