//! One kernel in QEMU, doing what it is told: `cargo xtask vm`, and what `dist` and `matrix` are made of.
//!
//! A VM boots once and then runs commands one after the other. The guest's console is the kernel's alone; commands talk
//! through a port of their own (see `wire`), so that their output comes back byte for byte, stdout apart from stderr. A guest that
//! oopses, hangs or dies is an error that names the file with its console.

use crate::image::{self, Put};
use crate::kernels::{self, Given, Row};
use crate::wire::{self, from_guest, from_host};
use crate::{debian, qemu, sh};
use anyhow::{Context, Result, anyhow, bail};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// From power on to init's first word. Seven seconds are usual; a machine shared with others takes a multiple.
const BOOT_LIMIT: Duration = Duration::from_secs(300);

/// What that takes at most where nothing else runs.
const QUIET_BOOT: Duration = Duration::from_secs(8);

/// What the guest is granted beyond its command's limit, to end it and say so.
const GRACE: Duration = Duration::from_secs(30);

/// What a kernel says on its console when it is broken.
const BROKEN: &[&str] = &[
    "Kernel panic - not syncing",
    "[#1]",
    "kernel BUG at",
    "BUG: ",
    "WARNING: CPU",
    "WARNING: at ",
    "Oops: ",
    "double fault",
];

/// The kernel of a row can't be had on this machine: not a failure of ours, nor ever a pass.
#[derive(Debug)]
pub struct NotAvailable(pub String);

impl fmt::Display for NotAvailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAvailable {}

/// How a command ended, and what it printed.
#[derive(Debug, Default)]
pub struct Ended {
    /// `exit N`, `signal N`, `limit` or `cannot start: …`.
    pub how: String,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub wall: Duration,
}

impl Ended {
    /// Both outputs as text, for messages.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&self.stderr));
        text
    }

    /// The exit code, where there is one.
    pub fn code(&self) -> Option<u8> {
        self.how.strip_prefix("exit ")?.parse().ok()
    }
}

/// A running guest. Dropping it ends it.
pub struct Vm {
    child: Child,
    port: UnixStream,
    reader: wire::Reader,
    console: PathBuf,
    /// How much of the console has been looked at, in bytes.
    console_read: u64,
    /// A last console line without its end.
    console_tail: String,
    scratch: PathBuf,
    /// What the guest's kernel calls itself.
    pub release: String,
    /// From starting QEMU to init's first word.
    pub boot: Duration,
    /// Held while it runs: see [`turn`].
    _turn: File,
}

