//! `cargo xtask test`: every test of the workspace, on a fresh machine too, with skips counted as skips.
//!
//! libtest knows no skipped test: one that finds itself without root or without BPF can only return. Ours say so first,
//! by a line on stdout or appended to the file that `DTRACE_SKIP_LOG` names:
//!
//! ```text
//! SKIP cli::hello: needs root
//! NOTE engines: 10000 programs agreed on by 3 engines
//! ```
//!
//! Output of passing tests is asked for (`--show-output`), read for such lines and otherwise not shown.

use crate::{apt, sh};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};

pub fn run(args: &[String]) -> Result<ExitCode> {
    apt::ensure(&[apt::Chore::Test])?;
    let log = sh::root().join("target/skipped.log");
    std::fs::create_dir_all(sh::root().join("target"))?;
    std::fs::write(&log, "").with_context(|| format!("cannot write {}", log.display()))?;

    let mut cargo = sh::cargo();
    // Not --all-features: one of them puts sanitizers into the module's machine, which the command could not be linked with.
    cargo.args(["test", "--no-fail-fast"]);
    if !args.iter().any(|a| a == "-p") {
        cargo.arg("--workspace");
    }
    cargo.args(args);
    if !args.iter().any(|a| a == "--") {
        cargo.arg("--");
    }
    cargo.arg("--show-output");
    cargo.env("DTRACE_SKIP_LOG", &log).stdout(Stdio::piped());
    let mut child = cargo
        .spawn()
        .with_context(|| format!("cannot run `{}`", sh::show(&cargo)))?;
    let mut tally = Tally::default();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            if tally.line(&line) {
                println!("{line}");
            }
        }
    }
    let status = child.wait()?;
    for line in std::fs::read_to_string(&log)?.lines() {
        tally.mark_log(line);
    }

    print!("{}", tally.report());
    // A suite that does not compile has no closing line: cargo's own exit code is what tells.
    let good = status.success() && tally.failed == 0 && tally.passed() > 0;
    if !good && tally.failed == 0 {
        println!("cargo test: {status}");
    }
    println!("{}", tally.closing());
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the runners said, added up.
#[derive(Default)]
struct Tally {
    returned_ok: usize,
    failed: usize,
    ignored: usize,
    suites: usize,
    /// What was skipped, and why. A test may skip several cases, each under its own name.
    skips: BTreeMap<String, String>,
    /// Tests that libtest counts as passed although they skipped: by suite and name where they printed it …
    skipping: BTreeSet<(usize, String)>,
    /// … and one for each skip that it does not show beside a test's name: in the log, or from a thread.
    unheard: usize,
    /// Whose captured output is being read.
    speaker: String,
    notes: Vec<String>,
    section: Section,
}

/// Which part of a suite's output is being read.
#[derive(Default, PartialEq, Eq)]
enum Section {
    #[default]
    Running,
    /// Output of passed tests, which is read but not shown.
    Successes,
    Failures,
}

impl Tally {
    /// Takes one line of output; says whether a person wants to see it.
    fn line(&mut self, line: &str) -> bool {
        if let Some(name) = line
            .strip_prefix("---- ")
            .and_then(|l| l.strip_suffix(" stdout ----"))
        {
            self.speaker = name.to_string();
        }
        self.mark(line);
        if line == "successes:" {
            self.section = Section::Successes;
        } else if line == "failures:" {
            self.section = Section::Failures;
        }
        if let Some(counts) = closing_line(line) {
            self.section = Section::Running;
            self.suites += 1;
            self.returned_ok += counts.0;
            self.failed += counts.1;
            self.ignored += counts.2;
        }
        self.section != Section::Successes
    }

    /// Takes note of a `SKIP` or `NOTE` line.
    fn mark(&mut self, line: &str) {
        if let Some((name, reason)) = skip_line(line) {
            let new = self.skips.insert(name, reason).is_none();
            match self.section {
                Section::Successes => {
                    self.skipping.insert((self.suites, self.speaker.clone()));
                }
                // Counted as failed already, whatever else it said.
                Section::Failures => {}
                // From a thread whose output libtest does not capture.
                Section::Running if new => self.unheard += 1,
                Section::Running => {}
            }
        } else if let Some(rest) = line.strip_prefix("NOTE ") {
            self.notes.push(rest.to_string());
        }
    }

