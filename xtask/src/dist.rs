//! Static binaries, which run on every kernel whatever else is on the machine; and `cargo xtask dist`.

use crate::kernels::Arch;
use crate::sh;
use crate::vm::NotAvailable;
use anyhow::{Context, Result, anyhow};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// Names a folder with static programs for i386, for machines where Rust can't build them.
const BUILT: &str = "XTASK_I386";

/// Builds a binary of the workspace without any shared library, in a target folder of its own: other flags in the same
/// one would rebuild everything each time.
pub fn build_static(package: &str, binary: &str) -> Result<PathBuf> {
    build_static_for(Arch::X86_64, package, binary)
}

/// The same for a kernel that may be a 32-bit one.
pub fn build_static_for(arch: Arch, package: &str, binary: &str) -> Result<PathBuf> {
    if arch == Arch::I386 {
        if let Some(dir) = std::env::var_os(BUILT) {
            return is_static(Path::new(&dir).join(binary));
        }
        let target = arch.target();
        let mut rustc = Command::new("rustc");
        rustc.args(["--print", "target-libdir", "--target", target]);
        if !Path::new(sh::output(&mut rustc)?.trim()).is_dir() {
            return Err(anyhow!(NotAvailable(format!(
                "not available here: Rust's target {target} is not installed (`rustup target add {target}`), nor does {BUILT} name a folder with {binary} built for it"
            ))));
        }
    }
    let target = target();
    sh::run(cargo(&target, "build", arch).args(["-p", package, "--bin", binary]))?;
    is_static(target.join(arch.target()).join("release").join(binary))
}

/// Builds an integration test of the workspace the same way: it can then be run on another machine.
pub fn build_static_test(package: &str, test: &str) -> Result<PathBuf> {
    let words = [
        "--no-run",
        "--message-format=json",
        "-p",
        package,
        "--test",
        test,
    ];
    let messages = sh::output(cargo(&target(), "test", Arch::X86_64).args(words))?;
    let name = format!("/{test}-");
    let executables = messages
        .split("\"executable\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let path = executables
        .filter(|path| path.contains(&name))
        .last()
        .with_context(|| format!("cargo names no program for the test {test}"))?;
    is_static(path.into())
}

fn target() -> PathBuf {
    sh::root().join("target/static")
}

fn cargo(target: &Path, chore: &str, arch: Arch) -> Command {
    let mut cargo = sh::cargo();
    cargo
        .args([chore, "--quiet", "--release", "--target", arch.target()])
        .env("RUSTFLAGS", "-Ctarget-feature=+crt-static -Cstrip=symbols")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        // Stripped anyway: it need not be made.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_TARGET_DIR", target);
    cargo
}

/// An ELF program that asks for an interpreter is not static.
fn is_static(path: PathBuf) -> Result<PathBuf> {
    let bytes = std::fs::read(&path).with_context(|| format!("there is no {}", path.display()))?;
    anyhow::ensure!(
        !has_interpreter(&bytes),
        "{} is linked dynamically",
        path.display()
    );
    Ok(path)
}

/// Whether an ELF file has a PT_INTERP header.
fn has_interpreter(elf: &[u8]) -> bool {
    let half = |at: usize| {
        elf.get(at..at + 2)
            .map_or(0, |b| u16::from_le_bytes([b[0], b[1]]) as usize)
    };
    let word = |at: usize| {
        elf.get(at..at + 4)
            .map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    // Where e_phoff (in the first 4 GB, as everything here), e_phentsize and e_phnum are.
    let (table, each, count) = match elf.get(4) {
        Some(1) => (0x1c, 0x2a, 0x2c),
        _ => (0x20, 0x36, 0x38),
    };
    let table = word(table) as usize;
    (0..half(count)).any(|n| word(table + n * half(each)) == 3)
}

/// `cargo xtask dist`: the static `dtrace`, shown to start on every kernel that can be had.
pub fn run(_: &[String]) -> Result<ExitCode> {
    let path = build_static("tracer-user", "dtrace")?;
    let size = std::fs::metadata(&path)?.len();
    println!("{} ({:.1} MB, static)", path.display(), size as f64 / 1e6);
    let mut tally = [0; 3];
    for row in crate::kernels::rows()? {
        let started = build_static_for(row.arch, "tracer-user", "dtrace").and_then(|path| {
            let files = [crate::matrix::dtrace_file(&path)];
            let mut vm = crate::vm::boot(&row, &Default::default(), &files)?;
            let words = ["/bin/dtrace".into(), "-V".into()];
            Ok(vm.run(&words, Duration::from_secs(60)))
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
