//! PID 1 of a test VM: mounts what a tracer needs, loads the modules that the port needs, and then does what the host
//! asks for over the port, one thing at a time. Linked statically and careful about old kernels: it also starts on 2.6.32,
//! where some of these file systems don't exist.

#[path = "../wire.rs"]
#[allow(dead_code)]
mod wire;

use rustix::fs::{CWD, FileType, Mode};
use rustix::mount::{MountFlags, mount};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use wire::{from_guest, from_host};

/// `(file system, where, whether a test VM is of no use without it)`.
const MOUNTS: &[(&str, &str, bool)] = &[
    ("proc", "/proc", true),
    ("sysfs", "/sys", true),
    ("devtmpfs", "/dev", false), // since 2.6.32, where configured; nodes are made by hand otherwise
    ("devpts", "/dev/pts", false),
    ("tmpfs", "/tmp", true),
    ("debugfs", "/sys/kernel/debug", false),
    ("tracefs", "/sys/kernel/tracing", false), // since 4.1; before that a folder of debugfs
    ("bpf", "/sys/fs/bpf", false),
    ("cgroup2", "/sys/fs/cgroup", false),
];

/// Name of our virtio port, and the serial line used where there is none.
const PORT: &str = "xtask";
const SERIAL: &str = "/dev/ttyS1";

type Port = Arc<Mutex<File>>;

fn main() {
    if std::process::id() != 1 {
        eprintln!("guest: this is the init of a test VM; `cargo xtask vm` starts it");
        std::process::exit(2);
    }
    if let Err(error) = life() {
        eprintln!("xtask-guest: {error}");
    }
    // QEMU is started with -no-reboot: restarting ends it, on every kernel, without ACPI.
    let _ = rustix::system::reboot(rustix::system::RebootCommand::Restart);
}

/// From mounting to the host's last word.
fn life() -> io::Result<()> {
    for (kind, at, needed) in MOUNTS {
        let _ = fs::create_dir_all(at);
        if let Err(error) = mount(*kind, *at, *kind, MountFlags::empty(), None)
            && *needed
        {
            return Err(io::Error::other(format!("mount {kind} on {at}: {error}")));
        }
    }
    load_modules()?;
    // Tests of network probes talk to themselves.
    let _ = Command::new("/bin/busybox")
        .args(["ip", "link", "set", "lo", "up"])
        .status();
    let cmdline = fs::read_to_string("/proc/cmdline")?;
    let port = if cmdline.contains("xtask.port=serial") {
        open_serial()?
    } else {
        open_virtio()?
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let out: Port = Arc::new(Mutex::new(port.try_clone()?));
    say(&out, from_guest::READY, release.trim().as_bytes())?;
    serve(port, &out)
}

/// Takes the host's frames until it says off or goes away.
fn serve(mut port: File, out: &Port) -> io::Result<()> {
    let mut reader = wire::Reader::default();
    let mut buffer = [0; 4096];
    let mut silent_since = Instant::now();
    loop {
        while let Some((kind, body)) = reader.next()? {
            match kind {
                from_host::RUN => {
                    let how = run(&body, out);
                    say(out, from_guest::ENDED, how.as_bytes())?;
                }
                from_host::GET => {
                    let why = match send_file(&body, out) {
                        Ok(()) => String::new(),
                        Err(error) => error.to_string(),
                    };
                    say(out, from_guest::FILE_END, why.as_bytes())?;
                }
                from_host::OFF => return Ok(()),
                other => eprintln!("xtask-guest: the host sent a `{}`", other as char),
            }
            silent_since = Instant::now();
        }
        // A virtio port whose host side isn't open reads as ended: wait a little for it to come (back).
        match port.read(&mut buffer)? {
            0 if silent_since.elapsed() > Duration::from_secs(10) => return Ok(()),
            0 => thread::sleep(Duration::from_millis(20)),
            n => {
                reader.push(buffer.get(..n).unwrap_or_default());
                silent_since = Instant::now();
            }
        }
    }
}

/// Runs one command to its end, its output sent piece by piece. Returns how it ended.
fn run(request: &[u8], out: &Port) -> String {
    let text = String::from_utf8_lossy(request);
    let mut words = text.split_terminator('\0');
    let limit: u64 = words.next().and_then(|w| w.parse().ok()).unwrap_or(60);
    let Some(program) = words.next() else {
        return "cannot start: no command".into();
    };
    let started = Command::new(program)
        .args(words)
        .env_clear()
        .env("PATH", "/bin:/usr/bin:/sbin:/usr/sbin")
        .env("HOME", "/")
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return format!("cannot start: {program}: {error}"),
    };
    let (done, drained) = mpsc::channel();
    if let Some(from) = child.stdout.take() {
        forward(from, from_guest::OUT, out.clone(), done.clone());
    }
    if let Some(from) = child.stderr.take() {
        forward(from, from_guest::ERR, out.clone(), done);
    }
    let deadline = Instant::now() + Duration::from_secs(limit);
    let how = loop {
        match child.try_wait() {
            Ok(Some(status)) => match (status.code(), status.signal()) {
                (Some(code), _) => break format!("exit {code}"),
                (None, Some(signal)) => break format!("signal {signal}"),
                (None, None) => break "exit 255".into(),
            },
            Ok(None) if Instant::now() > deadline => {
                if let Some(group) = rustix::process::Pid::from_raw(child.id() as i32) {
                    let _ =
                        rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                }
                let _ = child.wait();
                break "limit".into();
            }
            Ok(None) => thread::sleep(Duration::from_millis(5)),
            Err(error) => break format!("cannot start: {error}"),
        }
    };
    // Both ends of output; a daemon that it left behind may hold them open, and isn't waited for.
    for _ in 0..2 {
        let _ = drained.recv_timeout(Duration::from_secs(2));
    }
    how
}

