//! Flags, messages and exit codes.

use super::common::run;
use super::{captures, matches, root};

#[test]
fn usage_errors_end_with_2() {
    for args in [&["-y"][..], &["-s"], &[], &["-l", "-V"], &["-x"]] {
        let ended = run(args);
        assert_eq!(
            (ended.status, ended.out.as_str()),
            (Some(2), ""),
            "{args:?}: {}",
            ended.shown()
        );
    }
}

#[test]
fn version() {
    matches(&run(&["-V"]).ok(), r"dtrace: .*[0-9]+\.[0-9]+.*\n");
    assert!(run(&["-vV"]).ok().lines().count() > 1);
}

#[test]
fn syntax_error_has_line_and_caret() {
    let ended = run(&["-n", "BEGIN { printf(\"a\"; exit(0); }"]);
    assert_eq!(
        (ended.status, ended.out.as_str()),
        (Some(1), ""),
        "{}",
        ended.shown()
    );
    matches(
        &ended.err,
        r#"dtrace: invalid probe specifier BEGIN \{ printf\("a"; exit\(0\); \}: .+\n 1 \| BEGIN \{ printf\("a"; exit\(0\); \}\n   \|                   \^\n(?s:.*)"#,
    );
}

#[test]
fn script_error_names_file_and_line() {
    let file = std::env::temp_dir().join(format!("dtrace-bad-{}.d", std::process::id()));
    std::fs::write(&file, "BEGIN\n{\n\tx = 1;\n\ttrace(nosuch);\n}\n").expect("write");
    let path = file.to_string_lossy();
    let ended = run(&["-e", "-s", &path]);
    std::fs::remove_file(&file).expect("remove");
    assert_eq!(ended.status, Some(1), "{}", ended.shown());
    assert!(
        ended.err.starts_with(&format!(
            "dtrace: failed to compile script {path}: line 4: "
        )),
        "{}",
        ended.err
    );
    assert!(
        ended.err.contains("nosuch") && ended.err.contains("^^^^^^"),
        "{}",
        ended.err
    );
}

#[test]
fn compile_only() {
    let ended = run(&["-e", "-n", "BEGIN { exit(7); }"]);
    assert_eq!(
        (ended.status, ended.out.as_str(), ended.err.as_str()),
        (Some(0), "", "")
    );
    let bad = run(&["-e", "-x", "errtags", "-n", "BEGIN { trace(1 / 0); }"]);
    assert_eq!(bad.status, Some(1));
    assert!(bad.err.contains("[D_DIV_ZERO]"), "{}", bad.err);
}

#[test]
fn unknown_probe() {
    root!("cli::unknown_probe");
    let ended = run(&["-n", "syscall::opennat:entry { trace(1); }"]);
    assert_eq!(
        (ended.status, ended.out.as_str()),
        (Some(1), ""),
        "{}",
        ended.shown()
    );
    assert!(
        ended.err.starts_with("dtrace: invalid probe specifier syscall::opennat:entry { trace(1); }: probe description syscall::opennat:entry does not match any probes"),
        "{}",
        ended.err
    );
    assert!(
        ended.err.contains("openat"),
        "no nearest name: {}",
        ended.err
    );
}

#[test]
fn nothing_matched_with_z() {
    root!("cli::nothing_matched_with_z");
    let ended = run(&["-Z", "-n", "nosuch:::x { trace(1); }"]);
    assert_eq!(ended.status, Some(1), "{}", ended.shown());
    assert!(ended.err.contains("no probes matched"), "{}", ended.err);
}

#[test]
fn exit_status() {
    root!("cli::exit_status");
    for n in [0, 1, 7, 255] {
        let ended = run(&["-qn", &format!("BEGIN {{ exit({n}); }}")]);
        assert_eq!(ended.status, Some(n), "{}", ended.shown());
    }
}

#[test]
fn output_file_is_appended_to() {
    root!("cli::output_file_is_appended_to");
    let file = std::env::temp_dir().join(format!("dtrace-out-{}", std::process::id()));
    std::fs::write(&file, "was here\n").expect("write");
    let path = file.to_string_lossy();
    let ended = run(&[
        "-qo",
        &path,
        "-n",
        "BEGIN { printf(\"one\\n\"); @ = count(); exit(0); }",
    ]);
    let text = std::fs::read_to_string(&file).expect("read");
    std::fs::remove_file(&file).expect("remove");
    assert_eq!(ended.ok(), "");
    assert_eq!(text, format!("was here\none\n\n {:>16}\n", 1));
}

#[test]
fn options_must_be_known() {
    for (opt, what) in [
        ("nosuchoption", "nosuchoption"),
        ("strsize=lots", "strsize"),
        ("quiet=maybe", "quiet"),
    ] {
        let ended = run(&["-x", opt, "-n", "BEGIN { exit(0); }"]);
        assert!(matches!(ended.status, Some(1 | 2)), "{}", ended.shown());
        assert!(ended.err.contains(what), "{}", ended.err);
    }
}

#[test]
fn options_from_the_environment() {
    root!("cli::options_from_the_environment");
    let started = super::common::dtrace(&["-n", "BEGIN { printf(\"x\"); exit(0); }"])
        .env("DTRACE_OPT_QUIET", "")
        .spawn();
    let ended = super::common::finish(started.expect("starts"), super::common::LIMIT);
    assert_eq!(ended.ok(), "x\n");
}

