//! Debian packages that chores need, installed through the machine's own `apt-get`, and only where they are missing.

use crate::{qemu, sh};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::{Command, ExitCode};

/// A program or file that a chore needs, and the package that brings it.
pub struct Need {
    /// Found along `PATH`, or an absolute path to a file.
    pub probe: &'static str,
    pub package: &'static str,
    pub chore: Chore,
}

/// Who needs a package. `Vm` machines also need what `Test` needs: the guest's programs are built here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    Test,
    Vm,
    Bench,
    Fuzz,
}

/// Every package that this project ever installs, but QEMU: its version matters, see `qemu::ensure`.
pub const NEEDS: &[Need] = &[
    // The module's VM is compiled for user space too, to be tested against the other engines.
    Need {
        probe: "gcc",
        package: "gcc",
        chore: Chore::Test,
    },
    Need {
        probe: "/usr/include/stdio.h",
        package: "libc6-dev",
        chore: Chore::Test,
    },
    // libFuzzer is built from its source.
    Need {
        probe: "g++",
        package: "g++",
        chore: Chore::Fuzz,
    },
    // Kernels and their modules are packed in one of these ways.
    Need {
        probe: "xz",
        package: "xz-utils",
        chore: Chore::Vm,
    },
    Need {
        probe: "zstd",
        package: "zstd",
        chore: Chore::Vm,
    },
    Need {
        probe: "lz4",
        package: "lz4",
        chore: Chore::Vm,
    },
    // QEMU must not outlive us.
    Need {
        probe: "setpriv",
        package: "util-linux",
        chore: Chore::Vm,
    },
    Need {
        probe: "make",
        package: "make",
        chore: Chore::Vm,
    },
    // The module is built for kernels by their own build trees, whose objtool is linked to libelf.
    Need {
        probe: "/usr/share/doc/libelf1",
        package: "libelf1",
        chore: Chore::Vm,
    },
    Need {
        probe: "hyperfine",
        package: "hyperfine",
        chore: Chore::Bench,
    },
    Need {
        probe: "bpftrace",
        package: "bpftrace",
        chore: Chore::Bench,
    },
];

pub fn run(args: &[String]) -> Result<ExitCode> {
    match args {
        [] => ensure(&[Chore::Test])?,
        [one] if one == "test" => ensure(&[Chore::Test])?,
        [one] if one == "vm" => vm()?,
        [one] if one == "bench" => ensure(&[Chore::Test, Chore::Bench])?,
        other => bail!(
            "expected `test`, `vm` or `bench`, not `{}`",
            other.join(" ")
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// What virtual machines need, whose programs are built here too.
pub fn vm() -> Result<()> {
    ensure(&[Chore::Test, Chore::Vm])?;
    qemu::ensure().map(drop)
}

/// Installs whatever the given chores lack. Says nothing when nothing is missing.
pub fn ensure(chores: &[Chore]) -> Result<()> {
    let missing: Vec<&str> = NEEDS
        .iter()
        .filter(|n| chores.contains(&n.chore) && !present(n.probe))
        .map(|n| n.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing, &[])
}

/// `apt-get install` without questions. `options` come before the subcommand: private sources, a target release.
pub fn install(packages: &[&str], options: &[String]) -> Result<()> {
    eprintln!("xtask: installing {}", packages.join(" "));
    if sh::which("apt-get").is_none() {
        bail!(
            "these are needed and there is no apt-get to install them: {}",
            packages.join(" ")
        );
    }
    if !rustix::process::geteuid().is_root() {
        bail!(
            "as root, run: apt-get update && apt-get install -y {}",
            packages.join(" ")
        );
    }
    // A new machine's package lists are empty or old; without this the install finds nothing.
    sh::run(apt_get(options).args(["-qq", "update"]))?;
    sh::run(
        apt_get(options)
            .args(["-qq", "install", "-y", "--no-install-recommends"])
            .args(packages)
            .stdout(std::io::stderr()),
    )
}

/// An `apt-get` that never asks.
pub fn apt_get(options: &[String]) -> Command {
    let mut c = Command::new("apt-get");
    c.env("DEBIAN_FRONTEND", "noninteractive").args(options);
    c
}

fn present(probe: &str) -> bool {
    if probe.starts_with('/') {
        Path::new(probe).exists()
    } else {
        sh::which(probe).is_some()
    }
}