/// As many VMs as there are cores, on the whole machine, whoever starts them: more would only slow each other until they
/// time out.
pub fn most_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Waits until there is room for one more VM.
fn turn() -> Result<File> {
    let cache = debian::cache()?;
    let mut told = false;
    loop {
        for n in 0..most_at_once() {
            let name = match n {
                0 => "vm.lock".to_owned(),
                n => format!("vm.{n}.lock"),
            };
            let lock = File::create(cache.join(name))?;
            if lock.try_lock().is_ok() {
                return Ok(lock);
            }
        }
        if !std::mem::replace(&mut told, true) {
            eprintln!("xtask: waiting for another VM to end");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Boots the kernel of a row with these files in it, once there is room for one more VM.
pub fn boot(row: &Row, given: &Given, files: &[Put]) -> Result<Vm> {
    let kernel = row
        .get(given)
        .map_err(|error| anyhow!(NotAvailable(format!("{error:#}"))))?;
    let qemu = qemu::ensure()?;
    let initrd = image::initramfs(&kernel, files)?;

    let turn = turn()?;
    // A Unix socket's path may have a hundred bytes: not below the tree, which may be anywhere.
    let name = format!("xtask-vm-{}-{}", std::process::id(), row.name);
    let scratch = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&scratch)?;
    let console_dir = sh::root().join("target/vm");
    std::fs::create_dir_all(&console_dir)?;
    let console = console_dir.join(format!("{}.console", row.name));
    std::fs::write(&console, "")?;
    let initrd_path = scratch.join("initrd");
    std::fs::write(&initrd_path, initrd)?;
    let socket = scratch.join("port");
    let _ = std::fs::remove_file(&socket);
    let setup = qemu::Setup {
        initrd: &initrd_path,
        console: &console,
        socket: &socket,
        cpus: 2,
        memory_mb: 1024,
    };
    let mut command = qemu::command(&qemu, &kernel, &setup)?;
    let messages = File::create(console_dir.join(format!("{}.qemu", row.name)))?;
    command
        .stdin(Stdio::null())
        .stdout(messages.try_clone()?)
        .stderr(messages);
    let started = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run `{}`", sh::show(&command)))?;
    let port = match connect(&socket, &mut child) {
        Ok(port) => port,
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            let _ = std::fs::remove_dir_all(&scratch);
            let said = std::fs::read_to_string(console_dir.join(format!("{}.qemu", row.name)))
                .unwrap_or_default();
            return Err(error.context(format!("QEMU said: {}", said.trim())));
        }
    };
    port.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut vm = Vm {
        child,
        port,
        reader: wire::Reader::default(),
        console,
        console_read: 0,
        console_tail: String::new(),
        scratch,
        release: String::new(),
        boot: Duration::ZERO,
        _turn: turn,
    };
    let (kind, body) = vm.frame(started + BOOT_LIMIT)?;
    if kind != from_guest::READY {
        return Err(vm.broken("the guest's first word was out of turn"));
    }
    vm.release = String::from_utf8_lossy(&body).into_owned();
    vm.boot = started.elapsed();
    Ok(vm)
}

/// Connects to QEMU's end of the port, which it makes soon after it starts.
fn connect(socket: &Path, child: &mut Child) -> Result<UnixStream> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match UnixStream::connect(socket) {
            Ok(port) => return Ok(port),
            Err(error) if Instant::now() > deadline => {
                return Err(error).context("QEMU opened no port in 20 s");
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
        if let Some(status) = child.try_wait()? {
            bail!("QEMU ended at once: {status}");
        }
    }
}

impl Vm {
    /// Runs a command to its end, or to its limit.
    pub fn run(&mut self, words: &[String], limit: Duration) -> Result<Ended> {
        let started = Instant::now();
        let mut ended = Ended::default();
        self.start(words, limit)?;
        loop {
            let (kind, body) = self.frame(started + limit + GRACE)?;
            match kind {
                from_guest::OUT => ended.stdout.extend(body),
                from_guest::ERR => ended.stderr.extend(body),
                from_guest::ENDED => {
                    ended.how = String::from_utf8_lossy(&body).into_owned();
                    ended.wall = started.elapsed();
                    self.look_at_console()?;
                    return Ok(ended);
                }
                _ => return Err(self.broken("the guest spoke out of turn")),
            }
        }
    }

    /// Runs a command whose output goes where ours goes, as it comes. Returns how it ended.
    pub fn pass_through(&mut self, words: &[String], limit: Duration) -> Result<String> {
        let deadline = Instant::now() + limit + GRACE;
        self.start(words, limit)?;
        loop {
            let (kind, body) = self.frame(deadline)?;
            match kind {
                from_guest::OUT => {
                    std::io::stdout().write_all(&body)?;
                    std::io::stdout().flush()?;
                }
                from_guest::ERR => std::io::stderr().write_all(&body)?,
                from_guest::ENDED => {
                    self.look_at_console()?;
                    return Ok(String::from_utf8_lossy(&body).into_owned());
                }
                _ => return Err(self.broken("the guest spoke out of turn")),
            }
        }
    }

    fn start(&mut self, words: &[String], limit: Duration) -> Result<()> {
        let mut body = format!("{}\0", limit.as_secs().max(1));
        for word in words {
            body.push_str(word);
            body.push('\0');
        }
        Ok(wire::send(&mut self.port, from_host::RUN, body.as_bytes())?)
    }

    /// Brings a file back from the guest.
    pub fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        wire::send(&mut self.port, from_host::GET, path.as_bytes())?;
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut bytes = Vec::new();
        loop {
            let (kind, body) = self.frame(deadline)?;
            match kind {
                from_guest::FILE => bytes.extend(body),
                // Output of something that an earlier command left running.
                from_guest::OUT | from_guest::ERR => {}
                from_guest::FILE_END if body.is_empty() => return Ok(bytes),
                _ => bail!("{path} in the guest: {}", String::from_utf8_lossy(&body)),
            }
        }
    }

    /// The next frame. Errors: the deadline, a guest that is gone, a kernel that says it is broken.
    fn frame(&mut self, deadline: Instant) -> Result<(u8, Vec<u8>)> {
        let mut buffer = [0; 64 << 10];
        loop {
            match self.reader.next() {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(error) => return Err(self.broken(&error.to_string())),
            }
            match self.port.read(&mut buffer) {
                Ok(0) => {
                    let _ = self.child.wait();
                    self.look_at_console()?;
                    return Err(self.broken("the guest ended without a word"));
                }
                Ok(n) => self.reader.push(buffer.get(..n).unwrap_or_default()),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) =>
                {
                    self.look_at_console()?;
                    if Instant::now() > deadline {
                        return Err(self.broken("the guest hangs: its time limit is over"));
                    }
                }
                Err(error) => return Err(self.broken(&error.to_string())),
            }
        }
    }

    /// Reads what the console has new; an error if the kernel says that it is broken.
    fn look_at_console(&mut self) -> Result<()> {
        let mut file = File::open(&self.console)?;
        file.seek(SeekFrom::Start(self.console_read))?;
        let mut bytes = Vec::new();
        self.console_read += file.read_to_end(&mut bytes)? as u64;
        let text = std::mem::take(&mut self.console_tail) + &String::from_utf8_lossy(&bytes);
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        let (lines, rest) = text.split_at(whole);
        self.console_tail = rest.to_string();
        if let Some(line) = lines.lines().find(|l| BROKEN.iter().any(|b| l.contains(b))) {
            // What follows the first line says where it happened: let the guest finish saying it.
            std::thread::sleep(Duration::from_millis(500));
            return Err(self.broken(&format!("the kernel says `{}`", line.trim())));
        }
        Ok(())
    }

    fn broken(&self, why: &str) -> anyhow::Error {
        anyhow!("{why}; its console is in {}", self.console.display())
    }

    /// Processor time that it has taken from the host so far, in user space and in the kernel.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // Behind the name, which may hold anything: fields 3 …; 14 and 15 are utime and stime, in clock ticks.
        let fields = stat.rsplit_once(')')?.1.split_whitespace();
        let ticks: u64 = fields
            .skip(11)
            .take(2)
            .filter_map(|f| f.parse::<u64>().ok())
            .sum();
        let per_second = rustix::param::clock_ticks_per_second();
        Some(Duration::from_millis(ticks * 1000 / per_second.max(1)))
    }

    /// How much slower than a quiet machine this one is, judged by how long the kernel took to come up; never below 1. Time
    /// limits are multiplied by it: a hang is still noticed, and a machine that is shared with others makes no failures.
    pub fn slowness(&self) -> u32 {
        let times = self.boot.as_secs_f64() / QUIET_BOOT.as_secs_f64();
        (times.ceil() as u32).clamp(1, 10)
    }

    /// Has the guest power off, and sees to it that it does.
    pub fn off(mut self) {
        let _ = wire::send(&mut self.port, from_host::OFF, &[]);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

/// What `cargo xtask vm` was asked to do.
#[derive(Default)]
struct Request {
    kernel: String,
    limit: Option<Duration>,
    given: Given,
    put: Vec<Put>,
    get: Vec<(String, PathBuf)>,
    command: Vec<String>,
}

fn parse(args: &[String]) -> Result<Request> {
    let mut request = Request::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--" => {
                request.command = args.cloned().collect();
                break;
            }
            "--timeout" => {
                let seconds = value()?.parse().context("--timeout needs seconds")?;
                request.limit = Some(Duration::from_secs(seconds));
            }
            "--file" => {
                let (host, guest) = value()?
                    .split_once('=')
                    .context("--file needs host=guest")?;
                request.put.push(Put {
                    host: host.into(),
                    guest: guest.into(),
                });
            }
            "--get" => {
                let (guest, host) = value()?.split_once('=').context("--get needs guest=host")?;
                request.get.push((guest.into(), host.into()));
            }
            "--kernel" => request.given.kernel = Some(value()?.into()),
            "--kdir" => request.given.kdir = Some(value()?.into()),
            flag if flag.starts_with('-') => bail!("unknown option {flag}"),
            name if request.kernel.is_empty() => request.kernel = name.into(),
            other => bail!("the command to run comes after `--`, not `{other}`"),
        }
    }
    if request.kernel.is_empty() || request.command.is_empty() {
        bail!(
            "usage: cargo xtask vm <kernel> [options] -- <command>; `cargo xtask kernels` lists the kernels"
        );
    }
    Ok(request)
}