#[test]
fn list_all() {
    root!("cli::list_all");
    let out = run(&["-l"]).ok();
    let mut lines = out.lines();
    assert_eq!(
        lines.next(),
        Some("   ID   PROVIDER            MODULE                          FUNCTION NAME")
    );
    assert_eq!(
        lines.next(),
        Some("    1     dtrace                                                     BEGIN")
    );
    assert_eq!(
        lines.next(),
        Some("    2     dtrace                                                     END")
    );
    assert_eq!(
        lines.next(),
        Some("    3     dtrace                                                     ERROR")
    );
    let ids: Vec<u32> = captures(&out, r"(?m)^ *([0-9]+) ")
        .iter()
        .map(|n| n.parse().expect("number"))
        .collect();
    assert!(ids.len() > 1000, "{}", ids.len());
    assert!(
        ids.is_sorted_by(|a, b| a < b),
        "numbers go up and are unique"
    );
}

#[test]
fn list_by_provider_module_function() {
    root!("cli::list_by_provider_module_function");
    let syscalls = run(&["-l", "-P", "syscall"]).ok();
    assert!(
        syscalls
            .lines()
            .skip(1)
            .all(|l| l.split_whitespace().nth(1) == Some("syscall"))
    );
    let entries = syscalls.lines().filter(|l| l.ends_with(" entry")).count();
    let returns = syscalls.lines().filter(|l| l.ends_with(" return")).count();
    assert!(entries > 300 && entries == returns, "{entries} {returns}");
    // A listed number stays what it is.
    let openat = run(&["-l", "-n", "syscall:vmlinux:openat:entry"]).ok();
    let id = captures(&openat, r"(?m)^ *([0-9]+) +syscall +vmlinux +openat entry$");
    assert_eq!(id.len(), 1, "{openat}");
    assert_eq!(run(&["-l", "-i", &id[0]]).ok(), openat);
    let function = run(&["-l", "-f", "syscall:vmlinux:openat"]).ok();
    assert_eq!(function.lines().count(), 3, "{function}");
    let module = run(&["-l", "-m", "syscall:x32"]).ok();
    assert!(
        module
            .lines()
            .skip(1)
            .all(|l| l.split_whitespace().nth(2) == Some("x32"))
    );
    assert!(module.lines().count() > 300);
}

#[test]
fn list_nothing() {
    root!("cli::list_nothing");
    let ended = run(&["-l", "-n", "nosuch:::"]);
    assert_eq!(ended.status, Some(1), "{}", ended.shown());
    assert!(
        ended
            .err
            .contains("dtrace: failed to match nosuch:::: No probe matches description"),
        "{}",
        ended.err
    );
}

#[test]
fn list_verbose() {
    root!("cli::list_verbose");
    let out = run(&["-lvn", "syscall:vmlinux:openat:entry"]).ok();
    matches(
        &out,
        r"   ID   PROVIDER            MODULE                          FUNCTION NAME
 *[0-9]+    syscall           vmlinux                            openat entry

	Probe Description Attributes
		Identifier Names: Private
		Data Semantics:   Private
		Dependency Class: Unknown

	Argument Attributes
		Identifier Names: Private
		Data Semantics:   Private
		Dependency Class: ISA

	Argument Types
		args\[0\]: int
		args\[1\]: char \*
		args\[2\]: int
		args\[3\]: umode_t

",
    );
    let sdt = run(&["-lvn", "sdt:sched::sched_switch"]).ok();
    assert!(sdt.contains("struct task_struct *"), "{sdt}");
}

#[test]
fn probe_by_number() {
    root!("cli::probe_by_number");
    let ended = run(&[
        "-qi",
        "1",
        "-n",
        "END { printf(\"end\\n\"); }",
        "-n",
        "BEGIN { exit(0); }",
    ]);
    assert_eq!(ended.ok(), "end\n\n");
}

#[test]
fn matched_counts() {
    root!("cli::matched_counts");
    let ended = run(&[
        "-n",
        "BEGIN, END { exit(0); }",
        "-n",
        "syscall:vmlinux:openat: { @ = count(); }",
    ]);
    assert!(
        ended
            .err
            .contains("dtrace: description 'BEGIN, END ' matched 2 probes\n"),
        "{}",
        ended.err
    );
    assert!(
        ended
            .err
            .contains("dtrace: description 'syscall:vmlinux:openat: ' matched 2 probes\n"),
        "{}",
        ended.err
    );
}

#[test]
fn destructive_needs_w() {
    let ended = run(&["-n", "BEGIN { system(\"true\"); }"]);
    assert_eq!(ended.status, Some(1), "{}", ended.shown());
    assert!(
        ended.err.contains("Destructive actions not allowed"),
        "{}",
        ended.err
    );
}

#[test]
fn what_is_not_there_yet_is_named() {
    for name in [
        "speculate(1)",
        "print(1)",
        "jstack()",
        "setopt(\"quiet\")",
        "trace(toupper(\"a\"))",
        "trace(lltostr(1))",
    ] {
        let ended = run(&["-e", "-n", &format!("BEGIN {{ {name}; }}")]);
        let word = name
            .trim_start_matches("trace(")
            .split('(')
            .next()
            .unwrap_or_default()
            .to_owned();
        if ended.status == Some(0) {
            // By now it is there.
            continue;
        }
        assert_eq!(ended.status, Some(1), "{}", ended.shown());
        assert!(ended.err.contains(&word), "{}", ended.err);
    }
}
