//! The D library: definitions that DTrace's scripts take for granted, as D text. Each is compiled before a program that
//! names anything of it, and costs nothing for others.

use crate::kernel::{KType, KernelView, TypeNs};

/// A text of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its name in messages.
    pub name: &'static str,
    /// The D text.
    pub text: &'static str,
    /// A program that wants it contains one of these.
    words: &'static [&'static str],
    needs: Needs,
}

/// What a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// The kernel's types.
    Types,
    /// A `struct task_struct` that has a member of this name.
    TaskMember(&'static str),
}

/// All of them.
pub const LIBRARIES: &[Library] = &[
    Library {
        name: "procfs.d",
        text: include_str!("../dlib/procfs.d"),
        words: &["psinfo", "curcpu", "cpuinfo_t"],
        needs: Needs::Types,
    },
    Library {
        name: "lwp.d",
        text: include_str!("../dlib/lwp.d"),
        words: LWP,
        needs: Needs::TaskMember("__state"),
    },
    Library {
        name: "lwp_old.d",
        text: include_str!("../dlib/lwp_old.d"),
        words: LWP,
        needs: Needs::TaskMember("state"),
    },
    Library {
        name: "io.d",
        text: include_str!("../dlib/io.d"),
        words: &["fds", "cwd", "root", "fileinfo"],
        needs: Needs::Types,
    },
    Library {
        name: "fcntl.d",
        text: include_str!("../dlib/fcntl.d"),
        words: &["O_"],
        needs: Needs::Nothing,
    },
    Library {
        name: "pcap.d",
        text: include_str!("../dlib/pcap.d"),
        words: &["PCAP_"],
        needs: Needs::Nothing,
    },
    Library {
        name: "regs.d",
        text: include_str!("../dlib/regs.d"),
        words: &["uregs"],
        needs: Needs::Nothing,
    },
];

const LWP: &[&str] = &[
    "lwpsinfo", "SSLEEP", "SRUN", "SZOMB", "SSTOP", "SIDL", "SONPROC", "SWAIT",
];

/// Names of the library that, where it could not be compiled, need another message than "unknown".
pub const TYPED_NAMES: &[&str] = &["curpsinfo", "curlwpsinfo", "curcpu", "fds", "cwd", "root"];

impl Library {
    /// Whether a text may mean something of it.
    pub fn wanted(&self, text: &str) -> bool {
        self.words.iter().any(|w| text.contains(w))
    }

    /// Whether it can be compiled for this kernel.
    pub fn possible(&self, kernel: &dyn KernelView) -> bool {
        let task = || kernel.type_by_name(None, TypeNs::Struct, "task_struct");
        match self.needs {
            Needs::Nothing => true,
            Needs::Types => task().is_some(),
            Needs::TaskMember(name) => match task().and_then(|t| kernel.ktype(t)) {
                Some(KType::Struct { members, .. }) => members.iter().any(|m| m.name == name),
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_call_for_their_library() {
        for name in TYPED_NAMES {
            let mut of = LIBRARIES.iter().filter(|l| l.wanted(name));
            assert!(
                of.any(|l| l.needs != Needs::Nothing && l.text.contains(name)),
                "{name}"
            );
        }
        assert!(!LIBRARIES.iter().any(|l| l.wanted("BEGIN { trace(pid); }")));
    }
}
