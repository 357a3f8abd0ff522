//! A session's end, however it comes: interrupted, killed, its output closed, its clauses faulting.

use super::common::{DTRACE, LIMIT, dtrace, finish, privileged, run, signal};
use super::{captures, matches, root};
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

/// Starts a session and waits until its first line is out: then everything is attached.
fn started(args: &[&str]) -> (Child, String) {
    let mut child = dtrace(args).spawn().expect("starts");
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    // Byte by byte, so that what follows is left for whoever reads next.
    while !line.ends_with("ready\n") {
        let mut next = String::new();
        let n = reader.by_ref_line(&mut next);
        assert!(
            n > 0,
            "ended before it was ready: {}",
            finish(child, LIMIT).shown()
        );
        line += &next;
    }
    child.stdout = Some(reader.into_inner());
    (child, line)
}

trait ByRefLine {
    fn by_ref_line(&mut self, to: &mut String) -> usize;
}
impl<R: BufRead> ByRefLine for R {
    fn by_ref_line(&mut self, to: &mut String) -> usize {
        self.read_line(to).unwrap_or(0)
    }
}

const READY: &str = "BEGIN { printf(\"ready\\n\"); }";

#[test]
fn interrupted_once() {
    root!("life::interrupted_once");
    let (child, _) = started(&[
        "-qn",
        READY,
        "-n",
        "tick-1ms { @[\"ticks\"] = count(); }",
        "-n",
        "END { printf(\"end\\n\"); }",
    ]);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, libc::SIGINT);
    let ended = finish(child, LIMIT);
    assert_eq!(ended.status, Some(0), "{}", ended.shown());
    matches(&ended.out, r"\nend\n\n  ticks +[1-9][0-9]*\n");
}

#[test]
fn interrupted_twice() {
    root!("life::interrupted_twice");
    let (child, _) = started(&["-qn", READY, "-n", "tick-1ms { @[\"ticks\"] = count(); }"]);
    // Both arrive before it can do anything about the first.
    signal(&child, libc::SIGSTOP);
    signal(&child, libc::SIGINT);
    signal(&child, libc::SIGTERM);
    signal(&child, libc::SIGCONT);
    let ended = finish(child, LIMIT);
    assert!(
        !ended.late && !ended.out.contains("ticks"),
        "{}",
        ended.shown()
    );
}

#[test]
fn interrupted_before_anything() {
    root!("life::interrupted_before_anything");
    // At any moment of the start too: it ends, and not with a crash.
    for delay in [0, 5, 10, 20, 40, 60, 80, 100, 130] {
        let child = dtrace(&["-qn", "tick-1s { @ = count(); }"])
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_millis(delay));
        // What a shell runs in the background ignores SIGINT from the start, and so do these tests there.
        signal(&child, libc::SIGTERM);
        let ended = finish(child, LIMIT);
        assert!(!ended.late, "{delay} ms: {}", ended.shown());
        assert!(
            matches!(ended.status, Some(0 | 1) | None),
            "{delay} ms: {}",
            ended.shown()
        );
    }
}

/// Kinds of the kernel's BPF objects: the line in `fdinfo`, and the command of `bpf(2)` that goes to the next id.
const OBJECTS: &[(&str, i32)] = &[("prog_id:", 11), ("map_id:", 12), ("link_id:", 31)];

/// Ids of one kind that the kernel has.
fn ids(next_id: i32) -> Vec<u32> {
    let mut out = Vec::new();
    // union bpf_attr: start_id, next_id, open_flags.
    let mut attr = [0u32; 32];
    loop {
        // SAFETY: the attribute is larger than what the command reads or writes, and is ours.
        let r = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                next_id,
                attr.as_mut_ptr(),
                size_of_val(&attr),
            )
        };
        if r != 0 {
            return out;
        }
        out.push(attr[1]);
        attr = [0; 32];
        attr[0] = *out.last().expect("pushed");
    }
}

