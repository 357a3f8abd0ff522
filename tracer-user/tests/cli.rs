//! The command as a user runs it: exit statuses, what is printed where, against the live kernel.
//!
//! What needs a kernel side says `SKIP name: reason` where there is none, and is not counted as passed by whoever reads the
//! output.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No test takes longer, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

struct Ran {
    out: String,
    err: String,
    code: Option<i32>,
}

fn command(args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_dtrace"));
    c.args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Without the columns that vary: CPU and probe id.
    c.env("_DTRACE_TESTING", "1");
    c
}

/// Reads a pipe on a thread of its own, so that neither fills.
fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn finish(mut child: Child) -> Ran {
    let out = reader(child.stdout.take().expect("piped"));
    let err = reader(child.stderr.take().expect("piped"));
    let begin = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().expect("our child") {
            break status.code();
        }
        if begin.elapsed() > LIMIT {
            child.kill().expect("our child");
            child.wait().expect("our child");
            panic!("still running after {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ran {
        out: out.join().expect("read"),
        err: err.join().expect("read"),
        code,
    }
}

fn run(args: &[&str]) -> Ran {
    finish(command(args).spawn().expect("dtrace runs"))
}

/// Exit status, and exactly these texts.
fn check(args: &[&str], code: i32, out: &str, err: &str) {
    let r = run(args);
    assert_eq!(
        (r.out.as_str(), r.err.as_str(), r.code),
        (out, err, Some(code)),
        "{args:?}"
    );
}

/// Exit status 2 or 1, nothing printed, and a message that begins so.
fn check_refused(args: &[&str], code: i32, begins: &str) {
    let r = run(args);
    assert_eq!(
        (r.out.as_str(), r.code),
        ("", Some(code)),
        "{args:?}: {}",
        r.err
    );
    assert!(r.err.starts_with(begins), "{args:?}: {}", r.err);
}

/// Whether there is a kernel side to test with.
fn live(name: &str) -> bool {
    let report = run(&["-vV"]).out;
    let usable = report.contains(": usable");
    if !usable {
        let why = report
            .lines()
            .find(|l| l.trim_start().starts_with("ebpf:"))
            .unwrap_or("no kernel side");
        println!("SKIP {name}: {}", why.trim());
    }
    usable
}

#[test]
fn usage_errors_are_status_2() {
    check_refused(&[], 2, "Usage: dtrace ");
    check_refused(&["-z"], 2, "dtrace: illegal option -- z\nUsage: dtrace ");
    check_refused(
        &["-n"],
        2,
        "dtrace: option requires an argument -- n\nUsage: dtrace ",
    );
    check(
        &["-h"],
        2,
        "",
        "dtrace: -h requires one or more scripts or enabling options\n",
    );
    check(
        &["-l", "-V"],
        2,
        "",
        "dtrace: only one of the [-AGhlV] options can be specified at a time\n",
    );
}

#[test]
fn fatal_errors_are_status_1() {
    check(&["-q"], 1, "", "dtrace: no probes specified\n");
    check(
        &["-x", "nosuch", "-n", "BEGIN"],
        1,
        "",
        "dtrace: failed to set -x nosuch: Invalid option name\n",
    );
    check(
        &["-b", "x", "-n", "BEGIN"],
        1,
        "",
        "dtrace: failed to set -b x: Invalid value for specified option\n",
    );
    check(
        &["-s", "/no/such/script"],
        1,
        "",
        "dtrace: failed to open /no/such/script: No such file or directory\n",
    );
    check(
        &["-n", "BEGIN", "-c", "/no/such/command"],
        1,
        "",
        "dtrace: failed to execute /no/such/command: No such file or directory\n",
    );
    check_refused(&["-G", "-n", "BEGIN"], 1, "dtrace: -G: ");
    check_refused(&["-a", "-n", "BEGIN"], 1, "dtrace: -a: ");
    check_refused(
        &["-x", "zone=z", "-n", "BEGIN"],
        1,
        "dtrace: failed to set -x zone: Option has no meaning",
    );
}

#[test]
fn help_and_version() {
    let r = run(&["--help"]);
    assert_eq!((r.err.as_str(), r.code), ("", Some(0)));
    assert!(r.out.starts_with("Usage: dtrace ") && r.out.contains("-n NAME"));
    let r = run(&["-V"]);
    assert_eq!(r.code, Some(0));
    assert!(r.out.starts_with("dtrace: dtrace "), "{}", r.out);
    assert!(run(&["-vV"]).out.len() > r.out.len());
}

#[test]
fn compile_errors_name_the_text() {
    check(
        &["-e", "-n", "BEGIN{foo;}"],
        1,
        "",
        "dtrace: invalid probe specifier BEGIN{foo;}: in action list: failed to resolve foo: Unknown variable name\n 1 | BEGIN{foo;}\n   |       ^^^\n",
    );
    check_refused(
        &["-e", "-xerrtags", "-n", "BEGIN{trace()}"],
        1,
        "dtrace: invalid probe specifier BEGIN{trace()}: [D_PROTO_LEN] in action list: ",
    );
    let file = std::env::temp_dir().join(format!("dtrace-cli-{}.d", std::process::id()));
    std::fs::write(&file, "#!/usr/sbin/dtrace -qs\nBEGIN\n{\n\ttrace();\n}\n").expect("written");
    let name = file.to_str().expect("a name");
    check_refused(
        &["-e", "-s", name],
        1,
        &format!("dtrace: failed to compile script {name}: line 4: trace( ) "),
    );
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn compiling_only() {
    check(&["-e", "-n", "BEGIN{trace(1)}"], 0, "", "");
    let r = run(&["-S", "-e", "-n", "BEGIN/pid==1/{trace(1)}"]);
    assert_eq!((r.err.as_str(), r.code), ("", Some(0)));
    assert!(
        r.out.contains("OFF OPCODE      INSTRUCTION") && r.out.matches("DIFO ").count() == 2,
        "{}",
        r.out
    );
}

#[test]
fn hello() {
    if !live("hello") {
        return;
    }
    check(
        &["-n", "BEGIN{printf(\"hi\\n\");exit(0)}"],
        0,
        "                   FUNCTION:NAME\n                          :BEGIN hi\n\n",
        "dtrace: description 'BEGIN' matched 1 probe\n",
    );
    check(&["-qn", "BEGIN{trace(\"x\");exit(3)}"], 3, "x", "");
    let mut c = command(&["-n", "BEGIN{exit(0)}"]);
    c.env_remove("_DTRACE_TESTING");
    let out = finish(c.spawn().expect("dtrace runs")).out;
    assert!(
        out.starts_with("CPU     ID                    FUNCTION:NAME\n  "),
        "{out}"
    );
}

#[test]
fn macro_arguments() {
    if !live("macro_arguments") {
        return;
    }
    let file = std::env::temp_dir().join(format!("dtrace-args-{}.d", std::process::id()));
    std::fs::write(
        &file,
        "BEGIN { printf(\"%d %s\\n\", $1, $$2); exit($1); }\n",
    )
    .expect("written");
    let name = file.to_str().expect("a name");
    check(&["-qs", name, "7", "word"], 7, "7 word\n", "");
    let r = run(&["-qs", name, "7"]);
    assert_eq!(r.code, Some(1));
    let r = run(&["-qs", name, "7", "word", "more"]);
    assert!(
        r.err
            .contains("extraneous argument 'more' ($3 is not referenced)"),
        "{}",
        r.err
    );
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn end_comes_last_and_may_set_the_status() {
    if !live("end_comes_last_and_may_set_the_status") {
        return;
    }
    check(
        &[
            "-qn",
            "BEGIN{printf(\"a\\n\");exit(1)} END{printf(\"z\\n\");}",
        ],
        1,
        "a\nz\n",
        "",
    );
}

#[test]
fn faults_are_told() {
    if !live("faults_are_told") {
        return;
    }
    let r = run(&[
        "-qn",
        "BEGIN{trace(*(int*)0)} BEGIN{printf(\"next\\n\");exit(0)}",
    ]);
    assert_eq!((r.out.as_str(), r.code), ("next\n", Some(0)));
    assert!(
        r.err.starts_with(
            "dtrace: error on enabled probe ID 1 (ID 1: dtrace:::BEGIN): invalid address (0x0) in action #1 at DIF offset "
        ),
        "{}",
        r.err
    );
}

/// None of them ours, and none too few because of ours.
#[test]
fn stacks_are_as_long_as_asked() {
    if !live("stacks_are_as_long_as_asked") {
        return;
    }
    let r = run(&[
        "-qn",
        "BEGIN { stack(2); } sched_switch { @[stack(2)] = count(); n++; } tick-10ms /n > 20/ { exit(0); }",
    ]);
    let stacks: Vec<&str> = r.out.split("\n\n").map(str::trim).collect();
    let first: Vec<&str> = r.out.lines().filter(|l| l.contains('`')).take(2).collect();
    assert!(
        first.len() == 2 && !r.out.contains("bpf_prog_"),
        "{}",
        r.out
    );
    let of_switch = stacks.iter().filter(|s| s.contains("__schedule"));
    for s in of_switch.clone() {
        assert_eq!(s.lines().filter(|l| l.contains('`')).count(), 2, "{s}");
    }
    // One row for each, however many programs were attached.
    let mut tops: Vec<String> = of_switch
        .map(|s| s.lines().filter(|l| l.contains('`')).collect())
        .collect();
    let n = tops.len();
    tops.sort();
    tops.dedup();
    assert!(n > 0 && tops.len() == n, "{}", r.out);
}

/// Through aya-log: file and line of the expression, not of the clause.
#[test]
fn faults_are_logged_with_their_place() {
    if !live("faults_are_logged_with_their_place") {
        return;
    }
    let text = "BEGIN\n{\n\ttrace(*(int *)8);\n}\nBEGIN\n{\n\tx = 0;\n\texit(4 / x);\n}\n\
                BEGIN { exit(0); }";
    let r = run(&["-x", "bpfdebug", "-qn", text]);
    for want in [
        "dtrace: error: -n:3: :::BEGIN: invalid address (0x8)\n",
        "dtrace: error: -n:8: :::BEGIN: divide-by-zero\n",
    ] {
        assert!(r.err.contains(want), "{}", r.err);
    }
    assert!(!run(&["-qn", text]).err.contains("dtrace: error: "));
}

#[test]
fn a_command_and_its_end() {
    if !live("a_command_and_its_end") {
        return;
    }
    let r = run(&[
        "-n",
        "syscall::exit_group:entry/pid==$target/{@[execname]=count()}",
        "-c",
        "true",
    ]);
    let row = format!("  {:<50} {:>16}\n", "true", 1);
    assert_eq!(
        (r.out.as_str(), r.code),
        (row.as_str(), Some(0)),
        "{}",
        r.err
    );
    assert!(
        r.err.contains(" matched 2 probes\ndtrace: pid ") && r.err.ends_with(" has exited\n"),
        "{}",
        r.err
    );
    let r = run(&["-qn", "BEGIN{}", "-c", "false"]);
    assert_eq!((r.err.as_str(), r.code), ("", Some(0)));
}

#[test]
fn the_first_system_calls_of_a_command_are_seen() {
    if !live("the_first_system_calls_of_a_command_are_seen") {
        return;
    }
    // The dynamic linker asks for the end of the heap before anything else; our own fork and exec are not seen.
    let program =
        "syscall:::entry/pid==$target && !n++/{printf(\"%s %s\\n\", execname, probefunc)}";
    check(&["-qn", program, "-c", "true"], 0, "true brk\n", "");
}

#[test]
fn output_goes_to_a_file() {
    if !live("output_goes_to_a_file") {
        return;
    }
    let file = std::env::temp_dir().join(format!("dtrace-out-{}", std::process::id()));
    let name = file.to_str().expect("a name");
    std::fs::write(&file, "before\n").expect("written");
    check(
        &["-qo", name, "-n", "BEGIN{trace(\"x\");exit(0)}"],
        0,
        "",
        "",
    );
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "before\nx");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn interrupted_once() {
    if !live("interrupted_once") {
        return;
    }
    let mut c = command(&[
        "-qn",
        "BEGIN{printf(\"ready\\n\");@a=count()} END{printf(\"end\\n\")}",
        "-x",
        "switchrate=10ms",
    ]);
    c.process_group(0);
    let mut child = c.spawn().expect("dtrace runs");
    // Tracing has begun when BEGIN's record is there.
    let mut out = child.stdout.take().expect("piped");
    let mut first = [0; 6];
    out.read_exact(&mut first).expect("output");
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(interrupt.success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("output");
    let status = child.wait().expect("our child");
    assert_eq!(rest, "\nend\n                1\n");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    if !live("a_closed_pipe_ends_quietly") {
        return;
    }
    let mut child = command(&[
        "-qn",
        "tick-10ms{printf(\"x\\n\")}",
        "-x",
        "switchrate=10ms",
    ])
    .spawn()
    .expect("dtrace runs");
    drop(child.stdout.take());
    let err = reader(child.stderr.take().expect("piped"));
    let begin = Instant::now();
    let status = loop {
        if let Some(s) = child.try_wait().expect("our child") {
            break s;
        }
        if begin.elapsed() > LIMIT {
            child.kill().expect("our child");
            panic!("still running");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(
        (err.join().expect("read").as_str(), status.code()),
        ("", Some(0))
    );
}

#[test]
fn listing() {
    if !live("listing") {
        return;
    }
    let r = run(&["-l", "-n", "BEGIN", "-n", "END"]);
    assert_eq!(
        (r.out.as_str(), r.code),
        (
            "   ID   PROVIDER            MODULE                          FUNCTION NAME
    1     dtrace                                                     BEGIN
    2     dtrace                                                     END
",
            Some(0)
        )
    );
    let r = run(&["-l", "-n", "nosuch"]);
    assert_eq!(
        (r.err.as_str(), r.code),
        (
            "dtrace: failed to match nosuch: No probe matches description\n",
            Some(1)
        )
    );
    let r = run(&["-lvn", "syscall:vmlinux:openat:entry"]);
    assert!(
        r.out
            .contains("\tArgument Types\n\t\targs[0]: int\n\t\targs[1]: char *\n"),
        "{}",
        r.out
    );
}

#[test]
fn aggregations_in_record_order() {
    if !live("aggregations_in_record_order") {
        return;
    }
    check(
        &[
            "-qn",
            "BEGIN{@a=sum(10);@b[\"k\"]=count();printa(@a);normalize(@a,5);printa(\"%@d\\n\",@a);denormalize(@a);\
             printa(\"%@d\\n\",@a);trunc(@b);exit(0)}",
        ],
        0,
        "\n               10\n2\n10\n",
        "",
    );
}
