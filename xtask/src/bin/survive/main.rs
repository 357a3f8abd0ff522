//! What the kernel module must survive, tried in a guest: loads whose every result is checked, run while everything is probed; enabling and
//! disabling over and over; tracers that are killed; programs that fault; unloading at bad moments. After each, kernel text, system call tables
//! and interrupt table must be byte for byte what they were before the module came.
//!
//! `cargo xtask survive` brings this program, the loads (`legacy-kmod/tests/guest/load.c`), `dtrace` and the module into the guest. It is linked
//! statically, and as careful about old kernels as the guest's init is. A kernel that breaks says so on its console, which the host reads.

mod audit;

use audit::Audit;
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const MODULE: &str = "/lib/dtrace.ko";
/// A kprobe that counts, to compare with; not there on kernels without kprobes.
const KPROBE: &str = "/lib/kprobe_count.ko";
/// A module to be probed while it comes and goes.
const PROBED: &str = "/lib/probed.ko";
const OUTPUT: &str = "/tmp/survive.out";

/// The loads, and how much of each makes a scale of 1. At 100 it is what the module is to be trusted with: 20,000 processes,
/// 5,000 programs, 1,000 rounds, 100 kills; on an emulated CPU that takes hours.
const LOADS: &[(&str, u32)] = &[
    ("forks", 200),
    ("execs", 50),
    ("threads", 1),
    ("signals", 100),
    ("faults", 5),
    ("timers", 20),
    ("pipes", 200),
];

/// The 64-bit and the 32-bit load program.
const PROGRAMS: [(&str, &str); 2] = [("64-bit", "/bin/load64"), ("32-bit", "/bin/load32")];

/// Those that run on this kernel: a 32-bit one gets the second alone.
fn programs() -> impl Iterator<Item = (&'static str, &'static str)> {
    PROGRAMS
        .into_iter()
        .filter(|p| fs::exists(p.1).unwrap_or(false))
}

/// A bit of everything, by each.
fn mixed(count: u32) -> io::Result<()> {
    programs().try_for_each(|(_, program)| run_load(program, "mixed", count))
}

/// What is probed in turn and together. Each counts its firings, so that one that never fired is seen.
const SETS: &[(&str, &str)] = &[
    ("syscall:::", "syscall::: { @ = count(); }"),
    ("fbt:::", "fbt::: { @ = count(); }"),
    ("both", "fbt:::,syscall::: { @ = count(); }"),
];

