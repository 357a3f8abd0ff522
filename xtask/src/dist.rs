//! Static binaries, which run on every kernel whatever else is on the machine; and `cargo xtask dist`.

use crate::sh;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// glibc links statically too, so that no further target need be installed.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds a binary of the workspace without any shared library, in a target folder of its own: other flags in the same
/// one would rebuild everything each time.
pub fn build_static(package: &str, binary: &str) -> Result<PathBuf> {
    let target = sh::root().join("target/static");
    let mut cargo = sh::cargo();
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--target",
            TARGET,
            "-p",
            package,
            "--bin",
            binary,
        ])
        .env("RUSTFLAGS", "-Ctarget-feature=+crt-static -Cstrip=symbols")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_DIR", &target);
    sh::run(&mut cargo)?;
    let path = target.join(TARGET).join("release").join(binary);
    let bytes =
        std::fs::read(&path).with_context(|| format!("cargo built no {}", path.display()))?;
    // An ELF program that asks for an interpreter is not static.
    anyhow::ensure!(
        !has_interpreter(&bytes),
        "{} is linked dynamically",
        path.display()
    );
    Ok(path)
}

/// Whether a 64-bit ELF file has a PT_INTERP header.
fn has_interpreter(elf: &[u8]) -> bool {
    let half = |at: usize| {
        elf.get(at..at + 2)
            .map_or(0, |b| u16::from_le_bytes([b[0], b[1]]) as usize)
    };
    let word = |at: usize| {
        elf.get(at..at + 4)
            .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    let table = word(0x20) as usize; // e_phoff: in the first 4 GB, as everything here
    (0..half(0x38)).any(|n| word(table + n * half(0x36)) == 3)
}

/// `cargo xtask dist`: the static `dtrace`, shown to start on every kernel that can be had.
pub fn run(_: &[String]) -> Result<ExitCode> {
    let path = build_static("tracer-user", "dtrace")?;
    let size = std::fs::metadata(&path)?.len();
    println!("{} ({:.1} MB, static)", path.display(), size as f64 / 1e6);
    let mut tally = [0; 3];
    for row in crate::kernels::rows()? {
        let started = crate::vm::boot(
            &row,
            &Default::default(),
            &[crate::matrix::dtrace_file(&path)],
        )
        .map(|mut vm| {
            vm.run(
                &["/bin/dtrace".into(), "-V".into()],
                Duration::from_secs(60),
            )
        });
        let (slot, word) = match started {
            Err(error) if error.is::<crate::vm::NotAvailable>() => (2, format!("{error:#}")),
            Err(error) => (1, format!("FAILED: {error:#}")),
            Ok(Err(error)) => (1, format!("FAILED: {error:#}")),
            Ok(Ok(ended)) if ended.how == "exit 0" && !ended.stdout.is_empty() => {
                (0, format!("starts: {}", ended.text().trim()))
            }
            Ok(Ok(ended)) => (1, format!("FAILED: {}: {}", ended.how, ended.text().trim())),
        };
        if let Some(count) = tally.get_mut(slot) {
            *count += 1;
        }
        println!("{:<8} {word}", row.name);
    }
    println!(
        "{} passed, {} failed, {} skipped",
        tally[0], tally[1], tally[2]
    );
    Ok(if tally[1] == 0 && tally[0] > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::has_interpreter;

    #[test]
    fn a_dynamic_program_is_told_apart() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(has_interpreter(&own));
        assert!(!has_interpreter(b"\x7fELF"));
    }
}
