//! The kernel module, built for a kernel of the matrix by the command under test: `dtrace --kmod build TREE`.

use crate::debian::{self, Apt};
use crate::kernels::{Arch, Kernel};
use crate::{apt, dist, sh};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The module for this kernel.
pub fn build(kernel: &Kernel) -> Result<PathBuf> {
    apt::ensure(&[apt::Chore::Vm])?;
    let tree = tree(kernel)?;
    let dtrace = dist::build_static("tracer-user", "dtrace")?;
    let dir = sh::root().join("target/vm");
    std::fs::create_dir_all(&dir)?;
    let out = dir.join(format!("{}.ko", kernel.row.name));
    let said = sh::output(
        Command::new(dtrace)
            .args(["-v", "--kmod", "build", "-o"])
            .arg(&out)
            .arg(&tree),
    )?;
    if let Some(line) = said.lines().find(|l| l.contains("warning:")) {
        bail!("the module's build warns: {line}");
    }
    Ok(out)
}

/// The kernel's build tree: given with `--kdir`, beside a `local` kernel, else from the packages of headers.
pub fn tree(kernel: &Kernel) -> Result<PathBuf> {
    let modules = kernel.modules.as_ref();
    if let Some(tree) = modules.filter(|m| m.join("Module.symvers").is_file()) {
        return Ok(tree.clone());
    }
    if let Some(tree) = kernel.image.parent().map(|p| p.join("build"))
        && tree.is_dir()
    {
        return Ok(tree);
    }
    let (Some(suite), Some(modules)) = (kernel.row.suite(), modules) else {
        bail!("not available here: no build tree of this kernel");
    };
    let release = modules
        .file_name()
        .and_then(|n| n.to_str())
        .context("a modules folder without a name")?;
    let root = headers(suite, release)?;
    Ok(root
        .join("usr/src")
        .join(format!("linux-headers-{release}")))
}

/// What a module is built with; the rest of what the headers depend on is a compiler.
fn is_headers(package: &str) -> bool {
    package.starts_with("linux-headers-") || package.starts_with("linux-kbuild-")
}

/// The headers of that very kernel, unpacked; the one absolute path in them made that of where they are.
fn headers(suite: &str, release: &str) -> Result<PathBuf> {
    let _turn = debian::turn()?;
    let dir = debian::cache()?.join("headers").join(release);
    let root = dir.join("root");
    let done = dir.join("ready");
    if done.exists() {
        return Ok(root);
    }
    eprintln!("xtask: fetching the headers of {release}");
    let private = Apt::suite(suite, Arch::X86_64)?;
    private.update()?;
    let packages = private
        .closure(&format!("linux-headers-{release}"), is_headers)
        .with_context(|| {
            format!("{suite} has no headers of {release} any more: remove the kernel from the cache, a newer one will be fetched")
        })?;
    std::fs::create_dir_all(dir.parent().unwrap_or(&dir))?;
    private.unpack(&packages, &dir)?;
    let sources = root.join("usr/src");
    for entry in std::fs::read_dir(&sources)?.flatten() {
        let makefile = entry.path().join("Makefile");
        if let Ok(text) = std::fs::read_to_string(&makefile) {
            let here = format!("include {}/", sources.display());
            std::fs::write(&makefile, text.replace("include /usr/src/", &here))?;
        }
    }
    std::fs::write(done, "")?;
    Ok(root)
}
