//! The module itself: built against the running kernel, loaded, unloaded, and why not.
//!
//! Its source is part of this program, so that what is loaded and what talks to it are of one build. Nothing asks for a
//! version: each step is tried, and a failure is explained by what is found missing.

mod ko;
mod source;
mod why;

use crate::abi::Code;
use crate::device::{Device, PATH};
use crate::ioctl;
use crate::kernel::Kernel;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use tracer_ebpf::backend::BackendError;

/// What the kernel calls it.
pub const NAME: &str = "dtrace";
const C_NAME: &CStr = c"dtrace";

/// Why a step could not be done: a sentence, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(String);

type Result<T> = std::result::Result<T, Trouble>;

fn trouble<T>(text: impl Into<String>) -> Result<T> {
    Err(Trouble(text.into()))
}

/// What the running kernel calls itself.
pub fn release() -> String {
    let name = rustix::system::uname();
    name.release().to_string_lossy().into_owned()
}

/// Where the module of the running kernel is put and looked for.
pub fn home() -> PathBuf {
    Path::new("/lib/modules")
        .join(release())
        .join("extra/dtrace.ko")
}

/// The module's source: name and text of each file.
pub fn sources() -> &'static [(&'static str, &'static str)] {
    source::FILES
}

/// One of them.
pub fn source_of(name: &str) -> Option<&'static str> {
    source::FILES.iter().find(|f| f.0 == name).map(|f| f.1)
}

/// Builds it: against the running kernel, or against the build tree that is named. Says what the compiler said.
pub fn build(tree: Option<&Path>, out: Option<&Path>) -> Result<(PathBuf, String)> {
    let own = Path::new("/lib/modules").join(release()).join("build");
    let tree = tree.unwrap_or(&own);
    let missing = why::cannot_build(tree, tree == own);
    if !missing.is_empty() {
        return trouble(format!(
            "the module can't be built here:\n  {}",
            missing.join("\n  ")
        ));
    }
    let out = out.map_or_else(home, Path::to_path_buf);
    let scratch = Scratch::new()?;
    for (name, text) in source::FILES {
        let to = scratch.0.join(name);
        fs::write(&to, text).map_err(|e| Trouble(format!("writing {}: {e}", to.display())))?;
    }
    let mut make = Command::new("make");
    make.arg("-C")
        .arg(tree)
        .arg(format!("M={}", scratch.0.display()))
        .arg("modules");
    if let Some(compiler) = why::other_compiler(tree) {
        make.arg(format!("CC={compiler}"));
    }
    let ran = make
        // Else its own settings get in ours' way when a `make` runs us.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .env("LC_ALL", "C")
        .output()
        .map_err(|e| Trouble(format!("running make: {e}")))?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    if !ran.status.success() {
        return trouble(format!(
            "make failed ({}) in the kernel's build tree {}:\n{}",
            ran.status,
            tree.display(),
            said.trim_end()
        ));
    }
    if let Some(parent) = out.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)
            .map_err(|e| Trouble(format!("making {}: {e}", parent.display())))?;
    }
    fs::copy(scratch.0.join("dtrace.ko"), &out)
        .map_err(|e| Trouble(format!("writing {}: {e}", out.display())))?;
    Ok((out, said))
}

/// A folder that nobody else can have made, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch> {
        let path = std::env::temp_dir().join(format!("dtrace-kmod-{}", std::process::id()));
        // Left by a process of the same number that was killed. A link is not followed.
        let _ = fs::remove_dir_all(&path);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|e| Trouble(format!("making {}: {e}", path.display())))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether it is loaded.
pub fn is_loaded() -> bool {
    Path::new("/sys/module").join(NAME).is_dir() || count().is_some()
}

/// How many use it, as the kernel counts.
fn count() -> Option<u32> {
    let text = fs::read_to_string("/proc/modules").ok()?;
    let line = text.lines().find(|l| l.split(' ').next() == Some(NAME))?;
    line.split(' ').nth(2)?.parse().ok()
}