/// Sends what comes from a pipe, on its own thread, and says so when it ends.
fn forward(mut from: impl Read + Send + 'static, kind: u8, out: Port, done: mpsc::Sender<()>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 32 << 10];
        while let Ok(n) = from.read(&mut buffer) {
            let piece = buffer.get(..n).unwrap_or_default();
            if n == 0 || say(&out, kind, piece).is_err() {
                break;
            }
        }
        let _ = done.send(());
    });
}

fn send_file(path: &[u8], out: &Port) -> io::Result<()> {
    let mut file = File::open(String::from_utf8_lossy(path).as_ref())?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        say(out, from_guest::FILE, buffer.get(..n).unwrap_or_default())?;
    }
}

fn say(out: &Port, kind: u8, body: &[u8]) -> io::Result<()> {
    let mut port = out.lock().map_err(|_| io::Error::other("port lost"))?;
    wire::send(&mut *port as &mut dyn Write, kind, body)
}

/// Loads `/modules/*` in the order of their names: the host has numbered them so that each finds what it needs.
fn load_modules() -> io::Result<()> {
    let Ok(found) = fs::read_dir("/modules") else {
        return Ok(());
    };
    let mut paths: Vec<_> = found.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path)?;
        // init_module, not finit_module: that one came with 3.8.
        if let Err(error) = rustix::system::init_module(&bytes, c"") {
            eprintln!("xtask-guest: {}: {error}", path.display());
        }
    }
    Ok(())
}

/// Waits for our virtio port: ports, and their names, appear some time after the driver.
fn open_virtio() -> io::Result<File> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        for entry in fs::read_dir("/sys/class/virtio-ports")
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
            if name.trim() == PORT {
                let node = Path::new("/dev").join(entry.file_name());
                make_node(&node, &entry.path().join("dev"));
                return OpenOptions::new().read(true).write(true).open(node);
            }
        }
        if Instant::now() > deadline {
            return Err(io::Error::other("no virtio port of ours appeared in 20 s"));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A device node for what sysfs describes, where devtmpfs has not made one.
fn make_node(node: &Path, dev: &Path) {
    if node.exists() {
        return;
    }
    let text = fs::read_to_string(dev).unwrap_or_default();
    if let Some((major, minor)) = text.trim().split_once(':')
        && let (Ok(major), Ok(minor)) = (major.parse(), minor.parse())
    {
        let dev = rustix::fs::makedev(major, minor);
        let _ = rustix::fs::mknodat(CWD, node, FileType::CharacterDevice, Mode::from(0o600), dev);
    }
}

/// The second serial line, passing bytes through as they are.
fn open_serial() -> io::Result<File> {
    make_node(Path::new(SERIAL), Path::new("/sys/class/tty/ttyS1/dev"));
    let port = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(rustix::fs::OFlags::NOCTTY.bits() as i32)
        .open(SERIAL)?;
    let mut line = rustix::termios::tcgetattr(&port)?;
    line.make_raw();
    let _ = line.set_speed(115_200);
    rustix::termios::tcsetattr(&port, rustix::termios::OptionalActions::Now, &line)?;
    Ok(port)
}
