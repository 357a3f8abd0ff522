//! Finding a QEMU that does not corrupt its guests, and its command line.

use crate::kernels::{Kernel, Port};
use crate::{apt, debian, sh};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = "qemu-system-x86_64";
const PACKAGE: &str = "qemu-system-x86";

/// 7.2 fails one boot of 6.12 in four under software emulation here (double faults, stray int3); 10 none in hours of use.
const OLDEST_GOOD: u32 = 10;

/// A good QEMU, installed if need be: from the host's own release, or from its backports.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = good_one()? {
        return Ok(path);
    }
    sh::run(apt::apt_get(&[]).args(["-qq", "update"]))?;
    let policy = sh::output(Command::new("apt-cache").args(["policy", PACKAGE]))?;
    let candidate = policy
        .lines()
        .find_map(|l| l.trim().strip_prefix("Candidate:"));
    if candidate
        .and_then(|c| major(c.trim()))
        .is_some_and(|v| v >= OLDEST_GOOD)
    {
        apt::install(&[PACKAGE], &[])?;
    } else {
        let (private, backports) = debian::Apt::with_backports()?;
        let mut options = private.options().to_vec();
        options.push(format!("-o=APT::Default-Release={backports}"));
        // The release named must be known before it can be a default: lists first, without it.
        private.update()?;
        apt::install(&[PACKAGE], &options)?;
    }
    good_one()?.with_context(|| {
        format!("no {PROGRAM} of version {OLDEST_GOOD} or later can be installed here")
    })
}

fn good_one() -> Result<Option<PathBuf>> {
    let Some(path) = sh::which(PROGRAM) else {
        return Ok(None);
    };
    let text = sh::output(Command::new(&path).arg("--version"))?;
    let version = text.split("version ").nth(1).and_then(major);
    Ok(version.is_some_and(|v| v >= OLDEST_GOOD).then_some(path))
}

/// The first number of a version, Debian's epoch left out.
fn major(version: &str) -> Option<u32> {
    let version = match version.split_once(':') {
        Some((epoch, rest)) if epoch.chars().all(|c| c.is_ascii_digit()) => rest,
        _ => version,
    };
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// One thread for all of a guest's CPUs, in turn. With a thread each, a CPU that the host let wait was seen to run into a
/// breakpoint that another had long taken out of the kernel's text (int3 oops while 40,000 functions were being attached, on
/// a busy machine); and guests side by side are many enough for the host's cores.
const EMULATED: &str = "tcg,thread=single";

/// Whether guests can run on the processor itself. A `/dev/kvm` alone says little: some virtual machines have one that boots
/// nothing but kernels made for it, so the processor must say that it virtualizes. `XTASK_ACCEL=tcg` (or `kvm`) overrides.
fn accelerator() -> &'static str {
    match std::env::var("XTASK_ACCEL").as_deref() {
        Ok("tcg") => return EMULATED,
        Ok("kvm") => return "kvm",
        _ => {}
    }
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = info.lines().find(|l| l.starts_with("flags")).unwrap_or("");
    let able = flags.split_whitespace().any(|f| f == "vmx" || f == "svm");
    let open = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .is_ok();
    if able && open { "kvm" } else { EMULATED }
}

/// What one boot is given besides its kernel.
pub struct Setup<'a> {
    pub initrd: &'a Path,
    pub console: &'a Path,
    pub socket: &'a Path,
    pub cpus: u32,
    pub memory_mb: u32,
}

/// Words for the kernel's command line in every VM. An oops ends the VM at once, by a panic and then a restart that QEMU
/// takes for the end; lock-up detectors and the timer's check are off, since an emulated CPU may well stand still for twenty
/// seconds. Accounting of memory by control group, and clearing what is allocated, cost 8 % of the tests' time.
const CMDLINE: &str = "console=ttyS0 panic=-1 oops=panic nowatchdog nosoftlockup rcupdate.rcu_cpu_stall_suppress=1 \
     no_timer_check mitigations=off init_on_alloc=0 cgroup_disable=memory random.trust_cpu=on rdinit=/init";

/// The command that boots `kernel`.
pub fn command(qemu: &Path, kernel: &Kernel, setup: &Setup) -> Result<Command> {
    let row = &kernel.row;
    let text = |p: &Path| -> Result<String> {
        match p.to_str() {
            // QEMU's option syntax: a comma ends the value.
            Some(s) if !s.contains(',') => Ok(s.to_string()),
            _ => bail!("{}: a path that QEMU's options can't hold", p.display()),
        }
    };
    let mut cmdline = CMDLINE.to_string();
    if !row.append.is_empty() {
        cmdline = format!("{cmdline} {}", row.append);
    }
    let mut c = Command::new("setpriv");
    // A killed xtask leaves no VM behind.
    c.args(["--pdeathsig", "KILL"]).arg(qemu);
    c.args([
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
    ]);
    c.arg("-machine").arg(&row.machine);
    c.arg("-accel").arg(accelerator());
    c.arg("-cpu").arg(&row.cpu);
    // Sockets: kernels that go by the BIOS's table of processors, not by ACPI, don't see cores.
    c.arg("-smp").arg(format!("{0},sockets={0}", setup.cpus));
    c.arg("-m").arg(setup.memory_mb.to_string());
    c.arg("-kernel")
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(setup.initrd);
    c.arg("-chardev")
        .arg(format!("file,id=con,path={}", text(setup.console)?));
    c.args(["-serial", "chardev:con"]);
    c.arg("-chardev").arg(format!(
        "socket,id=port,server=on,wait=off,path={}",
        text(setup.socket)?
    ));
    match row.port {
        Port::Virtio => {
            c.args([
                "-device",
                "virtio-serial-pci",
                "-device",
                "virtserialport,chardev=port,name=xtask",
            ]);
        }
        Port::Serial => {
            c.args(["-serial", "chardev:port"]);
            cmdline.push_str(" xtask.port=serial");
        }
    }
    c.arg("-append").arg(cmdline);
    Ok(c)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("1:7.2+dfsg-7+deb12u18"), Some(7));
        assert_eq!(major("10.0.2 (Debian 1:10.0.2+ds-2)"), Some(10));
        assert_eq!(major("(none)"), None);
    }
}