/// `cargo xtask vm <kernel> [--timeout S] [--file host=guest] [--get guest=host] [--kernel image] [--kdir build tree] -- <command…>`.
/// Its exit code is the command's; 124 past the limit, 128 and the signal's number where one ended it.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let request = parse(args)?;
    let row = kernels::row(&request.kernel)?;
    let mut files = request.put.clone();
    if request.command.first().is_some_and(|c| c == "dtrace")
        && !files.iter().any(|f| f.guest == "/bin/dtrace")
    {
        let path = crate::dist::build_static_for(row.arch, "tracer-user", "dtrace")?;
        files.push(crate::matrix::dtrace_file(&path));
    }
    let mut vm = boot(&row, &request.given, &files)?;
    eprintln!(
        "xtask: {} is up after {:.1} s",
        vm.release,
        vm.boot.as_secs_f64()
    );
    let limit = request.limit.unwrap_or(Duration::from_secs(120));
    let how = vm.pass_through(&request.command, limit)?;
    for (guest, host) in &request.get {
        std::fs::write(host, vm.get(guest)?)
            .with_context(|| format!("cannot write {}", host.display()))?;
    }
    vm.off();
    let code = match how.split_once(' ') {
        Some(("exit", code)) => code.parse().unwrap_or(255),
        Some(("signal", signal)) => 128 + signal.parse::<u8>().unwrap_or(0),
        _ if how == "limit" => {
            eprintln!("xtask: ended after {} s, its limit", limit.as_secs());
            124
        }
        _ => {
            eprintln!("xtask: {how}");
            127
        }
    };
    Ok(ExitCode::from(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn arguments_are_read() {
        let r = parse(&words(
            "6.1 --timeout 9 --file a=/b --get /c=d -- dtrace -n x --file",
        ))
        .unwrap();
        assert_eq!(
            (r.kernel.as_str(), r.limit),
            ("6.1", Some(Duration::from_secs(9)))
        );
        assert_eq!((r.put[0].guest.as_str(), r.get[0].0.as_str()), ("/b", "/c"));
        assert_eq!(r.command, words("dtrace -n x --file"));
        for bad in [
            "",
            "6.1",
            "6.1 ls",
            "6.1 --file a -- ls",
            "6.1 --what -- ls",
            "6.1 --timeout x -- ls",
        ] {
            assert!(parse(&words(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn exit_codes_are_told_from_other_ends() {
        let ended = |how: &str| {
            Ended {
                how: how.into(),
                ..Ended::default()
            }
            .code()
        };
        assert_eq!(ended("exit 3"), Some(3));
        assert_eq!(ended("signal 9"), None);
        assert_eq!(ended("limit"), None);
    }
}
