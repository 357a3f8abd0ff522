//! `cargo xtask fuzz`: libFuzzer over the compiler and over the module's verifier and machine.
//!
//! The targets are binaries of the crates that they try, under their feature `fuzz`; each row of [`TARGETS`] is one. They are
//! built for coverage with the same compiler as everything else: the flags below are what cargo-fuzz passes, without its
//! sanitizers, which need another one. Each target has its corpus in the tree: small, and what coverage asks for. A run takes
//! it as seeds, beside the D programs of the tests where those are the input, and what it finds new goes to a copy under
//! `target/`; `--keep` brings the best of that back.
//!
//! An input that panics, hangs or takes too much memory ends the run with a failure, and stays in a file that is named.

use crate::{apt, sh};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// One target.
struct Target {
    name: &'static str,
    package: &'static str,
    /// Longest input.
    max_len: u32,
    /// Whether the inputs are D text, with one byte before it.
    text: bool,
}

const TARGETS: &[Target] = &[
    Target {
        name: "text",
        package: "tracer-ebpf",
        max_len: 4096,
        text: true,
    },
    Target {
        name: "tokens",
        package: "tracer-ebpf",
        max_len: 2048,
        text: false,
    },
    Target {
        name: "module",
        package: "legacy-kmod",
        max_len: 2048,
        text: false,
    },
];

/// How long one input may take. Most take a millisecond; this is for a machine that has no time for us.
const LIMIT_S: u32 = 600;

/// libFuzzer's coverage: counters, the places that they stand for, and what is compared with what.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1";

/// Named, so that build scripts are not built for coverage.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub fn run(args: &[String]) -> Result<ExitCode> {
    let mut only = Vec::new();
    let (mut seconds, mut keep) = (120_u64, false);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                let n = words.next().and_then(|n| n.parse().ok());
                seconds = n.context("--seconds takes a number")?;
            }
            "--keep" => keep = true,
            name if TARGETS.iter().any(|t| t.name == name) => only.push(name),
            other => bail!(
                "no target `{other}`; there are {}",
                TARGETS
                    .iter()
                    .map(|t| t.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }
    apt::ensure(&[apt::Chore::Test, apt::Chore::Fuzz])?;
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|t| only.is_empty() || only.contains(&t.name))
        .collect();
    let built = build(&chosen)?;
    // Side by side: each is one thread, and three of them on two cores still get through more than the corpora.
    let ran: Vec<Result<bool>> = std::thread::scope(|s| {
        let mut threads = Vec::new();
        for (target, program) in &built {
            threads.push(s.spawn(move || fuzz(target, program, seconds, keep)));
        }
        let end = |t: std::thread::ScopedJoinHandle<'_, Result<bool>>| {
            t.join()
                .unwrap_or_else(|_| bail!("a fuzzer's thread ended by a panic"))
        };
        threads.into_iter().map(end).collect()
    });
    let mut failed = 0;
    for good in ran {
        failed += usize::from(!good?);
    }
    println!("{} passed, {failed} failed", chosen.len() - failed);
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the targets, all at once: so no crate is built twice, with and without some of its features.
fn build<'t>(chosen: &[&'t Target]) -> Result<Vec<(&'t Target, PathBuf)>> {
    let dir = sh::root().join("target/fuzz");
    let program = |t: &Target| format!("fuzz-{}", t.name);
    let mut cargo = sh::cargo();
    cargo
        .args(["build", "--quiet", "--release", "--target", TRIPLE])
        .args(["--no-default-features", "--features", "fuzz"]);
    for t in chosen {
        cargo.args(["-p", t.package, "--bin", &program(t)]);
    }
    cargo
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true")
        // Half the time to build of what is built to be fast, and half as many inputs.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_TARGET_DIR", &dir);
    sh::run(&mut cargo)?;
    let made = dir.join(TRIPLE).join("release");
    Ok(chosen.iter().map(|t| (*t, made.join(program(t)))).collect())
}

/// Whether nothing was found.
fn fuzz(target: &Target, program: &Path, seconds: u64, keep: bool) -> Result<bool> {
    let kept = sh::root()
        .join(target.package)
        .join("fuzz/corpus")
        .join(target.name);
    let work = sh::root().join("target/fuzz").join(target.name);
    let (found, seeds) = (work.join("found"), work.join("seeds"));
    for dir in [&found, &seeds] {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    if target.text {
        seed(&sh::root().join("dsl/tests/d"), &seeds)?;
    }
    let mut common = vec![
        OsString::from(format!("-max_len={}", target.max_len)),
        format!("-timeout={LIMIT_S}").into(),
        "-rss_limit_mb=2048".into(),
        "-verbosity=0".into(),
        "-print_final_stats=1".into(),
    ];
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(&work);
    prefix.push("/");
    common.push(prefix);

    let mut command = Command::new(program);
    command
        .args(&common)
        .arg(format!("-max_total_time={seconds}"))
        .args([&found, &kept, &seeds])
        .env("RUST_BACKTRACE", "1");
    let done = command
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        println!("{said}");
        println!(
            "fuzz {}: FAILED ({}); to see it again: {} FILE, with the file named above",
            target.name,
            done.status,
            program.display()
        );
        return Ok(false);
    }
    let number = |name: &str| {
        let line = said.lines().find_map(|l| l.strip_prefix(name));
        line.map_or("?", str::trim).to_owned()
    };
    println!(
        "NOTE fuzz_{}: {} inputs in {seconds} s, {} of them found new ways, {} MB at most: nothing wrong",
        target.name,
        number("stat::number_of_executed_units:"),
        number("stat::new_units_added:"),
        number("stat::peak_rss_mb:"),
    );
    if keep {
        let mut merge = Command::new(program);
        merge.args(&common).arg("-merge=1").args([&kept, &found]);
        sh::run(&mut merge)?;
    }
    Ok(true)
}

/// The D programs of the tests, as inputs.
fn seed(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            seed(&path, to)?;
        } else if name.ends_with(".d") {
            let mut input = vec![0];
            input.extend(std::fs::read(&path)?);
            std::fs::write(to.join(&*name), input)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_corpus_and_a_program() {
        for t in TARGETS {
            let dir = sh::root().join(t.package).join("fuzz");
            let inputs = std::fs::read_dir(dir.join("corpus").join(t.name)).unwrap();
            assert!(inputs.count() > 20, "{}", t.name);
            assert!(dir.join(format!("{}.rs", t.name)).is_file(), "{}", t.name);
        }
    }
}
