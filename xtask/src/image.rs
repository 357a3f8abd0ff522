//! What a test VM starts with: init, a few tools, the modules its port needs, and the files under test.

use crate::cpio::Archive;
use crate::kernels::{Arch, Kernel, Port, load_order};
use crate::{debian, sh};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the host's, and where the guest has it.
#[derive(Clone)]
pub struct Put {
    pub host: PathBuf,
    pub guest: String,
}

const DIRS: &[&str] = &[
    "bin", "dev", "etc", "later", "lib", "modules", "mnt", "proc", "root", "run", "sbin", "sys",
    "tmp", "usr", "usr/bin", "var", "var/tmp",
];

/// Small files that programs expect on any system; tests may read them too.
const ETC: &[(&str, &str)] = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ("etc/hosts", "127.0.0.1 localhost\n"),
    ("etc/hostname", "guest\n"),
];

/// Modules without which the host can't be reached over virtio.
const VIRTIO: &[&str] = &["virtio_pci", "virtio_console"];

/// Modules that tests load themselves.
const LATER: &[&str] = &["tun"];

/// The initramfs for `kernel`, uncompressed: an emulated CPU would take longer to unpack it than to read it.
pub fn initramfs(kernel: &Kernel, files: &[Put]) -> Result<Vec<u8>> {
    let mut a = Archive::default();
    for dir in DIRS {
        a.dir(dir);
    }
    a.device("dev/console", 5, 1);
    a.device("dev/null", 1, 3);
    a.device("dev/urandom", 1, 9);
    for (path, text) in ETC {
        a.file(path, 0o644, text.as_bytes());
    }
    let arch = kernel.row.arch;
    let init = crate::dist::build_static_for(arch, "xtask", "guest")?;
    a.file("init", 0o755, &read(&init)?);

    let busybox = busybox(arch)?;
    a.file("bin/busybox", 0o755, &read(&busybox)?);
    for applet in sh::output(Command::new(&busybox).arg("--list"))?.lines() {
        if applet != "busybox" {
            a.link(&format!("bin/{applet}"), "busybox");
        }
    }

    if kernel.row.port == Port::Virtio
        && let Some(modules) = &kernel.modules
    {
        for (n, (name, code)) in load_order(modules, VIRTIO)?.iter().enumerate() {
            a.file(&format!("modules/{n:02}-{name}.ko"), 0o644, code);
        }
    }

    if let Some(modules) = &kernel.modules
        && let Ok(later) = load_order(modules, LATER)
    {
        for (n, (name, code)) in later.iter().enumerate() {
            a.file(&format!("later/{n:02}-{name}.ko"), 0o644, code);
        }
    }

    let mut made: Vec<String> = DIRS.iter().map(|d| (*d).to_string()).collect();
    for put in files {
        let path = put.guest.trim_start_matches('/');
        for (at, _) in path.match_indices('/') {
            let dir = &path[..at];
            if !made.iter().any(|d| d == dir) {
                a.dir(dir);
                made.push(dir.to_string());
            }
        }
        let executable = {
            use std::os::unix::fs::PermissionsExt;
            let meta = std::fs::metadata(&put.host)
                .with_context(|| format!("no file {}", put.host.display()))?;
            meta.permissions().mode() & 0o111 != 0
        };
        a.file(
            path,
            if executable { 0o755 } else { 0o644 },
            &read(&put.host)?,
        );
    }
    Ok(a.finish())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A static busybox of Debian's: it runs on every kernel of ours.
fn busybox(arch: Arch) -> Result<PathBuf> {
    let _turn = debian::turn()?;
    let name = match arch {
        Arch::X86_64 => "busybox",
        Arch::I386 => "busybox-i386",
    };
    let dir = debian::unpacked(name, ("bookworm", arch), "busybox-static", |_| false)?;
    ["bin/busybox", "usr/bin/busybox"]
        .iter()
        .map(|p| dir.join("root").join(p))
        .find(|p| p.exists())
        .context("Debian's busybox-static holds no busybox")
}
