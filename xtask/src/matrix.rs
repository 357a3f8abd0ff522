//! `cargo xtask matrix`: every group of tests on every kernel, as a table.
//!
//! A group is a row of [`GROUPS`]: a command, and what must come back. A kernel boots once and runs all of them; one that breaks is booted anew for
//! the rest. What a kernel cannot do is data too (`not_possible` in `ci/kernels.toml`), and is tried all the same: a group that is listed as not possible and
//! passes is a failure, since then the list is wrong.

use crate::image::Put;
use crate::kernels::{self, Given, Row};
use crate::vm::{self, Ended, NotAvailable, Vm};
use crate::{dist, sh};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One group of tests.
pub struct Group {
    name: &'static str,
    /// Runs in the guest, where `dtrace` is along the path. Words, not a shell's line.
    command: &'static [&'static str],
    limit_s: u64,
    code: u8,
    /// All of these are in stdout.
    stdout: &'static [&'static str],
    /// stdout has at least so many lines.
    lines: usize,
}

const GROUP: Group = Group {
    name: "",
    command: &[],
    limit_s: 60,
    code: 0,
    stdout: &[],
    lines: 0,
};

/// What is tried on every kernel, from the plainest on.
pub const GROUPS: &[Group] = &[
    Group {
        name: "boot",
        command: &["uname", "-a"],
        stdout: &["Linux", "x86_64"],
        ..GROUP
    },
    Group {
        name: "version",
        command: &["dtrace", "-V"],
        stdout: &["dtrace"],
        ..GROUP
    },
    Group {
        name: "hello",
        command: &["dtrace", "-n", r#"BEGIN { printf("hello\n"); exit(0); }"#],
        stdout: &["hello\n"],
        ..GROUP
    },
    Group {
        name: "list",
        command: &["dtrace", "-l", "-P", "syscall"],
        stdout: &["openat", "entry", "return"],
        lines: 500,
        ..GROUP
    },
    Group {
        name: "openat",
        command: &[
            "dtrace",
            "-q",
            "-n",
            r#"syscall::openat:entry /pid == $target/ { printf("%s %s\n", execname, copyinstr(arg1)); }"#,
            "-c",
            "/bin/ls /etc",
        ],
        stdout: &["ls /etc\n"],
        ..GROUP
    },
    Group {
        name: "counts",
        command: &[
            "dtrace",
            "-n",
            "syscall:::entry { @[probefunc] = count(); } tick-2s { exit(0); }",
        ],
        // Init waits for its child by polling.
        stdout: &["wait4"],
        limit_s: 120,
        ..GROUP
    },
    Group {
        name: "quantize",
        command: &[
            "dtrace",
            "-n",
            r#"syscall::read:return /execname == "cat"/ { @ = quantize(arg0); }"#,
            "-c",
            "/bin/cat /etc/passwd",
        ],
        stdout: &["value", "Distribution", "|@"],
        ..GROUP
    },
    Group {
        name: "profile",
        command: &[
            "dtrace",
            "-n",
            "profile-97 { @[stack()] = count(); } tick-1s { exit(0); }",
        ],
        stdout: &["0x"],
        lines: 5,
        ..GROUP
    },
    Group {
        name: "sdt",
        command: &[
            "dtrace",
            "-n",
            "sdt:sched::sched_switch { @ = count(); } tick-1s { exit(0); }",
        ],
        lines: 3,
        ..GROUP
    },
    Group {
        name: "fbt",
        command: &[
            "dtrace",
            "-n",
            "fbt::vfs_read:entry { @[execname] = count(); }",
            "-c",
            "/bin/cat /etc/passwd",
        ],
        stdout: &["cat"],
        ..GROUP
    },
];

/// What came of one group on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Pass,
    Fail(String),
    /// Known, with the reason that the row gives.
    NotPossible(String),
    /// The kernel can't be had.
    NotAvailable(String),
}