/// Loads it. What had to be done to it is said.
pub fn load(file: Option<&Path>) -> Result<String> {
    let file = file.map_or_else(home, Path::to_path_buf);
    if is_loaded() {
        return trouble("the module is loaded already: `dtrace --kmod status` shows it");
    }
    let image = fs::read(&file).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Trouble(format!(
            "there is no {}: build the module with `dtrace --kmod build`, or name its file",
            file.display()
        )),
        _ => Trouble(format!("reading {}: {e}", file.display())),
    })?;
    let mut said = format!("loaded {}", file.display());
    let tried = rustix::system::init_module(&image, c"");
    if let Err(error) = tried {
        let mut error = error;
        // Loaders before 4.16 don't know the relocation that binutils since 2.31 write for calls.
        if error == rustix::io::Errno::NOEXEC
            && let Some((older, count)) = ko::without_plt32(&image)
        {
            match rustix::system::init_module(&older, c"") {
                Ok(()) => {
                    said += &format!(
                        ", {count} relocations R_X86_64_PLT32 made R_X86_64_PC32: this kernel's loader doesn't know them"
                    );
                    make_device()?;
                    return Ok(said);
                }
                Err(e) => error = e,
            }
        }
        return trouble(format!(
            "the kernel refused {}: {}",
            file.display(),
            why::cannot_load(error.into(), &image)
        ));
    }
    make_device()?;
    Ok(said)
}

/// The device's file, where nobody makes it: a kernel without devtmpfs, a system without udev.
fn make_device() -> Result<()> {
    use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
    let misc = fs::read_to_string("/proc/misc").unwrap_or_default();
    let minor = misc.lines().find_map(|l| {
        let (minor, name) = l.trim().split_once(' ')?;
        (name.trim() == NAME).then(|| minor.parse::<u32>().ok())?
    });
    let Some(minor) = minor else {
        return trouble("the module is loaded, but /proc/misc lists no device of it");
    };
    let ours = |m: &fs::Metadata| m.rdev() == makedev(10, minor);
    match fs::metadata(PATH) {
        Ok(m) if ours(&m) => return Ok(()),
        // Of an earlier load: the number may be another's now.
        Ok(_) => drop(fs::remove_file(PATH)),
        Err(_) => {}
    }
    let mode = Mode::RUSR | Mode::WUSR;
    match mknodat(
        CWD,
        PATH,
        FileType::CharacterDevice,
        mode,
        makedev(10, minor),
    ) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(e) => trouble(format!(
            "the module is loaded, but making {PATH}: {}",
            io::Error::from(e)
        )),
    }
}

/// Unloads it.
pub fn unload() -> Result<()> {
    use rustix::io::Errno;
    if !is_loaded() {
        return trouble("the module is not loaded");
    }
    // O_NONBLOCK: never wait for users to go.
    match rustix::system::delete_module(C_NAME, libc::O_NONBLOCK) {
        Ok(()) => {
            // Where no devtmpfs does that.
            let _ = fs::remove_file(PATH);
            Ok(())
        }
        Err(Errno::WOULDBLOCK | Errno::BUSY) => {
            let holders = holders();
            if holders.is_empty() {
                return trouble(
                    "the module stays loaded: this kernel is preemptible and probes were planted, so a task may still be inside its code (a restart ends that)",
                );
            }
            let list: Vec<String> = holders
                .iter()
                .map(|h| format!("{} (process {})", h.name, h.pid))
                .collect();
            trouble(format!("the module is in use by {}", list.join(", ")))
        }
        Err(Errno::PERM) => trouble(
            "unloading a module needs root (CAP_SYS_MODULE), and /proc/sys/kernel/modules_disabled to be 0",
        ),
        Err(e) => trouble(format!("unloading the module: {}", io::Error::from(e))),
    }
}

/// A process that has the device open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Number.
    pub pid: u32,
    /// What it runs.
    pub name: String,
}

/// Processes that have the device open.
pub fn holders() -> Vec<Holder> {
    let Ok(all) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = all
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let holds = |pid: &u32| {
        let fds = fs::read_dir(format!("/proc/{pid}/fd"));
        let mut links = fds.into_iter().flatten().flatten();
        links.any(|f| fs::read_link(f.path()).is_ok_and(|l| l == Path::new(PATH)))
    };
    let mut found: Vec<Holder> = pids
        .filter(holds)
        .map(|pid| Holder {
            pid,
            name: fs::read_to_string(format!("/proc/{pid}/comm"))
                .map_or_else(|_| "?".to_owned(), |n| n.trim().to_owned()),
        })
        .collect();
    found.sort_by_key(|h| h.pid);
    found
}

