//! What the live tests share: running the real command, with a time limit, and saying what they could not do.
//!
//! Without privilege nothing can be loaded: such tests print `SKIP name: reason`, which the test runner counts as skipped.

#![allow(dead_code)]

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The command that is tested, where cargo built it.
pub const DTRACE: &str = env!("CARGO_BIN_EXE_dtrace");

/// Where this runs on another machine, a guest of `cargo xtask matrix`: there the command is elsewhere.
pub const ELSEWHERE: &str = "DTRACE_TEST_COMMAND";

/// Longer than any test's program may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// What a command left behind.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; `None`: a signal, or it had to be killed.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// It was still running at the time limit.
    pub late: bool,
}

impl Ended {
    /// For messages.
    pub fn shown(&self) -> String {
        let late = if self.late {
            " (killed at the time limit)"
        } else {
            ""
        };
        format!(
            "exit {:?}{late}\n--- stdout\n{}--- stderr\n{}",
            self.status, self.out, self.err
        )
    }

    /// Asserts that it ended well, and gives the output.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{}", self.shown());
        self.out
    }
}

/// Whether programs can be loaded here; says so if not.
pub fn privileged(test: &str) -> bool {
    // SAFETY: takes nothing and only returns a number.
    if unsafe { libc::geteuid() } == 0 {
        return true;
    }
    println!("SKIP {test}: root is needed to load BPF programs");
    false
}

/// The command with these arguments, its output piped.
pub fn dtrace(args: &[&str]) -> Command {
    let mut c = match std::env::var_os(ELSEWHERE) {
        Some(command) => Command::new(command),
        None => Command::new(DTRACE),
    };
    c.args(args).env("LC_ALL", "C").env("TZ", "UTC");
    c.stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    c
}

/// Runs it to its end.
#[track_caller]
pub fn run(args: &[&str]) -> Ended {
    finish(dtrace(args).spawn().expect("dtrace starts"), LIMIT)
}

/// Waits for a child, and takes what it writes.
pub fn finish(mut child: Child, limit: Duration) -> Ended {
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    let reader = std::thread::spawn(move || read(stdout.as_mut()));
    let err_reader = std::thread::spawn(move || read(stderr.as_mut()));
    let until = Instant::now() + limit;
    let mut late = false;
    let status = loop {
        match child.try_wait().expect("wait") {
            Some(s) => break s.code(),
            None if Instant::now() > until => {
                late = true;
                child.kill().expect("kill");
                break child.wait().expect("wait").code();
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    Ended {
        status,
        out: reader.join().expect("read"),
        err: err_reader.join().expect("read"),
        late,
    }
}

fn read(from: Option<&mut impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(f) = from {
        f.read_to_end(&mut bytes).expect("read");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends a signal to a child.
pub fn signal(child: &Child, sig: i32) {
    // SAFETY: kill takes two numbers; the child has not been waited for, so its id is its own.
    assert_eq!(unsafe { libc::kill(child.id() as i32, sig) }, 0);
}

/// The first difference of two texts, line by line, for messages.
pub fn diff(want: &str, got: &str) -> String {
    let mut out = String::new();
    let (w, g): (Vec<&str>, Vec<&str>) = (want.split('\n').collect(), got.split('\n').collect());
    for i in 0..w.len().max(g.len()) {
        match (w.get(i), g.get(i)) {
            (Some(a), Some(b)) if a == b => out += &format!("    {a}\n"),
            (a, b) => {
                if let Some(a) = a {
                    out += &format!("  - {a:?}\n");
                }
                if let Some(b) = b {
                    out += &format!("  + {b:?}\n");
                }
            }
        }
    }
    out
}
