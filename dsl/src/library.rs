//! The D library: definitions that DTrace's scripts take for granted, as D text. Each is compiled before a program that
//! names anything of it, and costs nothing for others.

use crate::kernel::{KernelView, TypeNs};

/// A text of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its name in messages.
    pub name: &'static str,
    /// The D text.
    pub text: &'static str,
    /// A program that wants it contains one of these.
    words: &'static [&'static str],
    /// It needs the kernel's types.
    typed: bool,
}

/// All of them.
pub const LIBRARIES: &[Library] = &[
    Library {
        name: "procfs.d",
        text: include_str!("../dlib/procfs.d"),
        words: &["psinfo", "curcpu", "cpuinfo_t"],
        typed: true,
    },
    Library {
        name: "regs.d",
        text: include_str!("../dlib/regs.d"),
        words: &["uregs"],
        typed: false,
    },
];

/// Names of the library that, where it could not be compiled, need another message than "unknown".
pub const TYPED_NAMES: &[&str] = &["curpsinfo", "curlwpsinfo", "curcpu"];

impl Library {
    /// Whether a text may mean something of it.
    pub fn wanted(&self, text: &str) -> bool {
        self.words.iter().any(|w| text.contains(w))
    }

    /// Whether it can be compiled for this kernel.
    pub fn possible(&self, kernel: &dyn KernelView) -> bool {
        let task = || kernel.type_by_name(None, TypeNs::Struct, "task_struct");
        !self.typed || task().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_call_for_their_library() {
        for name in TYPED_NAMES {
            let mut of = LIBRARIES.iter().filter(|l| l.wanted(name));
            assert!(of.any(|l| l.typed && l.text.contains(name)), "{name}");
        }
        assert!(!LIBRARIES.iter().any(|l| l.wanted("BEGIN { trace(pid); }")));
    }
}