/// What the audit looks at: a name, and kind, address and bytes as the module takes them.
fn audited(kernel: &Kernel) -> Vec<(&'static str, u32, u64, u64)> {
    let mut all = vec![("IDT", ioctl::AUDIT_IDT, 0, 0)];
    if let Some(text) = kernel.text() {
        let bytes = text.end - text.start;
        all.push(("kernel text", ioctl::AUDIT_MEMORY, text.start, bytes));
    }
    for name in ["sys_call_table", "ia32_sys_call_table"] {
        if let Some((at, entries)) = kernel.table(name) {
            all.push((
                name,
                ioctl::AUDIT_MEMORY,
                at,
                u64::from(entries * kernel.pointer()),
            ));
        }
    }
    all
}

/// Has the module remember what is there before anything is planted: what [`status`] compares with.
pub fn remember() -> Result<()> {
    let device = Device::open().map_err(|e| Trouble(e.to_string()))?;
    let kernel = Kernel::default();
    for (name, kind, address, bytes) in audited(&kernel) {
        device.audit(kind, address, bytes).map_err(|e| {
            Trouble(format!(
                "the module is loaded, but the audit of {name}: {e}"
            ))
        })?;
    }
    Ok(())
}

/// What there is to say of a loaded module. `verbose`: the audit too.
pub fn status(verbose: bool) -> Result<String> {
    if !is_loaded() {
        let built = match home().is_file() {
            true => format!("{} is built: `dtrace --kmod load`", home().display()),
            false => "nor is it built: `dtrace --kmod build`".to_owned(),
        };
        return trouble(format!("the module is not loaded ({built})"));
    }
    let device = Device::open().map_err(|e| Trouble(e.to_string()))?;
    let say = |e: BackendError| Trouble(e.to_string());
    let (info, stats) = (device.info(), device.stats().map_err(say)?);
    let holders = holders();
    let mut text = format!(
        "the module is loaded: ABI version {}, {} CPUs\n",
        info.abi_version, info.cpus
    );
    if info.features & ioctl::FEATURE_PREEMPT != 0 {
        text += "this kernel is preemptible: once probes were planted the module stays loaded\n";
    }
    // Ours, which asks, is none.
    text += &format!("  consumers        {}\n", stats.consumers.saturating_sub(1));
    for h in holders.iter().filter(|h| h.pid != std::process::id()) {
        text += &format!("                   {} (process {})\n", h.name, h.pid);
    }
    let rows = [
        (
            "breakpoints",
            format!(
                "{} planted, {} of {} slots used",
                stats.armed, stats.slots_used, info.slot_count
            ),
        ),
        (
            "system calls",
            format!("{} table entries hooked", stats.hooked),
        ),
        ("firings", stats.firings.to_string()),
        (
            "misses",
            format!("{} (within another firing of the same CPU)", stats.misses),
        ),
        ("faults", stats.faults.to_string()),
        ("drops", stats.drops.to_string()),
        ("returns lost", stats.no_stash.to_string()),
        ("memory", format!("{} KiB", stats.memory.div_ceil(1024))),
    ];
    for (name, value) in rows {
        text += &format!("  {name:<16} {value}\n");
    }
    if stats.last_fault != 0 {
        let why = Code::from_number(stats.last_fault).map_or("unknown", Code::text);
        text += &format!(
            "  last fault       {why}, instruction {}\n",
            stats.last_insn
        );
    }
    if verbose {
        let kernel = Kernel::default();
        for (name, kind, address, bytes) in audited(&kernel) {
            let a = device.audit(kind, address, bytes).map_err(say)?;
            let verdict = match a.now == a.before {
                true => "as it was",
                false => "CHANGED",
            };
            text += &format!(
                "  audit            {name} at {:#x}, {} bytes: {verdict} ({:016x}, was {:016x})\n",
                a.address, a.bytes, a.now, a.before
            );
        }
        let denied = kernel.denied();
        text += &format!("  not probed       {} functions\n", denied.len());
        for (name, why) in denied {
            text += &format!("                   {name}: {why}\n");
        }
    }
    Ok(text)
}
