//! The one-liners that a new user tries, with the right output.

use super::common::{diff, dtrace, finish, run, signal};
use super::{captures, child, matches, root};
use std::time::Duration;

/// Runs the command with this program as the child doing a job.
fn with_child(job: &str, args: &[&str]) -> super::common::Ended {
    let cmd = child::command();
    let mut all = vec!["-c", cmd.as_str()];
    all.extend(args);
    let started = dtrace(&all).env("DTRACE_TEST_CHILD", job).spawn();
    finish(started.expect("dtrace starts"), super::common::LIMIT)
}

#[test]
fn hello() {
    root!("oneliners::hello");
    let ended = run(&["-n", r#"BEGIN { printf("hello\n"); exit(0); }"#]);
    assert_eq!(
        ended.err,
        "dtrace: description 'BEGIN ' matched 1 probe\n",
        "{}",
        ended.shown()
    );
    matches(
        &ended.ok(),
        "CPU     ID                    FUNCTION:NAME\n +[0-9]+      1                           :BEGIN hello\n\n\n",
    );
}

#[test]
fn the_main_job() {
    root!("oneliners::the_main_job");
    let ended = run(&[
        "-n",
        r#"syscall::openat:entry { printf("%s %s", execname, copyinstr(arg1)); }"#,
        "-c",
        "/bin/ls /",
    ]);
    let out = ended.ok();
    assert!(
        out.starts_with("CPU     ID                    FUNCTION:NAME\n")
            || out.contains("\nCPU     ID                    FUNCTION:NAME\n"),
        "{out}"
    );
    let files = captures(&out, r"(?m)^ +[0-9]+ +[0-9]+ {21}openat:entry ls (\S+)$");
    assert!(files.iter().any(|f| f == "/etc/ld.so.cache"), "{out}");
    assert!(files.iter().any(|f| f == "/"), "{out}");
}

#[test]
fn count_by_name() {
    root!("oneliners::count_by_name");
    let ended = with_child(
        "calls",
        &[
            "-n",
            "syscall::getppid:entry /pid == $target/ { @[execname] = count(); }",
        ],
    );
    let want = format!("  {:<50} {:>16}\n", child::NAME, child::GETPPIDS);
    let out = ended.ok();
    assert_eq!(
        out,
        format!("\n{want}"),
        "{}",
        diff(&format!("\n{want}"), &out)
    );
}

#[test]
fn count_of_every_call() {
    root!("oneliners::count_of_every_call");
    let ended = with_child(
        "calls",
        &[
            "-qn",
            "syscall:::entry /pid == $target/ { @[probefunc] = count(); } syscall:::return /pid == $target/ { @r[probefunc] = count(); }",
        ],
    );
    let out = ended.ok();
    let reads: usize = child::READS.iter().map(|r| r.1).sum();
    for (call, n) in [("getppid", child::GETPPIDS), ("dup2", 1), ("prctl", 1)] {
        let row = format!("  {call:<50} {n:>16}\n");
        assert_eq!(out.matches(&row).count(), 2, "{call}: {out}");
    }
    // Of these the start of the program has some too; it never returns from the last.
    let read = captures(&out, r"(?m)^  read +([0-9]+)$");
    assert!(read.len() == 2 && read[0] == read[1], "{out}");
    assert!(read[0].parse::<usize>().is_ok_and(|n| n >= reads), "{out}");
    assert_eq!(
        captures(&out, r"(?m)^  exit_group +([0-9]+)$"),
        ["1"],
        "{out}"
    );
}

#[test]
fn quantized_results() {
    root!("oneliners::quantized_results");
    let program = "syscall::read:entry /pid == $target && arg0 == 777/ { self->mine = 1; } \
        syscall::read:return /self->mine/ { @ = quantize(arg0); self->mine = 0; }";
    // 1, 10 in the bucket of 8, 100 in that of 64: 5, 3 and 2 of 10.
    let want = "
           value  ------------- Distribution ------------- count    \n               \
               0 |                                         0        \n               \
               1 |@@@@@@@@@@@@@@@@@@@@                     5        \n               \
               2 |                                         0        \n               \
               4 |                                         0        \n               \
               8 |@@@@@@@@@@@@                             3        \n              \
              16 |                                         0        \n              \
              32 |                                         0        \n              \
              64 |@@@@@@@@                                 2        \n             \
             128 |                                         0        \n\n";
    let out = with_child("calls", &["-qn", program]).ok();
    assert_eq!(
        out,
        format!("\n{want}"),
        "{}",
        diff(&format!("\n{want}"), &out)
    );
}

#[test]
fn quantize_of_cat() {
    root!("oneliners::quantize_of_cat");
    let ended = run(&[
        "-n",
        r#"syscall::read:return /execname == "cat"/ { @ = quantize(arg0); }"#,
        "-c",
        "cat /etc/passwd",
    ]);
    let passwd = std::fs::read_to_string("/etc/passwd").expect("read");
    let out = ended.ok();
    assert!(out.contains(&passwd), "{out}");
    assert!(
        out.contains("           value  ------------- Distribution ------------- count    \n"),
        "{out}"
    );
    // The whole file in one read, and the end of the file.
    let bucket = 1 << passwd.len().ilog2();
    let counts = captures(&out, &format!(r"(?m)^ +{bucket} \|@+ +([1-9][0-9]*) +$"));
    assert_eq!(counts.len(), 1, "{out}");
    assert_eq!(
        captures(&out, r"(?m)^ +0 \|@+ +([1-9][0-9]*) +$").len(),
        1,
        "{out}"
    );
}

#[test]
fn average_latency() {
    root!("oneliners::average_latency");
    let program = "syscall::read:entry { self->t = timestamp; } \
        syscall::read:return /self->t/ { @[execname] = avg(timestamp - self->t); self->t = 0; }";
    let ended = with_child("calls", &["-n", program]);
    assert!(
        ended.err.contains("matched 4 probes") || ended.err.contains("matched 2 probes"),
        "{}",
        ended.err
    );
    let out = ended.ok();
    let avg = captures(&out, &format!(r"(?m)^  {} +([0-9]+)$", child::NAME));
    // Less than a second, more than nothing.
    assert!(
        avg.len() == 1 && (1..1_000_000_000).contains(&avg[0].parse().unwrap_or(0u64)),
        "{out}"
    );
}

#[test]
fn calls_of_two_seconds() {
    root!("oneliners::calls_of_two_seconds");
    let started = std::time::Instant::now();
    let ended = run(&[
        "-n",
        "syscall:::entry { @[probefunc] = count(); } tick-2s { exit(0); }",
    ]);
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    let out = ended.ok();
    matches(
        &out,
        r"CPU     ID                    FUNCTION:NAME\n +[0-9]+ +[0-9]+ {25}:tick-2s \n\n(?:\n?  \w+ +[0-9]+)+\n",
    );
    let counts: Vec<u64> = captures(&out, r"(?m)^  \w+ +([0-9]+)$")
        .iter()
        .map(|n| n.parse().expect("number"))
        .collect();
    assert!(counts.is_sorted() && !counts.is_empty(), "{out}");
}

#[test]
fn switches_by_name() {
    root!("oneliners::switches_by_name");
    let out = run(&[
        "-qn",
        "sdt:sched::sched_switch { @[stringof(args[2]->comm)] = count(); } tick-500ms { exit(0); }",
    ])
    .ok();
    let names = captures(&out, r"(?m)^  (\S.*\S) +[1-9][0-9]*$");
    assert!(!names.is_empty(), "{out}");
}

#[test]
fn profiled_stacks() {
    root!("oneliners::profiled_stacks");
    let ended = run(&[
        "-n",
        "profile-97 { @[stack()] = count(); } tick-1s { exit(0); }",
    ]);
    assert!(
        ended.err.contains("matched 2 probes") || ended.err.contains("matched 1 probe"),
        "{}",
        ended.err
    );
    let out = ended.ok();
    let frames = captures(&out, r"(?m)^ {14}(\S+`\S+\+0x[0-9a-f]+)$");
    assert!(!frames.is_empty(), "{out}");
    let counts: u64 = captures(&out, r"(?m)^ +([0-9]+)$")
        .iter()
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    // At most 97 a second on each CPU that there is, for one second and what it takes to end; a CPU that a virtual machine
    // is kept from fires less often.
    // SAFETY: a query.
    let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) } as u64;
    assert!(
        (10..=150 * cpus).contains(&counts),
        "{counts} on {cpus} CPUs\n{out}"
    );
}

