//! `cargo xtask golden`: expected outputs rewritten from what the tests see now, for a person to review as a diff.

use crate::sh;
use anyhow::Result;
use std::process::{Command, ExitCode};

pub fn run(args: &[String]) -> Result<ExitCode> {
    let mut cargo = sh::cargo();
    cargo.env("BLESS", "1").args(["test", "--no-fail-fast"]);
    if !args.iter().any(|a| a == "-p") {
        cargo.arg("--workspace");
    }
    let tests = sh::run(cargo.args(args));
    // What was rewritten is worth seeing most when something else failed.
    sh::run(
        Command::new("git")
            .current_dir(sh::root())
            .args(["--no-pager", "diff", "--stat"]),
    )?;
    tests?;
    Ok(ExitCode::SUCCESS)
}
