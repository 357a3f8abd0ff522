//! The D library: definitions that DTrace's scripts take for granted, as D text. Each is compiled before a program that
//! names anything of it, and costs nothing for others.

use crate::ast::{Dependency, PragmaKind};
use crate::check::pragma::{module_matches, provider_matches};
use crate::kernel::{KType, KernelView, TypeNs};
use crate::parse::{self, Input, InputKind, MacroArgs, ParseOptions};
use crate::source::{SourceId, Sources};

/// A text of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Library {
    /// Its name in messages.
    pub name: &'static str,
    /// The D text.
    pub text: &'static str,
    /// A program that wants it contains one of these; one that begins with a blank as a word of its own.
    words: &'static [&'static str],
    needs: Needs,
}

/// What a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// The kernel's types.
    Types,
    /// This struct, with a member of this name.
    Member(&'static str, &'static str),
    /// Symbols of the kernel's, data among them.
    Symbols(&'static [&'static str]),
    /// One of these.
    AnyOf(&'static [Needs]),
}

/// All of them.
pub const LIBRARIES: &[Library] = &[
    // Until Linux 4.19 a task itself had the numbers of its group and session.
    Library {
        name: "task_numbers.d",
        text: "inline int task_pgid[struct task_struct *T] = T->signal->pids[2]->numbers[0].nr;\n\
            inline int task_sid[struct task_struct *T] = T->signal->pids[3]->numbers[0].nr;\n",
        words: PSINFO,
        needs: Needs::Member("signal_struct", "pids"),
    },
    Library {
        name: "task_numbers.d",
        text: "inline int task_pgid[struct task_struct *T] = T->group_leader->pids[1].pid->numbers[0].nr;\n\
            inline int task_sid[struct task_struct *T] = T->group_leader->pids[2].pid->numbers[0].nr;\n",
        words: PSINFO,
        needs: Needs::Member("task_struct", "pids"),
    },
    Library {
        name: "procfs.d",
        text: include_str!("../dlib/procfs.d"),
        words: PSINFO,
        needs: Needs::Types,
    },
    Library {
        name: "task_state.d",
        text: "inline long __task_state[struct task_struct *T] = T->__state;\n",
        words: LWP,
        needs: Needs::Member("task_struct", "__state"),
    },
    Library {
        name: "task_state.d",
        text: "inline long __task_state[struct task_struct *T] = T->state;\n",
        words: LWP,
        needs: Needs::Member("task_struct", "state"),
    },
    Library {
        name: "lwp.d",
        text: include_str!("../dlib/lwp.d"),
        words: LWP,
        needs: Needs::Types,
    },
    // Where the preemption count is: a variable of each CPU; the same in a struct with others (Linux 6.2 to 6.14); at the
    // bottom of the thread's stack (up to 3.12).
    Library {
        name: "preempt_count.d",
        text: "inline uint_t __preempt = *(uint_t *)(((unsigned long *)&`__per_cpu_offset)[cpu] + \
            (unsigned long)&`__preempt_count);\n",
        words: IPL,
        needs: Needs::Symbols(&["__per_cpu_offset", "__preempt_count"]),
    },
    Library {
        name: "preempt_count.d",
        text: "inline uint_t __preempt = *(uint_t *)(((unsigned long *)&`__per_cpu_offset)[cpu] + \
            (unsigned long)&`pcpu_hot + offsetof(struct pcpu_hot, preempt_count));\n",
        words: IPL,
        needs: Needs::Symbols(&["__per_cpu_offset", "pcpu_hot"]),
    },
    Library {
        name: "preempt_count.d",
        text: "inline uint_t __preempt = ((struct thread_info *)curthread->stack)->preempt_count;\n",
        words: IPL,
        needs: Needs::Member("thread_info", "preempt_count"),
    },
    Library {
        name: "ipl.d",
        text: include_str!("../dlib/ipl.d"),
        words: IPL,
        needs: Needs::AnyOf(&[
            Needs::Symbols(&["__per_cpu_offset", "__preempt_count"]),
            Needs::Symbols(&["__per_cpu_offset", "pcpu_hot"]),
            Needs::Member("thread_info", "preempt_count"),
        ]),
    },
    Library {
        name: "container.d",
        text: include_str!("../dlib/container.d"),
        words: CONTAINER,
        needs: Needs::Member("task_struct", "thread_pid"),
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

const PSINFO: &[&str] = &["psinfo", "curcpu", "cpuinfo_t"];

const LWP: &[&str] = &[
    "lwpsinfo", "SSLEEP", "SRUN", "SZOMB", "SSTOP", "SIDL", "SONPROC", "SWAIT",
];

const IPL: &[&str] = &[" ipl"];

const CONTAINER: &[&str] = &[" cgroup", " cgroupid", " nspid", " nstid", " pidns"];

/// Names of the library that, where it could not be compiled, need another message than "unknown".
pub const TYPED_NAMES: &[&str] = &[
    "curpsinfo",
    "curlwpsinfo",
    "curcpu",
    "fds",
    "cwd",
    "root",
    "cgroup",
    "cgroupid",
    "nspid",
    "nstid",
    "pidns",
];

/// Names that only we give a meaning: a program that has one of its own goes before.
pub const OWN: &[&str] = &["cgroup", "cgroupid", "nspid", "nstid", "pidns"];

impl Library {
    /// Whether a text may mean something of it.
    pub fn wanted(&self, text: &str) -> bool {
        self.words.iter().any(|w| match w.strip_prefix(' ') {
            Some(word) => mentions(text, word),
            None => text.contains(w),
        })
    }

    /// Whether it can be compiled for this kernel.
    pub fn possible(&self, kernel: &dyn KernelView) -> bool {
        self.needs.met(kernel)
    }
}

impl Needs {
    fn met(self, kernel: &dyn KernelView) -> bool {
        match self {
            Needs::Nothing => true,
            Needs::Types => kernel
                .type_by_name(None, TypeNs::Struct, "task_struct")
                .is_some(),
            Needs::Member(tag, name) => {
                let ty = kernel.type_by_name(None, TypeNs::Struct, tag);
                match ty.and_then(|t| kernel.ktype(t)) {
                    Some(KType::Struct { members, .. }) => members.iter().any(|m| m.name == name),
                    _ => false,
                }
            }
            Needs::Symbols(names) => names.iter().all(|n| kernel.symbol(None, n).is_some()),
            Needs::AnyOf(list) => list.iter().any(|n| n.met(kernel)),
        }
    }
}

/// Whether a text contains an identifier.
fn mentions(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// Libraries of others, in the order in which they can be compiled: each after those that it depends on (`#pragma D
/// depends_on`). One whose dependencies are not there is left out, as DTrace does: its providers are not on this system.
pub fn in_order(
    sources: &Sources,
    libraries: &[SourceId],
    kernel: &dyn KernelView,
) -> Vec<SourceId> {
    let macros = MacroArgs {
        defaultargs: true,
        argref: true,
        ..MacroArgs::default()
    };
    let how = ParseOptions {
        macros: &macros,
        is_type: &|_| false,
        pspec: false,
        empty: true,
    };
    // Names of the libraries that each one waits for. What is wrong with its text is said when it is compiled.
    let mut waiting: Vec<(SourceId, Vec<String>)> = Vec::new();
    for &src in libraries {
        let kind = InputKind::Library;
        let (ast, _) = parse::parse(sources, &[Input { src, kind }], &how);
        let mut needs = Vec::new();
        let mut met = true;
        for p in ast.pragmas {
            let PragmaKind::DependsOn { kind, name } = p.kind else {
                continue;
            };
            match kind {
                Dependency::Library => needs.push(name.name),
                Dependency::Provider => met &= provider_matches(kernel, &name.name),
                Dependency::Module => met &= module_matches(kernel, &name.name),
            }
        }
        if met {
            waiting.push((src, needs));
        }
    }
    let file = |src: SourceId| {
        let name = sources.get(src).map_or("", |s| s.name.as_str());
        name.rsplit('/').next().unwrap_or(name)
    };
    let mut out: Vec<SourceId> = Vec::new();
    loop {
        let there = |need: &String| {
            let own = LIBRARIES.iter().any(|l| l.name == need);
            own || out.iter().any(|&src| file(src) == need)
        };
        let Some(next) = waiting
            .iter()
            .position(|(_, needs)| needs.iter().all(there))
        else {
            return out;
        };
        out.push(waiting.remove(next).0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_come_after_what_they_depend_on() {
        let mut sources = Sources::new();
        let mut add = |name: &str, text: &str| sources.add(name, text);
        let a = add("lib/a.d", "#pragma D depends_on library b.d\nint a;");
        let b = add("lib/b.d", "#pragma D depends_on library io.d\nint b;");
        let lost = add("lib/c.d", "#pragma D depends_on library d.d\nint c;");
        let circle = add("lib/e.d", "#pragma D depends_on library e.d\nint e;");
        let kernel = crate::kernel::EmptyKernel;
        assert_eq!(in_order(&sources, &[a, b, lost, circle], &kernel), [b, a]);
    }

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
        let ipl = |text: &str| {
            LIBRARIES
                .iter()
                .any(|l| l.name == "ipl.d" && l.wanted(text))
        };
        assert!(ipl("BEGIN { trace(ipl); }") && ipl("ipl"));
        assert!(!ipl("/* multiple */ BEGIN { triple = ipl_x; }"));
    }
}
