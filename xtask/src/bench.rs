//! `cargo xtask bench`: our times beside a peer's, taken in turn in the same minutes.
//!
//! Times on a shared machine drift by half and more, so only pairs mean anything: each row is timed by one hyperfine run that has
//! both programs in it, and the table gives both and their ratio.

use crate::{apt, sh};
use anyhow::{Context, Result};
use std::process::{Command, ExitCode};

/// The same job for us and for bpftrace.
struct Pair {
    name: &'static str,
    ours: &'static str,
    peer: &'static str,
}

const PAIRS: &[Pair] = &[
    Pair {
        name: "start-up",
        ours: "-q -n 'BEGIN { exit(0); }'",
        peer: "-e 'BEGIN { exit(); }'",
    },
    Pair {
        name: "one syscall, counted",
        ours: "-q -n 'syscall::getppid:entry { @ = count(); } BEGIN { exit(0); }'",
        peer: "-e 'tracepoint:syscalls:sys_enter_getppid { @ = count(); } BEGIN { exit(); }'",
    },
    Pair {
        name: "list system calls",
        ours: "-l -P syscall",
        peer: "-l 'tracepoint:syscalls:*'",
    },
];

pub fn run(args: &[String]) -> Result<ExitCode> {
    apt::ensure(&[apt::Chore::Bench])?;
    sh::run(sh::cargo().args(["build", "--release", "-p", "tracer-user", "--bin", "dtrace"]))?;
    let dtrace = sh::root().join("target/release/dtrace");
    let json = sh::root().join("target/bench.json");
    println!("| | dtrace, s (median) | bpftrace, s (median) | ratio |\n|---|---|---|---|");
    for pair in PAIRS
        .iter()
        .filter(|p| args.is_empty() || args.iter().any(|a| p.name.contains(a.as_str())))
    {
        sh::output(
            Command::new("hyperfine")
                .args(["--warmup", "2", "--min-runs", "10", "--export-json"])
                .arg(&json)
                .arg(format!("{} {}", dtrace.display(), pair.ours))
                .arg(format!("bpftrace {}", pair.peer)),
        )?;
        let report: Report =
            serde_json::from_str(&std::fs::read_to_string(&json)?).context("hyperfine's report")?;
        if let [ours, peer] = report.results.as_slice() {
            println!(
                "| {} | {:.3} | {:.3} | {:.2} |",
                pair.name,
                ours.median,
                peer.median,
                ours.median / peer.median
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The part of hyperfine's report that is read.
#[derive(serde::Deserialize)]
struct Report {
    results: Vec<Timing>,
}

#[derive(serde::Deserialize)]
struct Timing {
    median: f64,
}
