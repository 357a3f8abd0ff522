//! Matching, over a small made-up kernel that counts what it is asked.

use super::*;
use crate::site::Abi;
use dsl::kernel::ArgType;
use std::cell::Cell;

#[derive(Default)]
pub(crate) struct Toy {
    functions: Vec<FuncSym>,
    asked_events: Cell<u32>,
    asked_functions: Cell<u32>,
    asked_syscalls: Cell<u32>,
    no_fbt: bool,
    bits32: bool,
}

impl Facts for Toy {
    fn has_syscall(&self, name: &str) -> bool {
        self.asked_syscalls.set(self.asked_syscalls.get() + 1);
        ["read", "openat", "newfstat", "umount", "chown"].contains(&name)
    }
    fn syscall_params(&self, name: &str) -> Option<Vec<ArgInfo>> {
        Some(vec![ArgInfo {
            name: name.to_owned(),
            ty: ArgType::C("int".to_owned()),
        }])
    }
    fn compat32(&self) -> bool {
        true
    }
    fn call_of_32(&self, nr: u32) -> Option<bool> {
        // read, open, stat64; not the first one, restart_syscall.
        self.bits32.then_some([3, 5, 195].contains(&nr))
    }
    fn event_groups(&self) -> Vec<String> {
        self.asked_events.set(self.asked_events.get() + 1);
        ["sched", "syscalls", "irq"].map(str::to_owned).to_vec()
    }
    fn events(&self, group: &str) -> Vec<String> {
        self.asked_events.set(self.asked_events.get() + 1);
        match group {
            "sched" => ["sched_switch", "sched_wakeup"].map(str::to_owned).to_vec(),
            "irq" => vec!["softirq_entry".to_owned()],
            _ => vec!["sys_enter_read".to_owned()],
        }
    }
    fn event_id(&self, group: &str, name: &str) -> Option<u32> {
        self.asked_events.set(self.asked_events.get() + 1);
        match (group, name) {
            ("sched", "sched_switch") => Some(372),
            ("sched", "sched_wakeup") => Some(370),
            ("irq", "softirq_entry") => Some(100),
            _ => None,
        }
    }
    fn tracepoint_args(&self, _: &str) -> Option<Vec<ArgInfo>> {
        None
    }
    fn functions(&self) -> Result<&[FuncSym], String> {
        self.asked_functions.set(self.asked_functions.get() + 1);
        match self.no_fbt {
            true => Err("no kprobes here".to_owned()),
            false => Ok(&self.functions),
        }
    }
    fn left_out(&self, wanted: &dyn Fn(&str, &str) -> bool) -> Vec<LeftOut> {
        let why = "is compiled without an entry for tracing (notrace)";
        let names = ["vfs_fast", "vfs_faster", "vmx_enter"];
        let names = names.into_iter().filter(|n| wanted("vmlinux", n));
        let example = names.clone().next().map(str::to_owned);
        let out = |example| LeftOut {
            why: why.into(),
            count: names.count(),
            example,
        };
        example.map(out).into_iter().collect()
    }
    fn function_args(&self, _: &str, _: &str, _: bool) -> Option<Vec<ArgInfo>> {
        None
    }
}

fn toy() -> Toy {
    let f = |index, name: &str| FuncSym {
        index,
        name: name.into(),
        module: "vmlinux".into(),
        alias: name.starts_with("__"),
    };
    Toy {
        functions: vec![f(3, "vfs_read"), f(9, "vfs_write"), f(10, "__vfs_write")],
        ..Toy::default()
    }
}

fn desc(text: &str) -> ProbeDesc {
    let mut fields: Vec<String> = text.split(':').map(str::to_owned).collect();
    while fields.len() < 4 {
        fields.insert(0, String::new());
    }
    let mut fields = fields.into_iter();
    let mut next = || fields.next().unwrap_or_default();
    ProbeDesc {
        id: None,
        provider: next(),
        module: next(),
        function: next(),
        name: next(),
    }
}