    /// Takes note of a line of the log, which may repeat what was printed.
    fn mark_log(&mut self, line: &str) {
        if let Some((name, reason)) = skip_line(line)
            && self.skips.insert(name, reason).is_none()
        {
            self.unheard += 1;
        }
    }

    /// Tests that really ran to a good end: libtest counts a skipped one as passed.
    fn passed(&self) -> usize {
        self.returned_ok
            .saturating_sub(self.skipping.len() + self.unheard)
    }

    fn report(&self) -> String {
        let mut text = String::from("\n");
        for note in &self.notes {
            text.push_str(&format!("note: {note}\n"));
        }
        for (name, reason) in &self.skips {
            text.push_str(&format!("skipped: {name}: {reason}\n"));
        }
        if self.ignored > 0 {
            text.push_str(&format!("skipped: {} marked #[ignore]\n", self.ignored));
        }
        text.push_str(&format!("{} test suites\n", self.suites));
        text
    }

    fn closing(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed(),
            self.failed,
            self.skips.len() + self.ignored
        )
    }
}

/// Name and reason of a `SKIP name: reason` line.
fn skip_line(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("SKIP ")?;
    let (name, reason) = rest.split_once(": ").unwrap_or((rest, "no reason given"));
    Some((name.trim().to_string(), reason.trim().to_string()))
}

/// `(passed, failed, ignored)` of a libtest closing line.
fn closing_line(line: &str) -> Option<(usize, usize, usize)> {
    let rest = line.strip_prefix("test result: ")?;
    if !rest.contains("finished in") {
        return None;
    }
    let (_, counts) = rest.split_once(". ")?;
    let count = |word: &str| {
        counts
            .split(';')
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
    };
    Some((count("passed")?, count("failed")?, count("ignored")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: &str = "\
running 3 tests
test a ... ok
test b ... ok

successes:

---- a stdout ----
chatter
SKIP cli::a: needs root
NOTE engines: 10000 programs agreed

successes:
    a
    b

test result: ok. 3 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn tally(text: &str) -> (Tally, Vec<&str>) {
        let mut tally = Tally::default();
        let shown = text.lines().filter(|l| tally.line(l)).collect();
        (tally, shown)
    }

    #[test]
    fn a_skip_is_not_a_pass() {
        let (mut tally, _) = tally(OUT);
        assert_eq!(tally.closing(), "2 passed, 0 failed, 3 skipped");
        // The same skip seen again in the log is the same skip.
        tally.mark_log("SKIP cli::a: needs root");
        tally.mark_log("SKIP cli::b: no BPF");
        assert_eq!(tally.closing(), "1 passed, 0 failed, 4 skipped");
        assert!(tally.report().contains("skipped: cli::b: no BPF\n"));
        assert!(
            tally
                .report()
                .contains("note: engines: 10000 programs agreed\n")
        );
    }

    #[test]
    fn chatter_of_passing_tests_is_not_shown_but_failures_are() {
        let (_, shown) = tally(OUT);
        assert!(!shown.contains(&"chatter"));
        assert!(shown.contains(&"test a ... ok"));
        assert!(
            shown
                .last()
                .is_some_and(|l| l.starts_with("test result: ok"))
        );
        let (tally, shown) = tally(
            "failures:\n\n---- c stdout ----\nwhy\n\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        assert!(shown.contains(&"why"));
        assert_eq!(tally.closing(), "1 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn a_failed_test_that_skipped_something_is_failed_once() {
        let (tally, _) = tally(
            "SKIP from::thread: no BPF\nfailures:\n\n---- c stdout ----\nSKIP c: half\n\ntest result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        assert_eq!(tally.closing(), "4 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn only_a_runner_closes() {
        assert_eq!(closing_line("test result: ok. 9 passed"), None);
        assert_eq!(closing_line("9 passed; 1 failed; 0 ignored"), None);
    }
}