#[test]
fn script_with_arguments() {
    root!("oneliners::script_with_arguments");
    let dir = std::env::temp_dir().join(format!("dtrace-args-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("mkdir");
    let file = dir.join("args.d");
    std::fs::write(&file, "#!/usr/sbin/dtrace -s\n#pragma D option quiet\nBEGIN { printf(\"%d %s %s\\n\", $1 * 2, $$2, $$1); exit($1); }\n").expect("write");
    let path = file.to_string_lossy();
    let ended = run(&["-s", &path, "21", "a b"]);
    assert_eq!(
        (ended.status, ended.out.as_str()),
        (Some(21), "42 a b 21\n\n"),
        "{}",
        ended.shown()
    );
    let missing = run(&["-s", &path]);
    assert_eq!(missing.status, Some(1));
    assert!(
        missing.err.contains("macro argument $1 is not defined"),
        "{}",
        missing.err
    );
    let extra = run(&["-s", &path, "1", "b", "c"]);
    assert_eq!(extra.status, Some(1));
    assert!(
        extra
            .err
            .contains("extraneous argument 'c' ($3 is not referenced)"),
        "{}",
        extra.err
    );
    std::fs::remove_dir_all(&dir).expect("remove");
}

#[test]
fn flow() {
    root!("oneliners::flow");
    let out = with_child(
        "calls",
        &[
            "-F",
            "-n",
            "syscall::dup2: /pid == $target/ { trace(arg0); }",
        ],
    )
    .ok();
    matches(
        &out,
        r"CPU FUNCTION {33}\n +[0-9]+  => dup2 +[0-9]+\n +[0-9]+  <= dup2 +777\n\n",
    );
}

#[test]
fn code_listing() {
    let ended = run(&["-S", "-e", "-n", r#"BEGIN /pid == 1/ { trace("x"); }"#]);
    let out = ended.ok();
    assert!(
        out.contains("DIFO") && out.contains("OPCODE") && out.contains("ldgs"),
        "{out}"
    );
}

#[test]
fn first_calls_of_a_command_are_seen() {
    root!("oneliners::first_calls_of_a_command_are_seen");
    let out = run(&[
        "-qn",
        r#"syscall:::entry /pid == $target/ { printf("%s\n", probefunc); }"#,
        "-c",
        "/bin/true",
    ])
    .ok();
    let calls: Vec<&str> = out.lines().collect();
    // What the dynamic linker does first, before anything else that the program does.
    assert_eq!(calls.first(), Some(&"brk"), "{out}");
    assert_eq!(
        calls.iter().filter(|c| **c == "exit_group").count(),
        1,
        "{out}"
    );
    assert!(!calls.contains(&"ptrace"), "{out}");
}

#[test]
fn callers_of_32_bits_are_told_apart() {
    root!("oneliners::callers_of_32_bits_are_told_apart");
    let program = r#"syscall::getpid:entry /pid == $target/ { @[probemod] = count(); }
        syscall:x32:getpid:return /pid == $target/ { @ret[arg0 == pid] = count(); }"#;
    let out = with_child("compat", &["-qn", program]).ok();
    let want = format!(
        "\n  {:<50} {:>16}\n{:>9} {:>16}\n",
        "x32",
        child::COMPAT,
        1,
        child::COMPAT
    );
    assert_eq!(out, want, "{}", diff(&want, &out));
}

#[test]
fn a_process_of_its_own() {
    root!("oneliners::a_process_of_its_own");
    let mut sleeper = std::process::Command::new(child::command());
    let mut sleeper = sleeper
        .env("DTRACE_TEST_CHILD", "sleep")
        .spawn()
        .expect("starts");
    let pid = sleeper.id().to_string();
    let program = r#"syscall::*nanosleep:entry /pid == $target/ { n++; } tick-10ms /n > 5/ { printf("%d\n", $target); exit(0); }"#;
    let ended = run(&["-qp", &pid, "-n", program]);
    signal(&sleeper, libc::SIGKILL);
    sleeper.wait().expect("wait");
    assert_eq!(ended.ok(), format!("{pid}\n\n"));
}

#[test]
fn stacks() {
    root!("oneliners::stacks");
    let at = "syscall:vmlinux:getppid:entry /pid == $target && !n++/";
    let frame = r"              vmlinux`\w+(?:\+0x[0-9a-f]+)?\n";
    let all = with_child("calls", &["-qn", &format!("{at} {{ stack(); }}")]).ok();
    matches(&all, &format!("\n(?:{frame})+\n"));
}

/// What counts are the kernel's frames, without those of tracing itself.
#[test]
fn stacks_of_so_many_frames() {
    root!("oneliners::stacks_of_so_many_frames");
    let at = "syscall:vmlinux:getppid:entry /pid == $target && !n++/";
    let frame = r"              vmlinux`\w+(?:\+0x[0-9a-f]+)?\n";
    for frames in [1, 2] {
        let some = with_child("calls", &["-qn", &format!("{at} {{ stack({frames}); }}")]).ok();
        matches(&some, &format!("\n(?:{frame}){{{frames}}}\n"));
    }
}

/// What tracing itself adds to a stack is in none of the three.
#[test]
fn caller_and_depth_are_those_of_the_stack() {
    root!("oneliners::caller_and_depth_are_those_of_the_stack");
    let does = r#"printf("%a %d", caller, stackdepth); stack(100);"#;
    let calls = format!("syscall:vmlinux:getppid:entry /pid == $target && !n++/ {{ {does} }}");
    let exits =
        format!("sdt:sched::sched_process_exit /pid == $target && !n++/ {{ {does} exit(0); }}");
    for program in [calls, exits] {
        let out = with_child("calls", &["-qn", &program]).ok();
        let mut lines = out.lines().filter(|l| !l.is_empty());
        let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let frames: Vec<&str> = lines.map(str::trim).collect();
        let depth = frames.len().to_string();
        assert_eq!(
            first,
            [frames.get(1).unwrap_or(&"0x0"), depth.as_str()],
            "{out}"
        );
    }
}

#[test]
fn stacks_as_keys() {
    root!("oneliners::stacks_as_keys");
    let program = r#"syscall:vmlinux:getppid:entry /pid == $target/ { @[ustack(1)] = count(); @k[stack()] = count(); }"#;
    let out = with_child("calls", &["-qn", program]).ok();
    let counts = captures(&out, r"(?m)^ {14}\S.*\n +([0-9]+)$");
    let n = super::child::GETPPIDS.to_string();
    assert_eq!(counts, [n.as_str(), n.as_str()], "{out}");
}

#[test]
fn user_stack_of_a_living_process() {
    root!("oneliners::user_stack_of_a_living_process");
    let mut sleeper = std::process::Command::new(child::command());
    let mut sleeper = sleeper
        .env("DTRACE_TEST_CHILD", "sleep")
        .spawn()
        .expect("starts");
    let pid = sleeper.id().to_string();
    let program = "syscall::*nanosleep:entry /pid == $target/ { ustack(); exit(0); }";
    let ended = run(&["-qp", &pid, "-n", program]);
    signal(&sleeper, libc::SIGKILL);
    sleeper.wait().expect("wait");
    let out = ended.ok();
    assert!(out.contains("libc.so.6`clock_nanosleep+0x"), "{out}");
}

#[test]
fn typed_arguments_of_calls() {
    root!("oneliners::typed_arguments_of_calls");
    let program = r#"syscall::dup2:entry /pid == $target/ { printf("%d %d\n", args[1], sizeof (args[1])); }
        syscall::dup2:return /pid == $target/ { printf("%d %d\n", arg0, arg1); }"#;
    assert_eq!(
        with_child("calls", &["-qn", program]).ok(),
        "777 4\n777 777\n\n"
    );
}

#[test]
fn addresses_in_and_out() {
    root!("oneliners::addresses_in_and_out");
    let program = r#"syscall::write:entry /pid == $target && arg2 == 100/ { this->b = (char *)copyin(arg1, arg2); @[this->b[0] + this->b[99]] = count(); }"#;
    let out = with_child("calls", &["-qn", program]).ok();
    assert_eq!(out, format!("\n {:>3} {:>16}\n", 0, 2));
}