fn names(toy: &Toy, text: &str) -> Vec<String> {
    let found = probes(toy, &desc(text));
    assert!(found.is_sorted_by(|a, b| a.id < b.id));
    for p in &found {
        let by_id = probes(
            toy,
            &ProbeDesc {
                id: Some(p.id),
                ..ProbeDesc::default()
            },
        );
        assert_eq!(by_id.len(), 1, "{p}");
        assert_eq!(by_id[0].to_string(), p.to_string());
    }
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn descriptions() {
    let t = toy();
    assert_eq!(names(&t, "BEGIN"), ["dtrace:::BEGIN"]);
    assert_eq!(
        names(&t, "dtrace:::"),
        ["dtrace:::BEGIN", "dtrace:::END", "dtrace:::ERROR"]
    );
    assert_eq!(
        names(&t, "syscall::openat:entry"),
        ["syscall:vmlinux:openat:entry", "syscall:x32:openat:entry"]
    );
    assert_eq!(
        names(&t, "syscall:vmlinux:fstat:"),
        [
            "syscall:vmlinux:fstat:entry",
            "syscall:vmlinux:fstat:return"
        ]
    );
    assert_eq!(
        names(&t, "syscall:x32:chown32:entry"),
        ["syscall:x32:chown32:entry"]
    );
    assert_eq!(names(&t, "syscall:vmlinux:write:entry"), [""; 0]);
    assert_eq!(names(&t, "sched_switch"), ["sdt:sched::sched_switch"]);
    assert_eq!(
        names(&t, "sdt:::"),
        [
            "sdt:irq::softirq_entry",
            "sdt:sched::sched_wakeup",
            "sdt:sched::sched_switch"
        ]
    );
    assert_eq!(
        names(&t, "fbt::vfs_*:[er]e*"),
        [
            "fbt:vmlinux:vfs_read:return",
            "fbt:vmlinux:vfs_write:return"
        ]
    );
    assert_eq!(names(&t, "vfs_read:entry"), ["fbt:vmlinux:vfs_read:entry"]);
    assert_eq!(
        names(&t, "__vfs_write:entry"),
        ["fbt:vmlinux:__vfs_write:entry"]
    );
    assert_eq!(names(&t, "fbt:::entry").len(), 2);
    assert_eq!(names(&t, "tick-1s"), ["profile:::tick-1s"]);
    assert_eq!(names(&t, "tick-1"), ["profile:::tick-1"]);
    assert_eq!(names(&t, "profile:::tick-*").len(), 6);
    assert_eq!(names(&t, "tick-1ns"), [""; 0]);
    assert_eq!(names(&t, "x:::"), [""; 0]);
}

#[test]
fn asks_no_more_than_it_must() {
    let t = toy();
    names(&t, "BEGIN");
    names(&t, "tick-17s");
    names(&t, ":::END");
    assert_eq!(
        (
            t.asked_events.get(),
            t.asked_functions.get(),
            t.asked_syscalls.get()
        ),
        (0, 0, 0)
    );
    probes(&t, &desc("syscall::openat:entry"));
    assert_eq!(
        (
            t.asked_events.get(),
            t.asked_functions.get(),
            t.asked_syscalls.get()
        ),
        (0, 0, 2)
    );
    probes(&t, &desc("sdt:sched::sched_switch"));
    assert_eq!((t.asked_events.get(), t.asked_functions.get()), (1, 0));
}

#[test]
fn nothing_matches() {
    let mut t = toy();
    assert_eq!(
        nearest(&t, &desc("syscall::opennat:entry"))
            .first()
            .map(String::as_str),
        Some("syscall:vmlinux:openat:entry")
    );
    assert_eq!(
        nearest(&t, &desc("sched_swich")),
        ["sdt:sched::sched_switch"]
    );
    assert_eq!(
        nearest(&t, &desc("sysscall::openat:entry")),
        ["syscall::openat:entry"]
    );
    assert_eq!(nearest(&t, &desc("syscall::zzzzzzzzzzz:entry")), [""; 0]);
    assert_eq!(why_none(&t, &desc("fbt::vfs_red:entry")), None);
    t.no_fbt = true;
    assert_eq!(
        why_none(&t, &desc("fbt::vfs_read:entry")).as_deref(),
        Some("no kprobes here")
    );
    assert!(why_none(&t, &desc("profile:::tick-1ns")).is_some_and(|s| s.contains("200 µs")));
    assert_eq!(why_none(&t, &desc("syscall:::x")), None);
}

#[test]
fn distances() {
    for (a, b, d) in [
        ("", "", 0),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("read", "raed", 2),
    ] {
        assert_eq!(distance(a, b), d);
        assert_eq!(distance(b, a), d);
    }
}

#[test]
fn what_is_not_listed_has_a_reason() {
    let toy = toy();
    let said = |text: &str| left_out(&toy, &desc(text));
    assert_eq!(
        said("fbt::vfs_*:entry"),
        [
            "2 functions of the kernel are not listed: vfs_fast is compiled without an entry for tracing (notrace)"
        ]
    );
    assert!(
        said("*:vmlinux:vmx*:")[0].starts_with("1 function of the kernel is not listed: vmx_enter")
    );
    assert!(said("syscall::vfs_*:entry").is_empty());
    assert!(said("fbt::vfs_*:start").is_empty());
    assert!(said("fbt:ext9::").is_empty());
}

#[test]
fn a_32_bit_kernel_has_the_calls_of_32_bit_callers_alone() {
    let toy = Toy {
        bits32: true,
        ..toy()
    };
    assert_eq!(
        names(&toy, "syscall:::entry"),
        [
            "syscall:vmlinux:read:entry",
            "syscall:vmlinux:open:entry",
            "syscall:vmlinux:stat64:entry"
        ]
    );
    assert!(names(&toy, "syscall:x32::").is_empty());
    let read = &probes(&toy, &desc("syscall::read:return"))[0];
    assert_eq!(
        read.site,
        Site::Syscall {
            nr: 3,
            abi: Abi::Compat32,
            ret: true
        }
    );
}