/// Where a guest has `dtrace`.
pub fn dtrace_file(host: &Path) -> Put {
    Put {
        host: host.into(),
        guest: "/bin/dtrace".into(),
    }
}

/// `cargo xtask matrix [--kernel name]… [--group name]…`.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let (mut only_kernels, mut only_groups) = (Vec::new(), Vec::new());
    for pair in args.chunks(2) {
        match pair {
            [flag, name] if flag == "--kernel" => only_kernels.push(kernels::row(name)?.name),
            [flag, name] if flag == "--group" => only_groups.push(name.as_str()),
            _ => bail!("usage: cargo xtask matrix [--kernel name] [--group name]"),
        }
    }
    if let Some(unknown) = only_groups
        .iter()
        .find(|n| !GROUPS.iter().any(|g| g.name == **n))
    {
        bail!(
            "no group `{unknown}`; there are {}",
            GROUPS.iter().map(|g| g.name).collect::<Vec<_>>().join(", ")
        );
    }
    let groups: Vec<&Group> = GROUPS
        .iter()
        .filter(|g| only_groups.is_empty() || only_groups.contains(&g.name))
        .collect();
    let dtrace = dist::build_static("tracer-user", "dtrace")?;
    let mut table = Vec::new();
    for row in kernels::rows()? {
        if !only_kernels.is_empty() && !only_kernels.contains(&row.name) {
            continue;
        }
        let started = Instant::now();
        let cells = try_kernel(&row, &groups, &dtrace);
        eprintln!(
            "xtask: {} took {:.1} s",
            row.name,
            started.elapsed().as_secs_f64()
        );
        table.push((row.name, cells));
    }
    let text = show(&groups, &table);
    let _ = std::fs::write(sh::root().join("target/vm/matrix.md"), &text);
    print!("{text}");
    let count = |is: fn(&Cell) -> bool| {
        table
            .iter()
            .flat_map(|(_, cells)| cells)
            .filter(|c| is(c))
            .count()
    };
    let failed = count(|c| matches!(c, Cell::Fail(_)));
    let passed = count(|c| *c == Cell::Pass);
    let rest = count(|c| matches!(c, Cell::NotPossible(_) | Cell::NotAvailable(_)));
    println!("{passed} passed, {failed} failed, {rest} skipped");
    Ok(if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All groups on one kernel, in as few boots as it takes.
fn try_kernel(row: &Row, groups: &[&Group], dtrace: &Path) -> Vec<Cell> {
    let mut guest: Option<Vm> = None;
    let mut cells = Vec::new();
    for group in groups {
        let known = row.not_possible.get(group.name);
        if guest.is_none() {
            match vm::boot(row, &Given::default(), &[dtrace_file(dtrace)]) {
                Ok(vm) => guest = Some(vm),
                Err(error) => {
                    let text = format!("{error:#}");
                    let cell = if error.is::<NotAvailable>() {
                        Cell::NotAvailable(text)
                    } else {
                        Cell::Fail(text)
                    };
                    // It would boot no better for the next group.
                    cells.resize(groups.len(), cell);
                    return cells;
                }
            }
        }
        let Some(vm) = guest.as_mut() else { continue };
        let words: Vec<String> = group.command.iter().map(|w| (*w).to_string()).collect();
        let verdict = match vm.run(&words, Duration::from_secs(group.limit_s)) {
            Ok(ended) => judge(group, &ended),
            Err(error) => {
                guest = None;
                Err(format!("{error:#}"))
            }
        };
        eprintln!(
            "xtask: {}: {}: {}",
            row.name,
            group.name,
            if verdict.is_ok() { "pass" } else { "no pass" }
        );
        cells.push(cell(verdict, known));
    }
    if let Some(vm) = guest {
        vm.off();
    }
    cells
}

/// Whether what came back is what the group expects; if not, why.
fn judge(group: &Group, ended: &Ended) -> Result<(), String> {
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let seen = || {
        let text = ended.text();
        let text: Vec<&str> = text
            .lines()
            .filter(|l| !l.trim().is_empty())
            .take(3)
            .collect();
        text.join(" / ")
    };
    if ended.code() != Some(group.code) {
        return Err(format!("{}: {}", ended.how, seen()));
    }
    if let Some(missing) = group.stdout.iter().find(|n| !stdout.contains(**n)) {
        return Err(format!("no {missing:?} in its output: {}", seen()));
    }
    if stdout.lines().count() < group.lines {
        return Err(format!(
            "{} lines, not {}: {}",
            stdout.lines().count(),
            group.lines,
            seen()
        ));
    }
    Ok(())
}

fn cell(verdict: Result<(), String>, known: Option<&String>) -> Cell {
    match (verdict, known) {
        (Ok(()), None) => Cell::Pass,
        (Ok(()), Some(reason)) => {
            Cell::Fail(format!("passes, but is listed as not possible: {reason}"))
        }
        (Err(_), Some(reason)) => Cell::NotPossible(reason.clone()),
        (Err(why), None) => Cell::Fail(why),
    }
}

/// The table, and a line for everything in it that is not a pass.
fn show(groups: &[&Group], table: &[(String, Vec<Cell>)]) -> String {
    let mut text = String::from("| kernel |");
    for group in groups {
        text.push_str(&format!(" {} |", group.name));
    }
    text.push_str(&format!("\n|---|{}\n", "---|".repeat(groups.len())));
    let mut notes = Vec::new();
    for (name, cells) in table {
        text.push_str(&format!("| {name} |"));
        for (group, cell) in groups.iter().zip(cells) {
            let (word, why) = match cell {
                Cell::Pass => ("pass", None),
                Cell::Fail(why) => ("FAIL", Some(why)),
                Cell::NotPossible(why) => ("not possible", Some(why)),
                Cell::NotAvailable(why) => ("not available", Some(why)),
            };
            text.push_str(&format!(" {word} |"));
            if let Some(why) = why {
                let note = match cell {
                    Cell::NotAvailable(_) => format!("{name}: {why}"),
                    _ => format!("{name}: {}: {word}: {why}", group.name),
                };
                if notes.last() != Some(&note) {
                    notes.push(note);
                }
            }
        }
        text.push('\n');
    }
    text.push('\n');
    for note in notes {
        text.push_str(&note);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_failure_that_passes_is_a_failure() {
        let reason = "no kprobes".to_string();
        assert_eq!(cell(Ok(()), None), Cell::Pass);
        assert!(matches!(cell(Ok(()), Some(&reason)), Cell::Fail(_)));
        assert_eq!(
            cell(Err("x".into()), Some(&reason)),
            Cell::NotPossible(reason.clone())
        );
        assert_eq!(cell(Err("x".into()), None), Cell::Fail("x".into()));
    }

    #[test]
    fn output_is_judged_by_all_that_is_expected() {
        let group = Group {
            name: "g",
            stdout: &["a", "b"],
            lines: 2,
            ..GROUP
        };
        let ended = |how: &str, out: &str| Ended {
            how: how.into(),
            stdout: out.into(),
            ..Ended::default()
        };
        assert!(judge(&group, &ended("exit 0", "a\nb\n")).is_ok());
        for (how, out) in [
            ("exit 1", "a\nb\n"),
            ("limit", "a\nb\n"),
            ("exit 0", "a\n\n"),
            ("exit 0", "ab\n"),
        ] {
            assert!(judge(&group, &ended(how, out)).is_err(), "{how} {out:?}");
        }
    }

    #[test]
    fn every_known_limit_names_a_group() {
        for row in kernels::rows().unwrap() {
            for name in row.not_possible.keys() {
                assert!(
                    GROUPS.iter().any(|g| g.name == name),
                    "{}: {name}",
                    row.name
                );
            }
        }
    }
}
