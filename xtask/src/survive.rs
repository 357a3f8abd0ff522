//! `cargo xtask survive`: what the kernel module must survive on a kernel (`bin/survive` does it, in the guest).

use crate::image::Put;
use crate::kernels::{self, Arch, Given, Kernel};
use crate::{dist, kmod, matrix, sh, vm};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// A scale of 1 takes some minutes on an emulated CPU. The largest one that any row has decides.
const LIMIT: Duration = Duration::from_secs(3600);

/// `cargo xtask survive <kernel> [--scale [part of a name=]N …] [--only part of a name] [--kernel image] [--kdir build tree]`.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let (mut name, mut given) = (None, Given::default());
    let mut command = vec!["/bin/survive".to_owned()];
    let mut scale = 1;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--kernel" => given.kernel = Some(value()?.into()),
            "--kdir" => given.kdir = Some(value()?.into()),
            "--scale" => {
                let text = value()?;
                let number = text.rsplit('=').next().unwrap_or_default();
                scale = scale.max(number.parse().context("--scale needs a number")?);
                command.extend([arg.clone(), text.clone()]);
            }
            "--only" => command.extend([arg.clone(), value()?.clone()]),
            other if name.is_none() && !other.starts_with('-') => name = Some(other),
            other => bail!("unknown option {other}"),
        }
    }
    let Some(name) = name else {
        bail!("which kernel? `cargo xtask kernels` lists them");
    };
    let row = kernels::row(name)?;
    let kernel = row.get(&given)?;
    let put = |host: PathBuf, guest: &str| Put {
        host,
        guest: guest.into(),
    };
    let mut files = vec![
        matrix::dtrace_file(&dist::build_static_for(row.arch, "tracer-user", "dtrace")?),
        put(
            dist::build_static_for(row.arch, "xtask", "survive")?,
            "/bin/survive",
        ),
        put(kmod::build(&kernel)?, "/lib/dtrace.ko"),
    ];
    let widths: &[&str] = match row.arch {
        Arch::X86_64 => &["64", "32"],
        Arch::I386 => &["32"],
    };
    for width in widths {
        files.push(put(load(width)?, &format!("/bin/load{width}")));
    }
    for name in ["kprobe_count", "probed"] {
        if let Some(module) = guest_module(&kernel, name)? {
            files.push(put(module, &format!("/lib/{name}.ko")));
        }
    }
    let mut vm = vm::boot(&row, &given, &files)?;
    eprintln!(
        "xtask: {} is up after {:.1} s",
        vm.release,
        vm.boot.as_secs_f64()
    );
    let how = vm.pass_through(&command, LIMIT * scale)?;
    vm.off();
    if how != "exit 0" {
        eprintln!("xtask: survive: {how}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Flags for a program that has no library under it, for either width.
const FREESTANDING: &[&str] = &[
    "-std=gnu99",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-nostdlib",
    "-static",
    "-fno-pie",
    "-no-pie",
    "-fno-stack-protector",
    "-fcf-protection=none",
    "-fno-asynchronous-unwind-tables",
    "-mno-sse",
    "-Wl,--build-id=none",
];

/// The load program of a width. It needs no more than the compiler.
fn load(width: &str) -> Result<PathBuf> {
    let dir = sh::root().join("target/kmod");
    std::fs::create_dir_all(&dir)?;
    let program = dir.join(format!("load{width}"));
    sh::output(
        Command::new("gcc")
            .arg(format!("-m{width}"))
            .args(FREESTANDING)
            .arg("-o")
            .arg(&program)
            .arg(sh::root().join("legacy-kmod/tests/guest/load.c")),
    )?;
    Ok(program)
}

/// One of the modules that the guest is tried with: one with a kprobe to compare with, where the kernel has kprobes, and one
/// that comes and goes.
fn guest_module(kernel: &Kernel, name: &str) -> Result<Option<PathBuf>> {
    let tree = kmod::tree(kernel)?.canonicalize()?;
    let config = std::fs::read_to_string(tree.join(".config")).unwrap_or_default();
    if name == "kprobe_count" && !config.lines().any(|l| l == "CONFIG_KPROBES=y") {
        return Ok(None);
    }
    let source = format!("legacy-kmod/tests/guest/{name}");
    let dir = sh::root().join("target/kmod").join(&kernel.row.name);
    let dir = dir.join(name);
    copy(&sh::root().join(source), &dir)?;
    sh::output(
        Command::new("make")
            .arg("-C")
            .arg(tree)
            .arg(format!("M={}", dir.display()))
            // Not the one of the distribution's own builds, which need not be here.
            .args(["CC=gcc", "modules"]),
    )?;
    Ok(Some(dir.join(format!("{name}.ko"))))
}

/// A folder's files; a build leaves its own beside them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path.file_name() {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