/// Programs that fault whenever they run, by the name of the row: probes, and what is loaded from: an address of user space, one
/// of the kernel's where nothing is mapped, one that no processor has. Not all functions: a fault takes several times as long as
/// a firing, and on an emulated CPU a timer tick whose every function faulted would take longer than until the next.
const FAULTS: &[(&str, &[(&str, &str)])] = &[
    ("syscall:::", &[("syscall:::", "0x1234567890abcdef")]),
    (
        "functions",
        &[
            ("fbt::sys_*:entry,fbt::do_*:entry,fbt::vfs_*:entry", "8"),
            (
                "fbt::sys_*:return,fbt::do_*:return,fbt::vfs_*:return",
                "0xffffc8deadbee000",
            ),
        ],
    ),
    (
        "both",
        &[
            ("fbt::sys_*:,fbt::copy_*:", "0xffffc8deadbee000"),
            ("fbt::vfs_*:", "0x1234567890abcdef"),
            ("syscall:::", "8"),
        ],
    ),
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let mut scales = Scales::default();
    let mut only = String::new();
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.next()) {
            ("--scale", Some(n)) if scales.add(&n).is_some() => {}
            ("--only", Some(part)) => only = part,
            _ => {
                eprintln!(
                    "usage: survive [--scale [part of a name=]N …] [--only part of a name,…]"
                );
                return ExitCode::from(2);
            }
        }
    }
    match Trial::new(scales, only).and_then(Trial::all) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("survive: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How much of everything: a number for all rows, and others for rows whose name has a part. What probes every function takes
/// far longer than the rest.
#[derive(Default)]
struct Scales {
    all: Option<u32>,
    parts: Vec<(String, u32)>,
}

impl Scales {
    /// `N` or `part of a name=N`.
    fn add(&mut self, text: &str) -> Option<()> {
        let (part, number) = match text.rsplit_once('=') {
            Some((part, number)) => (Some(part), number),
            None => (None, text),
        };
        let number = number.parse().ok().filter(|&n| n > 0)?;
        match part {
            Some(part) => self.parts.push((part.to_owned(), number)),
            None => self.all = Some(number),
        }
        Some(())
    }

    /// The last that fits.
    fn of(&self, row: &str) -> u32 {
        let fits = self
            .parts
            .iter()
            .rev()
            .find(|(part, _)| row.contains(part.as_str()));
        fits.map(|(_, n)| *n).or(self.all).unwrap_or(1)
    }
}

fn other(text: impl Into<String>) -> io::Error {
    io::Error::other(text.into())
}

/// Loads a module. Calls that its relocations mark as going through a linkage table are marked as plain first: old loaders know no
/// other, and there is no such table (`legacy-kmod/src/module/ko.rs` has the story).
fn insert(path: &str) -> io::Result<()> {
    const PLT32: u64 = 4;
    const PC32: u64 = 2;
    let mut file = fs::read(path)?;
    let number = |f: &[u8], at: usize, bytes: usize| {
        let field = f.get(at..at + bytes).unwrap_or_default();
        field
            .iter()
            .rev()
            .fold(0_u64, |n, b| n << 8 | u64::from(*b))
    };
    let wide = file.get(4) == Some(&2);
    let (table, each) = (number(&file, 0x28, 8), number(&file, 0x3a, 2));
    for n in 0..if wide { number(&file, 0x3c, 2) } else { 0 } {
        let head = (table + n * each) as usize;
        // SHT_RELA; its entries have 24 bytes, the type being the second half of the second word.
        if number(&file, head + 4, 4) != 4 {
            continue;
        }
        let (at, bytes) = (number(&file, head + 24, 8), number(&file, head + 32, 8));
        for entry in (at..at + bytes).step_by(24) {
            let at = entry as usize + 8;
            if number(&file, at, 4) == PLT32
                && let Some(kind) = file.get_mut(at..at + 4)
            {
                kind.copy_from_slice(&(PC32 as u32).to_le_bytes());
            }
        }
    }
    rustix::system::init_module(&file, c"").map_err(|e| other(format!("{path}: {e}")))
}

fn load_module() -> io::Result<()> {
    insert(MODULE)?;
    // Without devtmpfs nobody makes the node.
    let text = fs::read_to_string("/sys/class/misc/dtrace/dev")?;
    if let Some((major, minor)) = text.trim().split_once(':')
        && let (Ok(major), Ok(minor)) = (major.parse(), minor.parse())
    {
        let _ = fs::remove_file("/dev/dtrace");
        let dev = rustix::fs::makedev(major, minor);
        let kind = rustix::fs::FileType::CharacterDevice;
        let mode = rustix::fs::Mode::from(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, "/dev/dtrace", kind, mode, dev)?;
    }
    Ok(())
}

fn unload_module() -> Result<(), rustix::io::Errno> {
    // O_NONBLOCK: old kernels wait for the last user otherwise.
    rustix::system::delete_module(c"dtrace", 0o4000)
}

/// Where a tracer's standard error goes.
fn errors_of(output: &str) -> String {
    format!("{output}.err")
}

/// Says now and then how far a long row has come.
fn far(row: &str, done: u32, of: u32, started: Instant) {
    if done.is_multiple_of(25) && done < of {
        let took = started.elapsed().as_secs();
        println!("{row}: {done} of {of} in {took} s");
        let _ = io::stdout().flush();
    }
}

/// A running tracer.
struct Tracer {
    child: Child,
    output: String,
}

impl Tracer {
    /// Starts it, without waiting for anything.
    fn start(script: &str, output: &str) -> io::Result<Tracer> {
        let child = Command::new("/bin/dtrace")
            .args(["-q", "-x", "backend=kmod", "-n", script])
            .stdin(Stdio::null())
            .stdout(File::create(output)?)
            // Apart: programs that fault say so there, line after line, and the other is read again and again.
            .stderr(File::create(errors_of(output))?)
            .spawn()?;
        Ok(Tracer {
            child,
            output: output.to_owned(),
        })
    }

    /// Starts it and waits until its probes are there: BEGIN comes after that.
    fn ready(script: &str) -> io::Result<Tracer> {
        Tracer::ready_to(script, OUTPUT)
    }

    fn ready_to(script: &str, output: &str) -> io::Result<Tracer> {
        let script = format!(r#"BEGIN {{ printf("ready\n"); }} {script}"#);
        let mut tracer = Tracer::start(&script, output)?;
        let deadline = Instant::now() + Duration::from_secs(600);
        while !tracer.said()?.contains("ready\n") {
            if let Some(status) = tracer.child.try_wait()? {
                return Err(other(format!(
                    "dtrace ended at once: {status}: {}",
                    tracer.tail()
                )));
            }
            if Instant::now() > deadline {
                return Err(other("dtrace was not ready after ten minutes"));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(tracer)
    }

    fn said(&self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(&self.output)?).into_owned())
    }

    /// The end of what it had to say of itself.
    fn tail(&self) -> String {
        let text = fs::read(errors_of(&self.output)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        let from = lines.len().saturating_sub(3);
        lines.get(from..).unwrap_or_default().join(" / ")
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Has it end in its own way, and returns what the script counted.
    fn stop(mut self) -> io::Result<u64> {
        self.signal(Signal::INT);
        let status = self.child.wait()?;
        if !status.success() {
            return Err(other(format!("dtrace: {status}: {}", self.tail())));
        }
        let text = self.said()?;
        let counts = text.lines().filter_map(|l| l.trim().parse::<u64>().ok());
        Ok(counts.sum())
    }

    fn kill(mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        self.child.wait()
    }
}

/// Runs a load to its end. An error tells what it found wrong.
fn run_load(program: &str, name: &str, count: u32) -> io::Result<()> {
    let out = Command::new(program)
        .args([name, &count.to_string()])
        .stdin(Stdio::null())
        .output()?;
    match out.status.success() {
        true => Ok(()),
        false => Err(other(format!(
            "{program} {name} {count}: {}{}: {}",
            out.status,
            out.status
                .signal()
                .map_or(String::new(), |n| format!(" (signal {n})")),
            String::from_utf8_lossy(&out.stderr).trim()
        ))),
    }
}

/// A load that runs on and on beside something else: behind it, since its many processes leave a
/// tracer little of an emulated processor (a round of enabling took 5 s so, and takes 2).
struct Background {
    child: Child,
}

impl Background {
    fn start() -> io::Result<Background> {
        let round: Vec<String> = programs().map(|(_, p)| format!("{p} mixed 3")).collect();
        let script = format!(
            "while :; do {} || {{ touch /tmp/background.bad; exit 1; }}; done",
            round.join(" && ")
        );
        let child = Command::new("/bin/sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stderr(File::create("/tmp/background.err")?)
            .spawn()?;
        // Those that it starts from now on inherit it.
        if let Some(pid) = Pid::from_raw(child.id() as i32) {
            rustix::process::setpriority_process(Some(pid), 10)?;
        }
        Ok(Background { child })
    }

    /// An error if one of its rounds was not all right: it has ended then.
    fn check(&mut self) -> io::Result<()> {
        match self.child.try_wait()? {
            Some(status) => Err(other(format!(
                "the load in the background: {status}: {}",
                fs::read_to_string("/tmp/background.err")?.trim()
            ))),
            None => Ok(()),
        }
    }

    /// Checks, and ends it.
    fn stop(mut self) -> io::Result<()> {
        let good = self.check();
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The round that is under way ends by itself.
        sleep(Duration::from_secs(2));
        good
    }
}

/// Removes a module.
fn remove(name: &str) -> io::Result<()> {
    let name = std::ffi::CString::new(name)?;
    rustix::system::delete_module(&name, 0o4000)
        .map_err(|e| other(format!("removing {}: {e}", name.to_string_lossy())))
}

/// A number of the module's.
fn module_says(what: &str) -> io::Result<u64> {
    let text = fs::read_to_string("/proc/dtrace/stats")?;
    let mut values = text.lines().filter_map(|l| l.strip_prefix(what));
    let value = values.find_map(|v| v.trim().parse().ok());
    value.ok_or_else(|| other(format!("no {what} in the module's numbers")))
}

/// Processes that are inside the module that comes and goes, over and over.
struct Readers {
    children: Vec<Child>,
}

impl Readers {
    const FILE: &str = "/sys/kernel/probed/run";

    fn start() -> io::Result<Readers> {
        let script = format!("while cat {}; do :; done", Readers::FILE);
        let start = |_| {
            Command::new("/bin/sh")
                .args(["-c", &script])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
        };
        let children = (0..2).map(start).collect::<io::Result<_>>()?;
        Ok(Readers { children })
    }

    /// They end when the file is gone.
    fn stop(&mut self) {
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}

/// A small generator of delays; the seed is printed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

/// All of it, on this kernel.
struct Trial {
    scales: Scales,
    /// Of the row that is being tried.
    scale: u32,
    only: String,
    audit: Audit,
    rows: Vec<Row>,
}

/// One row of the table.
struct Row {
    name: String,
    scale: u32,
    result: Result<String, String>,
    took: Duration,
}

impl Trial {
    fn new(scales: Scales, only: String) -> io::Result<Trial> {
        let audit = Audit::new()?;
        println!("audit: {}", audit.describe());
        load_module()?;
        Ok(Trial {
            scales,
            scale: 1,
            only,
            audit,
            rows: Vec::new(),
        })
    }

    /// One row of the table: what was done, how it went, and the audit after it.
    fn row(&mut self, name: &str, what: impl FnOnce(&mut Trial) -> io::Result<String>) {
        if !self.only.is_empty() && !self.only.split(',').any(|part| name.contains(part)) {
            return;
        }
        self.scale = self.scales.of(name);
        let started = Instant::now();
        let result = what(self).and_then(|told| self.audit.check().map(|()| told));
        let result = result.map_err(|e| e.to_string());
        let took = started.elapsed();
        match &result {
            Ok(told) => println!("pass {name}: {told} ({:.0} s)", took.as_secs_f64()),
            Err(why) => println!("FAIL {name}: {why} ({:.0} s)", took.as_secs_f64()),
        }
        let _ = io::stdout().flush();
        self.rows.push(Row {
            name: name.to_owned(),
            scale: self.scale,
            result,
            took,
        });
    }

    fn all(mut self) -> io::Result<ExitCode> {
        self.row("loads, nothing probed", |t| t.loads());
        for (name, script) in SETS {
            self.row(&format!("loads under {name}"), |t| t.loads_under(script));
        }
        self.row("timers", |t| t.timers());
        self.row("two tracers at once", |t| t.two());
        for (name, clauses) in FAULTS {
            let name = format!("a program that faults on every firing: {name}");
            self.row(&name, |t| t.faulting(clauses));
        }
        self.row("enabled and disabled", |t| t.rounds());
        self.row("kill -9", |t| t.kills());
        self.row("a module comes and goes while it is probed", |t| {
            t.comes_and_goes()
        });
        self.row("a module goes while it is being enabled", |t| {
            t.goes_early()
        });
        self.row("unloading while it is open", |t| t.busy());
        self.row("unloading while calls sleep", |t| t.asleep());
        self.row("cost of a firing", |t| t.costs());
        self.row("unloaded at last", |_| match unload_module() {
            Ok(()) => Ok("as it was before".to_owned()),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::BUSY) if preemptible() => {
                Ok("refused, as it must be on a preemptible kernel".to_owned())
            }
            Err(e) => Err(other(format!("delete_module: {e}"))),
        });
        Ok(self.table())
    }

    fn table(&self) -> ExitCode {
        let mut text = String::from("\n| what | scale | result | s |\n|---|---|---|---|\n");
        for row in &self.rows {
            let (word, told) = match &row.result {
                Ok(told) => ("pass", told),
                Err(why) => ("FAIL", why),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {word}: {told} | {:.0} |",
                row.name,
                row.scale,
                row.took.as_secs_f64()
            );
        }
        let failed = self.rows.iter().filter(|r| r.result.is_err()).count();
        let _ = writeln!(
            text,
            "survive: {} passed, {failed} failed",
            self.rows.len() - failed
        );
        print!("{text}");
        match failed == 0 && !self.rows.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }

    /// Every load of both widths.
    fn loads(&self) -> io::Result<String> {
        let mut told = Vec::new();
        for (width, program) in programs() {
            let mut list = Vec::new();
            for (name, count) in LOADS {
                let started = Instant::now();
                run_load(program, name, count * self.scale)?;
                list.push(format!(
                    "{name} {} in {:.1} s",
                    count * self.scale,
                    started.elapsed().as_secs_f64()
                ));
            }
            told.push(format!("{width}: {}", list.join(", ")));
        }
        Ok(told.join("; "))
    }

    fn loads_under(&self, script: &str) -> io::Result<String> {
        let tracer = Tracer::ready(script)?;
        let told = self.loads();
        // Whether or not they went well, the tracer ends in order.
        let count = tracer.stop()?;
        match count {
            0 => Err(other("nothing fired")),
            n => Ok(format!("{n} firings; {}", told?)),
        }
    }

    /// Timers beside everything else, at two rates on each CPU.
    fn timers(&self) -> io::Result<String> {
        let tracer = Tracer::ready(
            "profile-997 { @ = count(); } profile-1009 { @ = count(); } syscall::: { @ = count(); }",
        )?;
        let loads = mixed(5 * self.scale);
        let count = tracer.stop()?;
        loads.map(|()| format!("{count} firings"))
    }

    /// Both want the same sites; each goes while the other stays.
    fn two(&self) -> io::Result<String> {
        let script = "fbt::vfs_*:,fbt::sys_*:,syscall::: { @ = count(); }";
        let load = |t: &Trial| mixed(2 * t.scale);
        let first = Tracer::ready_to(script, "/tmp/first.out")?;
        let second = Tracer::ready_to(script, "/tmp/second.out")?;
        load(self)?;
        let one = first.stop()?;
        load(self)?;
        let third = Tracer::ready_to(script, "/tmp/first.out")?;
        load(self)?;
        second.kill()?;
        load(self)?;
        let three = third.stop()?;
        match one > 0 && three > 0 {
            true => Ok(format!("{one} and {three} firings")),
            false => Err(other(format!("{one} and {three} firings"))),
        }
    }

    fn faulting(&self, clauses: &[(&str, &str)]) -> io::Result<String> {
        let mut script = "ERROR { @ = count(); }".to_owned();
        for (probes, address) in clauses {
            // Not the tracer's own: it would print of faults that its printing made.
            let _ = write!(
                script,
                r#" {probes} /execname != "dtrace"/ {{ trace(*(int *){address}); }}"#
            );
        }
        let tracer = Tracer::ready(&script)?;
        let errors = errors_of(&tracer.output);
        let loads = mixed(self.scale);
        let count = tracer.stop()?;
        let text = fs::read(errors)?;
        let lines = text.split(|&b| b == b'\n');
        let told = lines.filter(|l| l.starts_with(b"dtrace: error on")).count();
        match (count, told) {
            (0, _) | (_, 0) => Err(other(format!("{count} faults, {told} of them told"))),
            _ => loads
                .map(|()| format!("{count} faults, {told} told one by one, the others as drops")),
        }
    }

    fn rounds(&self) -> io::Result<String> {
        let mut load = Background::start()?;
        let rounds = 10 * self.scale;
        let started = Instant::now();
        for n in 0..rounds {
            let script = match n % 10 {
                0 => "fbt:::,syscall::: { @ = count(); }",
                n if n % 2 == 0 => "fbt::vfs_*:,syscall::: { @ = count(); }",
                _ => "fbt::sys_*:,syscall::*k: { @ = count(); }",
            };
            let tracer = Tracer::ready(script)?;
            tracer
                .stop()
                .map_err(|e| other(format!("round {n}: {e}")))?;
            if n % 10 == 9 {
                self.audit.check()?;
            }
            load.check()?;
            far("enabled and disabled", n + 1, rounds, started);
        }
        load.stop()?;
        Ok(format!("{rounds} rounds under load"))
    }

    fn kills(&self) -> io::Result<String> {
        let mut load = Background::start()?;
        let kills = self.scale.max(5);
        let seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut dice = Dice(seed);
        // How long it takes until all is enabled: kills fall before, in and after that.
        let started = Instant::now();
        Tracer::ready("fbt:::,syscall::: { @ = count(); }")?.kill()?;
        let span = started.elapsed().as_millis() as u64 * 3 / 2;
        let mut while_ready = 0;
        let started = Instant::now();
        for n in 0..kills {
            let tracer = Tracer::start(
                r#"BEGIN { printf("ready\n"); } fbt:::,syscall::: { @[probefunc] = count(); }"#,
                OUTPUT,
            )?;
            sleep(Duration::from_millis(dice.below(span)));
            while_ready += u32::from(tracer.said()?.contains("ready"));
            tracer.kill()?;
            self.audit.check()?;
            load.check()?;
            far("kill -9", n + 1, kills, started);
        }
        load.stop()?;
        Ok(format!(
            "{kills} times within {span} ms, {while_ready} of them with all enabled; seed {seed:#x}"
        ))
    }

    /// Its functions run until its exit has stopped them, and count themselves: the tracer must have seen each.
    fn comes_and_goes(&self) -> io::Result<String> {
        const SCRIPT: &str = r#"fbt:probed::entry,fbt:probed::return { @all = count(); }
            fbt:probed:probed_step:entry { @entries = count(); } fbt:probed:probed_step:return { @returns = count(); }
            fbt:probed:probed_faults:return { @faults = count(); }
            fbt:probed:probed_last:entry { printf("told %d %d\n", arg0, arg1); }
            END { printa("all %@d\n", @all); printa("seen %@d", @entries); printa(" %@d", @returns); printa(" %@d\n", @faults); }"#;
        let (mut calls, mut firings, mut used) = (0_u64, 0_u64, None);
        let rounds = 5 * self.scale;
        for round in 0..rounds {
            // Every other time something else is where it was before, if that can be loaded here.
            let moved = round % 2 == 1 && insert(KPROBE).is_ok();
            insert(PROBED)?;
            let tracer = Tracer::ready(SCRIPT)?;
            let errors = fs::read_to_string(errors_of(OUTPUT))?;
            if !errors.contains("may fault and be fixed up") {
                return Err(other(format!("the fixup was not seen: {errors}")));
            }
            let mut readers = Readers::start()?;
            fs::write(Readers::FILE, "1")?;
            sleep(Duration::from_millis(500));
            remove("probed")?;
            readers.stop();
            if moved {
                remove("kprobe_count")?;
            }
            tracer.stop()?;
            let said = fs::read_to_string(OUTPUT)?;
            let numbers = |what: &str| -> Vec<u64> {
                let lines = said.lines().filter_map(|l| l.strip_prefix(what));
                lines
                    .flat_map(|l| l.split_whitespace().filter_map(|w| w.parse().ok()))
                    .collect()
            };
            let [all, wrong] = numbers("told ")[..] else {
                return Err(other(format!(
                    "round {round}: its end was not seen: {said}"
                )));
            };
            if all == 0 || wrong != 0 || numbers("seen ") != [all, all, 2 * all] {
                return Err(other(format!("round {round}: {all} calls: {said}")));
            }
            calls += all;
            firings += numbers("all ").first().copied().unwrap_or(0);
            let now = module_says("slots_used")?;
            if module_says("sites_armed")? != 0 {
                return Err(other("something is planted still"));
            }
            // Of this round and of the one before: in one of them it was elsewhere.
            if round == 1 {
                used = Some(now);
            }
            if used.is_some_and(|u| now > u) {
                return Err(other(format!("{now} slots are used, {used:?} were")));
            }
        }
        Ok(format!(
            "{rounds} times, {calls} calls of it, {firings} firings, each seen"
        ))
    }

    /// It may be gone when its symbols have been read, when its text is, or when it is planted.
    fn goes_early(&self) -> io::Result<String> {
        let script = "fbt:probed:: { @ = count(); }";
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        insert(PROBED)?;
        let started = Instant::now();
        Tracer::ready(script)?.kill()?;
        remove("probed")?;
        let span = started.elapsed().as_millis() as u64 * 3 / 2;
        let rounds = 10 * self.scale;
        let (mut enabled, mut gone, mut unmatched) = (0, 0, 0);
        for _ in 0..rounds {
            insert(PROBED)?;
            fs::write(Readers::FILE, "1")?;
            let text = format!(r#"BEGIN {{ printf("ready\n"); }} {script}"#);
            let mut tracer = Tracer::start(&text, OUTPUT)?;
            sleep(Duration::from_millis(dice.below(span)));
            enabled += u32::from(tracer.said()?.contains("ready"));
            remove("probed")?;
            // At once another, or the same again, where it was.
            insert(PROBED)?;
            fs::write(Readers::FILE, "1")?;
            let deadline = Instant::now() + Duration::from_secs(600);
            while tracer.child.try_wait()?.is_none() && !tracer.said()?.contains("ready") {
                if Instant::now() > deadline {
                    return Err(other("dtrace neither began nor ended"));
                }
                sleep(Duration::from_millis(20));
            }
            let errors = fs::read_to_string(errors_of(OUTPUT))?;
            gone += u32::from(errors.contains("its module has gone meanwhile"));
            unmatched += u32::from(errors.contains("does not match any probes"));
            remove("probed")?;
            tracer.kill()?;
        }
        Ok(format!(
            "{rounds} times within {span} ms: {enabled} after it was enabled, {gone} while it was planned, {unmatched} before it was listed"
        ))
    }

    /// What a call of getppid() costs with nothing on it, and with each way of counting it; medians of rounds taken in turn.
    fn costs(&self) -> io::Result<String> {
        const ROUNDS: usize = 5;
        let thousands = 20 * self.scale;
        let measure = || -> io::Result<f64> {
            let started = Instant::now();
            let (_, program) = programs().next().ok_or_else(|| other("no load"))?;
            run_load(program, "calls", thousands)?;
            Ok(started.elapsed().as_nanos() as f64 / f64::from(thousands) / 1000.0)
        };
        let scripts = [
            ("syscall entry", "syscall::getppid:entry { @ = count(); }"),
            (
                "syscall entry and return",
                "syscall::getppid: { @ = count(); }",
            ),
            ("fbt entry", "fbt::sys_getppid:entry { @ = count(); }"),
            ("fbt entry and return", "fbt::sys_getppid: { @ = count(); }"),
        ];
        let kprobe = fs::exists(KPROBE)?;
        let mut ways: Vec<(&str, Vec<f64>)> = vec![("nothing", Vec::new())];
        ways.extend(scripts.iter().map(|(name, _)| (*name, Vec::new())));
        ways.push(("kprobe", Vec::new()));
        for _ in 0..ROUNDS {
            for (name, times) in &mut ways {
                let script = scripts.iter().find(|(n, _)| n == name);
                match script {
                    Some((_, script)) => {
                        let tracer = Tracer::ready(script)?;
                        let time = measure();
                        if tracer.stop()? < u64::from(thousands) * 1000 {
                            return Err(other(format!("{name}: not every call fired")));
                        }
                        times.push(time?);
                    }
                    None if *name == "kprobe" && kprobe => {
                        insert(KPROBE)?;
                        let time = measure();
                        rustix::system::delete_module(c"kprobe_count", 0o4000)?;
                        times.push(time?);
                    }
                    None if *name == "kprobe" => {}
                    None => times.push(measure()?),
                }
            }
        }
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied()
        };
        let medians: Vec<_> = ways
            .iter_mut()
            .map(|(name, times)| (*name, median(times)))
            .collect();
        let base = medians.first().and_then(|m| m.1).unwrap_or(0.0);
        let told = medians.iter().map(|(name, time)| match time {
            Some(time) if *name == "nothing" => format!("a call {time:.0} ns"),
            Some(time) => format!("{name} +{:.0}", time - base),
            None => format!("{name}: not there"),
        });
        Ok(told.collect::<Vec<_>>().join(", "))
    }

    fn busy(&self) -> io::Result<String> {
        let tracer = Tracer::ready("syscall:::,fbt::vfs_*: { @ = count(); }")?;
        let refused = unload_module();
        tracer.stop()?;
        match refused {
            Err(e @ (rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::BUSY)) => {
                Ok(format!("refused: {e}"))
            }
            Err(e) => Err(other(format!("delete_module: {e}"))),
            Ok(()) => Err(other("it went")),
        }
    }

    /// Tasks sleep in calls that were hooked when they began; the tracer goes, then the module, then they wake.
    fn asleep(&self) -> io::Result<String> {
        let mut told = Vec::new();
        for (width, program) in programs() {
            let tracer = Tracer::ready("syscall:::,fbt:::return { @ = count(); }")?;
            let mut load = Command::new(program)
                .args(["sleepers", "1"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            let mut word = [0; 7];
            if let Some(out) = load.stdout.as_mut() {
                out.read_exact(&mut word)?;
            }
            tracer.kill()?;
            let gone = match unload_module() {
                Ok(()) => true,
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::BUSY) if preemptible() => {
                    false
                }
                Err(e) => return Err(other(format!("delete_module: {e}"))),
            };
            if gone {
                // Something else where it was, so that who returns there is caught.
                load_module()?;
            }
            if let Some(mut input) = load.stdin.take() {
                input.write_all(b"x")?;
            }
            let out = load.wait_with_output()?;
            if !out.status.success() {
                return Err(other(format!(
                    "{width} sleepers: {}: {}",
                    out.status,
                    String::from_utf8_lossy(&out.stderr).trim()
                )));
            }
            told.push(match gone {
                true => format!("{width} sleepers return after it is gone"),
                false => format!("{width} sleepers return; it stays loaded (preemptible kernel)"),
            });
        }
        Ok(told.join("; "))
    }
}

/// Whether tasks are preempted inside this kernel: what was armed once stays loaded there.
fn preemptible() -> bool {
    fs::read_to_string("/proc/version").is_ok_and(|v| v.contains(" PREEMPT"))
}