/// BPF objects that a process has descriptors of.
fn objects_of(pid: u32) -> Vec<(usize, u32)> {
    let mut out = Vec::new();
    let Ok(dir) = std::fs::read_dir(format!("/proc/{pid}/fdinfo")) else {
        return out;
    };
    for f in dir.filter_map(Result::ok) {
        let text = std::fs::read_to_string(f.path()).unwrap_or_default();
        for line in text.lines() {
            for (kind, (name, _)) in OBJECTS.iter().enumerate() {
                if let Some(id) = line.strip_prefix(name) {
                    out.push((kind, id.trim().parse().expect("an id")));
                }
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

#[test]
fn killed_leaves_nothing() {
    root!("life::killed_leaves_nothing");
    let programs = [
        "syscall:::entry { @[probefunc] = count(); }",
        "sdt:sched::sched_switch { @[stringof(args[2]->comm)] = count(); }",
        "profile-997 { @[stack()] = count(); }",
        "syscall::read:entry { self->t = timestamp; } syscall::read:return /self->t/ { @ = quantize(timestamp - self->t); printf(\"%s\\n\", execname); }",
    ];
    for program in programs {
        let (mut child, _) = started(&["-qn", READY, "-n", program]);
        let owned = objects_of(child.id());
        let progs = owned.iter().filter(|o| o.0 == 0).count();
        assert!(progs > 0, "{program}: no program is loaded: {owned:?}");
        for &(kind, id) in &owned {
            assert!(
                ids(OBJECTS[kind].1).contains(&id),
                "{program}: {} {id}",
                OBJECTS[kind].0
            );
        }
        child.kill().expect("kill");
        child.wait().expect("wait");
        let until = Instant::now() + LIMIT;
        loop {
            let left: Vec<_> = owned
                .iter()
                .filter(|(kind, id)| ids(OBJECTS[*kind].1).contains(id))
                .collect();
            if left.is_empty() {
                break;
            }
            assert!(Instant::now() < until, "{program}: still there: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn ended_leaves_nothing() {
    root!("life::ended_leaves_nothing");
    let (child, _) = started(&["-qn", READY, "-n", "syscall:::entry { @ = count(); }"]);
    let owned = objects_of(child.id());
    assert!(!owned.is_empty());
    signal(&child, libc::SIGINT);
    let ended = finish(child, LIMIT);
    assert_eq!(ended.status, Some(0), "{}", ended.shown());
    let until = Instant::now() + LIMIT;
    while owned
        .iter()
        .any(|(kind, id)| ids(OBJECTS[*kind].1).contains(id))
    {
        assert!(Instant::now() < until, "still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn output_closed() {
    root!("life::output_closed");
    let (mut child, _) = started(&[
        "-qn",
        READY,
        "-x",
        "switchrate=10ms",
        "-n",
        "tick-1ms { printf(\"line\\n\"); }",
    ]);
    drop(child.stdout.take());
    let ended = finish(child, LIMIT);
    assert!(!ended.late, "went on writing to nobody: {}", ended.shown());
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

#[test]
fn status_of_the_command_does_not_matter() {
    root!("life::status_of_the_command_does_not_matter");
    let cmd = super::child::command();
    let child = dtrace(&["-qn", "BEGIN { printf(\"x\\n\"); }", "-c", &cmd])
        .env("DTRACE_TEST_CHILD", "status")
        .spawn();
    let ended = finish(child.expect("starts"), LIMIT);
    assert_eq!(ended.out, "x\n\n", "{}", ended.shown());
    assert_eq!(ended.status, Some(0), "{}", ended.shown());
}

#[test]
fn a_command_that_is_not_there() {
    root!("life::a_command_that_is_not_there");
    let ended = run(&["-qn", "BEGIN { exit(0); }", "-c", "/no/such/command"]);
    assert_eq!(ended.status, Some(1), "{}", ended.shown());
    assert!(
        ended.err.contains("/no/such/command") && ended.err.contains("No such file"),
        "{}",
        ended.err
    );
}

#[test]
fn a_fault_costs_only_its_clause() {
    root!("life::a_fault_costs_only_its_clause");
    let program = "syscall:vmlinux:getppid:entry /pid == $target/ { @before = count(); } \
        syscall:vmlinux:getppid:entry /pid == $target/ { @tried = count(); trace(*(int *)0); } \
        syscall:vmlinux:getppid:entry /pid == $target/ { @after = count(); } \
        syscall::dup2:entry /pid == $target/ { printf(\"dup2 %d\\n\", arg1); } \
        ERROR { @errors = count(); } \
        END { printa(\"before %@d\\n\", @before); printa(\"after %@d\\n\", @after); printa(\"errors %@d\\n\", @errors); }";
    let cmd = super::child::command();
    let child = dtrace(&["-qn", program, "-c", &cmd])
        .env("DTRACE_TEST_CHILD", "calls")
        .spawn();
    let ended = finish(child.expect("starts"), LIMIT);
    let n = super::child::GETPPIDS;
    for line in [
        format!("before {n}\n"),
        format!("after {n}\n"),
        format!("errors {n}\n"),
        format!("dup2 {}\n", super::child::FD),
    ] {
        assert!(ended.out.contains(&line), "{line}{}", &ended.out);
    }
    let messages = captures(
        &ended.err,
        r"(?m)^(dtrace: error on enabled probe ID 2 \(ID [0-9]+: syscall:vmlinux:getppid:entry\): invalid address \(0x0\) in action #2 at DIF offset [0-9]+)$",
    );
    assert_eq!(
        messages.len(),
        n,
        "{}",
        ended.err.lines().take(5).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn error_gets_five_arguments() {
    root!("life::error_gets_five_arguments");
    let ended = run(&[
        "-qn",
        "BEGIN { this->a = 1; trace(*(int *)0x77); } ERROR { printf(\"%d %d %d %d %x\\n\", arg1, arg2, arg3 > 0, arg4, arg5); exit(0); }",
    ]);
    assert_eq!(ended.out, "1 2 1 1 77\n\n", "{}", ended.shown());
    let offset = captures(&ended.err, r"in action #2 at DIF offset ([0-9]+)\n");
    let again = run(&[
        "-qn",
        "BEGIN { this->a = 1; trace(*(int *)0x77); } ERROR { printf(\"%d\", arg3); exit(0); }",
    ]);
    assert_eq!(offset, [again.out.trim()], "{}", again.shown());
}

#[test]
fn without_privilege() {
    if !privileged("live::life::without_privilege") {
        return;
    }
    // As nobody: one sentence says what is missing, and nothing else happens. The binary must be readable to nobody.
    let copy = std::env::temp_dir().join(format!("dtrace-nobody-{}", std::process::id()));
    std::fs::copy(DTRACE, &copy).expect("copied");
    let mut c = std::process::Command::new(&copy);
    c.args(["-qn", "BEGIN { exit(0); }"]);
    std::os::unix::process::CommandExt::uid(&mut c, 65534);
    c.stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let ended = finish(c.spawn().expect("starts"), LIMIT);
    std::fs::remove_file(&copy).expect("removed");
    assert_eq!(ended.status, Some(1), "{}", ended.shown());
    assert!(
        ended.err.contains("privilege") || ended.err.contains("root"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}
