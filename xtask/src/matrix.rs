//! `cargo xtask matrix`: every group of tests on every kernel, as a table.
//!
//! A group is a row of [`GROUPS`]: a command, and what must come back; or a topic of the corpus, whose test program is run in the guest as it is run here, with the
//! same expected outputs. A kernel boots once and runs all of them; one that breaks is booted anew for the rest. What a kernel cannot do is data too (`not_possible`
//! in `ci/kernels.toml`), and is tried all the same: what is listed as not possible and passes is a failure, since then the list is wrong.

use crate::image::Put;
use crate::kernels::{self, Arch, Engine, Given, Row};
use crate::vm::{self, Ended, NotAvailable, Vm};
use crate::{apt, dist, kmod, sh};
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One group of tests.
pub struct Group {
    name: &'static str,
    /// Runs in the guest, where `dtrace` is along the path. Words, not a shell's line.
    command: &'static [&'static str],
    limit_s: u64,
    code: u8,
    /// All of these are in stdout.
    stdout: &'static [&'static str],
    /// All of these are in stderr.
    stderr: &'static [&'static str],
    /// stdout has at least so many lines.
    lines: usize,
    /// Lines of either that begin so are repeated below the table.
    tell: &'static [&'static str],
    /// Only for kernels where this runs our programs.
    engine: Option<Engine>,
}

const GROUP: Group = Group {
    name: "",
    command: &[],
    limit_s: 90,
    code: 0,
    stdout: &[],
    stderr: &[],
    lines: 0,
    tell: &[],
    engine: None,
};

/// A topic of the corpus: a test of the program `corpus`.
macro_rules! topic {
    ($name:literal) => {
        Group {
            name: $name,
            command: &["corpus", "--exact", "--nocapture", $name],
            limit_s: 400,
            stdout: &["test result: ok. 1 passed"],
            tell: &[concat!($name, ": ")],
            ..GROUP
        }
    };
}

/// What is tried on every kernel, from the plainest on.
pub const GROUPS: &[Group] = &[
    Group {
        name: "boot",
        command: &["uname", "-a"],
        stdout: &["Linux", "x86_64"],
        ..GROUP
    },
    Group {
        name: "version",
        command: &["dtrace", "-V"],
        stdout: &["dtrace"],
        ..GROUP
    },
    Group {
        name: "hello",
        command: &["dtrace", "-n", r#"BEGIN { printf("hello\n"); exit(0); }"#],
        stdout: &["hello\n"],
        ..GROUP
    },
    Group {
        name: "list",
        command: &["dtrace", "-l", "-P", "syscall"],
        stdout: &["openat", "entry", "return"],
        lines: 500,
        ..GROUP
    },
    Group {
        name: "openat",
        command: &[
            "dtrace",
            "-q",
            "-n",
            r#"syscall::openat:entry /pid == $target/ { printf("%s %s\n", execname, copyinstr(arg1)); }"#,
            "-c",
            "/bin/ls /etc",
        ],
        stdout: &["ls /etc\n"],
        ..GROUP
    },
    Group {
        name: "counts",
        command: &[
            "dtrace",
            "-n",
            "syscall:::entry { @[probefunc] = count(); } tick-2s { exit(0); }",
        ],
        // Init waits for its child by polling.
        stdout: &["wait4"],
        limit_s: 120,
        ..GROUP
    },
    Group {
        name: "read sizes",
        command: &[
            "dtrace",
            "-n",
            r#"syscall::read:return /execname == "head"/ { @ = quantize(arg0); }"#,
            "-c",
            "/bin/head -n 2 /etc/passwd",
        ],
        stdout: &["value", "Distribution", "|@"],
        ..GROUP
    },
    Group {
        name: "latency",
        command: &[
            "dtrace",
            "-n",
            "syscall::read:entry { self->t = timestamp; } \
             syscall::read:return /self->t/ { @[execname] = avg(timestamp - self->t); self->t = 0; }",
            "-c",
            "/bin/head -n 2 /etc/passwd",
        ],
        stdout: &["  head "],
        ..GROUP
    },
    Group {
        name: "profile",
        command: &[
            "dtrace",
            "-n",
            "profile-97 { @[stack()] = count(); } tick-1s { exit(0); }",
        ],
        stdout: &["vmlinux`"],
        lines: 5,
        ..GROUP
    },
    Group {
        name: "sdt",
        command: &[
            "dtrace",
            "-n",
            "sdt:sched::sched_switch { @[stringof(args[2]->comm)] = count(); } tick-1s { exit(0); }",
        ],
        stdout: &["swapper/"],
        lines: 3,
        ..GROUP
    },
    Group {
        name: "list all",
        command: &["dtrace", "-l"],
        stdout: &["BEGIN", "sched_switch", "vfs_read entry", "vfs_read return"],
        lines: 60_000,
        limit_s: 180,
        ..GROUP
    },
    Group {
        name: "code",
        command: &["dtrace", "-S", "-e", "-n", "BEGIN { x = 1 + 2; }"],
        stdout: &["ret"],
        ..GROUP
    },
    Group {
        name: "indented",
        command: &[
            "dtrace",
            "-F",
            "-n",
            "syscall::read: /pid == $target/ {}",
            "-c",
            "/bin/head -n 2 /etc/passwd",
        ],
        stdout: &["=> read", "<= read"],
        ..GROUP
    },
    Group {
        name: "backends",
        command: &["dtrace", "--backends"],
        stdout: &["ebpf: usable", "kmod: ", "backend=auto uses ebpf"],
        engine: Some(Engine::Ebpf),
        ..GROUP
    },
    Group {
        name: "no such engine",
        command: &["dtrace", "-x", "backend=kmod", "-n", "BEGIN { exit(0); }"],
        code: 1,
        stderr: &["kmod"],
        engine: Some(Engine::Ebpf),
        ..GROUP
    },
    Group {
        name: "fbt why not",
        command: &["dtrace", "-l", "-v", "-n", "fbt::*irqentry_ent?r:entry"],
        code: 1,
        stderr: &["irqentry_enter is on the list of what kprobes must not touch"],
        engine: Some(Engine::Ebpf),
        ..GROUP
    },
    Group {
        name: "fbt refused",
        command: &["dtrace", "-l", "-v", "-n", "fbt::notify_di?:entry"],
        code: 1,
        stderr: &["notify_die is not to be probed"],
        engine: Some(Engine::Kmod),
        ..GROUP
    },
    Group {
        name: "fbt module",
        // Loaded between two runs, the second of which sees it.
        command: &[
            "sh",
            "-c",
            r#"dtrace -l -n fbt:tun:: && exit 9
            for m in /later/*; do insmod $m || exit 8; done
            dtrace -l -n fbt:tun::entry || exit 7
            dtrace -q -n 'fbt:tun:tun_chr_open:entry { printf("opened by %s\n", execname); exit(0); }' -c '/bin/cat /dev/net/tun'"#,
        ],
        stdout: &["tun_chr_open entry", "opened by cat\n"],
        ..GROUP
    },
    Group {
        name: "fbt args",
        command: &[
            "dtrace",
            "-n",
            r#"fbt::vfs_read:entry { @[args[0]->f_path.dentry->d_name.name == 0 ? "" : stringof(args[0]->f_path.dentry->d_name.name)] = count(); }"#,
            "-c",
            "/bin/head -n 2 /etc/passwd",
        ],
        stdout: &["  passwd "],
        ..GROUP
    },
    Group {
        name: "fbt return",
        command: &[
            "dtrace",
            "-q",
            "-n",
            r#"fbt::vfs_read:return /execname == "head" && arg1 > 0 && arg1 < 100/ { printf("read %d %d\n", arg1, args[1]); }"#,
            "-c",
            "/bin/head -n 2 /etc/passwd",
        ],
        // The whole file in one read.
        stdout: &["read 67 67\n"],
        ..GROUP
    },
    Group {
        name: "fbt stack",
        command: &[
            "dtrace",
            "-q",
            "-n",
            r#"fbt::vfs_read:entry /execname == "head"/ { printf("%a\n", caller); stack(); exit(0); }"#,
            "-c",
            "/bin/head -n 2 /etc/passwd",
        ],
        stdout: &["vmlinux`ksys_read+", "vmlinux`do_syscall_64+"],
        ..GROUP
    },
    Group {
        name: "fbt some",
        command: &[
            "dtrace",
            "-v",
            "-n",
            "fbt::vfs_read*:entry,fbt::vfs_write*:entry { @[probefunc] = count(); } tick-1s { exit(0); }",
        ],
        stdout: &["vfs_write"],
        tell: &["dtrace: attached", "dtrace: detached"],
        limit_s: 180,
        ..GROUP
    },
    Group {
        name: "fbt all",
        command: &[
            "dtrace",
            "-v",
            "-n",
            "fbt:::entry { @[probefunc] = count(); } tick-3s { exit(0); }",
            // An idle guest need not read anything.
            "-c",
            "/bin/head -n 1 /etc/passwd",
        ],
        stdout: &["vfs_read"],
        tell: &["dtrace: attached", "dtrace: detached"],
        limit_s: 300,
        ..GROUP
    },
    // What the device refuses, and that it changes nothing.
    Group {
        name: "device",
        command: &["kmod-device", "--nocapture"],
        stdout: &["test result: ok."],
        limit_s: 120,
        engine: Some(Engine::Kmod),
        ..GROUP
    },
    topic!("actions"),
    topic!("aggs"),
    topic!("arith"),
    topic!("assoc"),
    topic!("builtins"),
    topic!("errors"),
    topic!("exit"),
    topic!("flow"),
    topic!("guide"),
    topic!("options"),
    topic!("predicates"),
    topic!("printa"),
    topic!("printf"),
    topic!("probes"),
    topic!("quantize"),
    topic!("strings"),
    topic!("ternary"),
    topic!("vars"),
    topic!("limits"),
    topic!("symbols"),
    topic!("print"),
    topic!("process"),
    topic!("spec"),
    // Random D programs: none that the compiler accepts may be refused.
    Group {
        name: "generated",
        command: &[GENERATED, "--nocapture"],
        limit_s: 600,
        stdout: &["test result: ok. 3 passed"],
        tell: &["NOTE generated"],
        ..GROUP
    },
    // After all of the above, with no probe planted: everything is as it was before the module was loaded.
    Group {
        name: "audit",
        command: &[
            "sh",
            "-c",
            "dtrace --kmod status -v | grep -v ': '; dtrace --kmod status -v | grep audit",
        ],
        stdout: &[
            "consumers        0",
            "0 planted",
            "0 table entries hooked",
            "IDT at",
            "kernel text at",
            "as it was",
        ],
        tell: &["  firings", "  misses", "  drops"],
        limit_s: 120,
        engine: Some(Engine::Kmod),
        ..GROUP
    },
    Group {
        name: "unload",
        command: &["dtrace", "--kmod", "unload"],
        stdout: &["unloaded"],
        engine: Some(Engine::Kmod),
        ..GROUP
    },
];

/// How large and how many the random programs are in a guest: as the caller's environment says, else so that an emulated CPU goes
/// through them while CI waits. `tracer-user/tests/generated.rs` says what each is.
const AMOUNTS: [(&str, u32); 3] = [
    ("GENERATED_CLAUSES", 150),
    ("GENERATED_EACH", 10),
    ("GENERATED_SMALL", 1850),
];

/// The test program of random D programs.
const GENERATED: &str = "generated";

/// What came of one group on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    /// With what there is to tell.
    Pass(Vec<String>),
    Fail(String),
    /// Known, with the reason that the row gives.
    NotPossible(String),
    /// The kernel can't be had.
    NotAvailable(String),
}

/// Where a guest has `dtrace`.
pub fn dtrace_file(host: &Path) -> Put {
    Put {
        host: host.into(),
        guest: "/bin/dtrace".into(),
    }
}

/// `cargo xtask matrix [--kernel name]… [--engine ebpf|kmod] [--group name]… [--minutes N]`: what has not begun by then
/// is not tried any more, and reported as that.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let (mut only_kernels, mut only_groups) = (Vec::new(), Vec::new());
    let (mut only_engine, mut minutes) = (None, None);
    for pair in args.chunks(2) {
        match pair {
            [flag, name] if flag == "--kernel" => only_kernels.push(kernels::row(name)?.name),
            [flag, name] if flag == "--group" => only_groups.push(name.as_str()),
            [flag, name] if flag == "--engine" && name == "ebpf" => {
                only_engine = Some(Engine::Ebpf)
            }
            [flag, name] if flag == "--engine" && name == "kmod" => {
                only_engine = Some(Engine::Kmod)
            }
            [flag, n] if flag == "--minutes" => {
                minutes = Some(n.parse().context("--minutes takes a number")?);
            }
            _ => bail!(
                "usage: cargo xtask matrix [--kernel name] [--engine ebpf|kmod] [--group name] [--minutes N]"
            ),
        }
    }
    if let Some(unknown) = only_groups
        .iter()
        .find(|n| !GROUPS.iter().any(|g| g.name == **n))
    {
        bail!(
            "no group `{unknown}`; there are {}",
            GROUPS.iter().map(|g| g.name).collect::<Vec<_>>().join(", ")
        );
    }
    if let Err(why) = apt::vm() {
        // No machine to boot a kernel on: as with a kernel that can't be had, that is said, and is no failure of ours.
        println!("no row is available here: {why:#}\n0 passed, 0 failed, 1 skipped");
        return Ok(ExitCode::SUCCESS);
    }
    let groups: Vec<&Group> = GROUPS
        .iter()
        .filter(|g| only_groups.is_empty() || only_groups.contains(&g.name))
        .collect();
    let mut files = vec![dtrace_file(&dist::build_static("tracer-user", "dtrace")?)];
    if groups.iter().any(|g| g.is_topic()) {
        files.extend(corpus()?);
    }
    if groups.iter().any(|g| g.is_generated()) {
        files.push(Put {
            host: dist::build_static_test("tracer-user", GENERATED)?,
            guest: format!("/bin/{GENERATED}"),
        });
    }
    let mut rows = kernels::rows()?;
    rows.retain(|r| only_kernels.is_empty() || only_kernels.contains(&r.name));
    rows.retain(|r| only_engine.is_none_or(|e| e == r.engine));
    let mut files = Files {
        all: files,
        module: Vec::new(),
    };
    if rows.iter().any(|r| r.engine == Engine::Kmod) {
        files.module.push(Put {
            host: dist::build_static_test("legacy-kmod", "device")?,
            guest: "/bin/kmod-device".into(),
        });
    }
    let started = Instant::now();
    let until = minutes.and_then(|m: u64| started.checked_add(Duration::from_secs(60 * m)));
    let table = try_all(&rows, &groups, &files, until);
    let took = started.elapsed();
    let text = show(&groups, &table);
    let _ = std::fs::write(sh::root().join("target/vm/matrix.md"), &text);
    print!("{text}");
    let count = |is: fn(&Cell) -> bool| {
        table
            .iter()
            .flat_map(|(_, cells)| cells)
            .filter(|c| is(c))
            .count()
    };
    let failed = count(|c| matches!(c, Cell::Fail(_)));
    let passed = count(|c| matches!(c, Cell::Pass(_)));
    let rest = count(|c| matches!(c, Cell::NotPossible(_) | Cell::NotAvailable(_)));
    println!("{} rows in {:.0} s", table.len(), took.as_secs_f64());
    println!("{passed} passed, {failed} failed, {rest} skipped");
    let available = rest > count(|c| matches!(c, Cell::NotAvailable(_)));
    // That no kernel can be had is said in the table.
    Ok(if failed == 0 && (passed > 0 || !available) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What guests get.
struct Files {
    all: Vec<Put>,
    /// Only where the module runs our programs.
    module: Vec<Put>,
}

/// Where a guest has the module.
const MODULE: &str = "/dtrace.ko";

/// Where a guest has the corpus.
const CORPUS: &str = "/corpus";

/// The corpus and the program that runs it, for a guest.
fn corpus() -> Result<Vec<Put>> {
    let mut files = vec![Put {
        host: dist::build_static_test("tracer-user", "corpus")?,
        guest: "/bin/corpus".into(),
    }];
    let top = sh::root().join("dsl/tests/d");
    for topic in GROUPS.iter().filter(|g| g.is_topic()) {
        let dir = top.join(topic.name);
        for entry in std::fs::read_dir(&dir).with_context(|| format!("no {}", dir.display()))? {
            let host = entry?.path();
            if let Some(name) = host.file_name().and_then(|n| n.to_str()) {
                let guest = format!("{CORPUS}/{}/{name}", topic.name);
                files.push(Put { host, guest });
            }
        }
    }
    Ok(files)
}

impl Group {
    fn is_topic(&self) -> bool {
        self.command.first() == Some(&"corpus")
    }

    fn is_generated(&self) -> bool {
        self.command.first() == Some(&GENERATED)
    }

    /// What the guest is to run. Single programs of the corpus may be known not to be possible there, or left out.
    fn words(&self, row: &Row, slowness: u32) -> Vec<String> {
        let programs = |list: &BTreeMap<String, String>| {
            let programs: Vec<&str> = list
                .keys()
                .map(String::as_str)
                .filter(|k| k.contains('/'))
                .collect();
            programs.join(" ")
        };
        let mut words = vec!["env".to_owned()];
        if row.engine == Engine::Kmod {
            // Also where the kernel has eBPF.
            words.push("DTRACE_OPT_BACKEND=kmod".to_owned());
        }
        if self.is_topic() || self.is_generated() {
            words.push("DTRACE_TEST_COMMAND=/bin/dtrace".to_owned());
            words.push(format!("DTRACE_TEST_CORPUS={CORPUS}"));
            // As with the group's limit: of later, the boot says little.
            words.push(format!("DTRACE_TEST_SLOWNESS={}", slowness * 3));
            for (name, usual) in AMOUNTS {
                let value = std::env::var(name).unwrap_or_else(|_| usual.to_string());
                words.push(format!("{name}={value}"));
            }
            if row.loses.is_some() {
                words.push("DTRACE_TEST_LOSES=1".to_owned());
            }
            words.push(format!("DTRACE_TEST_KNOWN={}", programs(&row.not_possible)));
            words.push(format!("DTRACE_TEST_LEAVE={}", programs(&row.too_slow)));
        }
        words.extend(self.command.iter().map(|w| (*w).to_string()));
        words
    }
}

/// A kernel with all that its tests need: the module built for it and loaded, where it is what runs our programs.
fn boot(row: &Row, files: &Files) -> Result<Vm> {
    if row.arch != Arch::X86_64 {
        let why = "the tests are built for x86-64 alone: `cargo xtask survive` and `vm` are what runs there";
        return Err(anyhow!(NotAvailable(why.to_owned())));
    }
    if row.engine != Engine::Kmod {
        return vm::boot(row, &Given::default(), &files.all);
    }
    let kernel = row
        .get(&Given::default())
        .map_err(|error| anyhow!(NotAvailable(format!("{error:#}"))))?;
    let mut files = [&files.all[..], &files.module].concat();
    files.push(Put {
        host: kmod::build(&kernel)?,
        guest: MODULE.into(),
    });
    let mut vm = vm::boot(row, &Given::default(), &files)?;
    let words = ["dtrace", "--kmod", "load", MODULE].map(str::to_owned);
    let loaded = vm.run(&words, Duration::from_secs(120) * vm.slowness())?;
    if loaded.code() != Some(0) {
        bail!("loading the module: {}", loaded.text().trim());
    }
    Ok(vm)
}

/// All groups on all kernels, as many side by side as there are cores.
fn try_all(
    rows: &[Row],
    groups: &[&Group],
    files: &Files,
    until: Option<Instant>,
) -> Vec<(String, Vec<Cell>)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    // The newest kernels take longest: from the end, so that no core waits for one of them at the last. The module's rows come
    // last: it is there for kernels that are not among them.
    let mut order: Vec<(usize, &Row)> = rows.iter().enumerate().rev().collect();
    order.sort_by_key(|(_, row)| row.engine == Engine::Kmod);
    std::thread::scope(|s| {
        for _ in 0..vm::most_at_once().min(rows.len()) {
            s.spawn(|| {
                while let Some(&(n, row)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let cells = try_kernel(row, groups, files, until);
                    if let Ok(mut done) = done.lock() {
                        done.insert(n, (row.name.clone(), cells));
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(|e| e.into_inner());
    done.into_values().collect()
}

/// All groups on one kernel, in as few boots as it takes.
fn try_kernel(row: &Row, groups: &[&Group], files: &Files, until: Option<Instant>) -> Vec<Cell> {
    let row_started = Instant::now();
    let mut cpu = Duration::ZERO;
    let mut guest: Option<Vm> = None;
    let mut cells = Vec::new();
    for group in groups {
        let known = row.not_possible.get(group.name);
        if group.engine.is_some_and(|e| e != row.engine) {
            let reason = "a test of another engine".to_owned();
            cells.push(Cell::NotPossible(reason));
            continue;
        }
        if let Some(reason) = row.too_slow.get(group.name) {
            cells.push(Cell::NotPossible(format!("not tried: {reason}")));
            continue;
        }
        // What was done is audited, however little it was.
        let audit = group.engine == Some(Engine::Kmod) && guest.is_some();
        if !audit && until.is_some_and(|until| Instant::now() > until) {
            let reason = "not tried: no time was left (--minutes)".to_owned();
            cells.push(Cell::NotPossible(reason));
            continue;
        }
        if guest.is_none() {
            match boot(row, files) {
                Ok(vm) => {
                    eprintln!(
                        "xtask: {}: {} is up after {:.1} s",
                        row.name,
                        vm.release,
                        vm.boot.as_secs_f64()
                    );
                    cpu += vm.cpu().unwrap_or_default();
                    guest = Some(vm);
                }
                Err(error) => {
                    let text = format!("{error:#}");
                    let cell = if error.is::<NotAvailable>() {
                        Cell::NotAvailable(text)
                    } else {
                        Cell::Fail(text)
                    };
                    // It would boot no better for the next group.
                    cells.resize(groups.len(), cell);
                    return cells;
                }
            }
        }
        let Some(vm) = guest.as_mut() else { continue };
        let slowness = vm.slowness();
        // How busy the machine was at boot says little of later: a hang is noticed late rather than a slow run called one.
        let limit = Duration::from_secs(group.limit_s) * slowness * 4;
        let (started, cpu_before) = (Instant::now(), vm.cpu());
        let ended = vm.run(&group.words(row, slowness), limit);
        let cpu_of_it = vm
            .cpu()
            .zip(cpu_before)
            .map_or(Duration::ZERO, |(a, b)| a - b);
        cpu += cpu_of_it;
        let mut text = String::new();
        let verdict = match ended {
            Ok(ended) => {
                save(row, group, &ended);
                text = ended.text();
                judge(group, &ended).map(|()| told(group, &ended))
            }
            Err(error) => {
                guest = None;
                Err(format!("{error:#}"))
            }
        };
        eprintln!(
            "xtask: {}: {}: {} ({:.1} s, {:.1} s of CPU)",
            row.name,
            group.name,
            match &verdict {
                Ok(_) => "pass",
                Err(why) => why,
            },
            started.elapsed().as_secs_f64(),
            cpu_of_it.as_secs_f64()
        );
        let cell = cell(verdict, known);
        if matches!(cell, Cell::Fail(_)) {
            eprintln!("{}", excerpt(&text));
        }
        cells.push(cell);
    }
    if let Some(vm) = guest {
        vm.off();
    }
    eprintln!(
        "xtask: {} took {:.0} s, {:.0} s of CPU",
        row.name,
        row_started.elapsed().as_secs_f64(),
        cpu.as_secs_f64()
    );
    cells
}

/// All that a command printed, for whoever wants to know why it did not pass.
fn save(row: &Row, group: &Group, ended: &Ended) {
    let name = format!(
        "target/vm/{}-{}.out",
        row.name,
        group.name.replace(' ', "-")
    );
    let _ = std::fs::write(
        sh::root().join(name),
        format!("{}\n{}", ended.how, ended.text()),
    );
}

/// What came back from a group that failed: where it was run, the file with all of it may be gone by now.
fn excerpt(text: &str) -> String {
    const LINES: usize = 60;
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let rest = lines.len().saturating_sub(LINES);
    let mut shown = lines.get(rest..).unwrap_or_default().join("\n    ");
    if rest > 0 {
        shown = format!("({rest} lines before these)\n    {shown}");
    }
    format!("    {shown}")
}

/// The lines that are worth repeating.
fn told(group: &Group, ended: &Ended) -> Vec<String> {
    let text = ended.text();
    let lines = text
        .lines()
        .filter(|l| group.tell.iter().any(|t| l.starts_with(t)));
    lines
        .map(|l| l.trim_start_matches("dtrace: ").to_owned())
        .collect()
}

/// Whether what came back is what the group expects; if not, why.
fn judge(group: &Group, ended: &Ended) -> Result<(), String> {
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let stderr = String::from_utf8_lossy(&ended.stderr);
    let seen = || {
        let text = ended.text();
        let cases: Vec<&str> = text.lines().filter(|l| l.ends_with(".d")).collect();
        if group.is_topic() && !cases.is_empty() {
            return cases.join(" ");
        }
        let text: Vec<&str> = text
            .lines()
            .filter(|l| !l.trim().is_empty())
            .take(3)
            .collect();
        text.join(" / ")
    };
    if ended.code() != Some(group.code) {
        return Err(format!("{}: {}", ended.how, seen()));
    }
    for (what, text, wanted) in [
        ("output", &stdout, group.stdout),
        ("standard error", &stderr, group.stderr),
    ] {
        if let Some(missing) = wanted.iter().find(|n| !text.contains(**n)) {
            return Err(format!("no {missing:?} in its {what}: {}", seen()));
        }
    }
    if stdout.lines().count() < group.lines {
        return Err(format!(
            "{} lines, not {}: {}",
            stdout.lines().count(),
            group.lines,
            seen()
        ));
    }
    Ok(())
}

fn cell(verdict: Result<Vec<String>, String>, known: Option<&String>) -> Cell {
    match (verdict, known) {
        (Ok(told), None) => Cell::Pass(told),
        (Ok(_), Some(reason)) => {
            Cell::Fail(format!("passes, but is listed as not possible: {reason}"))
        }
        (Err(_), Some(reason)) => Cell::NotPossible(reason.clone()),
        (Err(why), None) => Cell::Fail(why),
    }
}

/// The table (kernels across, groups down), and a line for everything in it that is not just a pass.
fn show(groups: &[&Group], table: &[(String, Vec<Cell>)]) -> String {
    let mut text = String::from("| group |");
    for (name, _) in table {
        text.push_str(&format!(" {name} |"));
    }
    text.push_str(&format!("\n|---|{}\n", "---|".repeat(table.len())));
    let mut notes = Vec::new();
    for (n, group) in groups.iter().enumerate() {
        text.push_str(&format!("| {} |", group.name));
        for (name, cells) in table {
            let Some(cell) = cells.get(n) else { continue };
            let (word, why) = match cell {
                Cell::Pass(told) => ("pass", told.join("; ")),
                Cell::Fail(why) => ("FAIL", why.clone()),
                Cell::NotPossible(why) => ("not possible", why.clone()),
                Cell::NotAvailable(why) => ("not available", why.clone()),
            };
            text.push_str(&format!(" {word} |"));
            if !why.is_empty() {
                notes.push(match cell {
                    Cell::NotAvailable(_) => format!("{name}: {why}"),
                    _ => format!("{name}: {}: {word}: {why}", group.name),
                });
            }
        }
        text.push('\n');
    }
    text.push('\n');
    let mut said = std::collections::HashSet::new();
    for note in notes.iter().filter(|n| said.insert(*n)) {
        text.push_str(note);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_failure_that_passes_is_a_failure() {
        let reason = "no kprobes".to_string();
        assert_eq!(cell(Ok(vec![]), None), Cell::Pass(vec![]));
        assert!(matches!(cell(Ok(vec![]), Some(&reason)), Cell::Fail(_)));
        assert_eq!(
            cell(Err("x".into()), Some(&reason)),
            Cell::NotPossible(reason.clone())
        );
        assert_eq!(cell(Err("x".into()), None), Cell::Fail("x".into()));
    }

    #[test]
    fn output_is_judged_by_all_that_is_expected() {
        let group = Group {
            name: "g",
            stdout: &["a", "b"],
            lines: 2,
            ..GROUP
        };
        let ended = |how: &str, out: &str| Ended {
            how: how.into(),
            stdout: out.into(),
            ..Ended::default()
        };
        assert!(judge(&group, &ended("exit 0", "a\nb\n")).is_ok());
        for (how, out) in [
            ("exit 1", "a\nb\n"),
            ("limit", "a\nb\n"),
            ("exit 0", "a\n\n"),
            ("exit 0", "ab\n"),
        ] {
            assert!(judge(&group, &ended(how, out)).is_err(), "{how} {out:?}");
        }
    }

    #[test]
    fn every_topic_of_the_corpus_is_a_group() {
        for entry in std::fs::read_dir(sh::root().join("dsl/tests/d")).unwrap() {
            let dir = entry.unwrap().path();
            let outputs = |f: std::io::Result<std::fs::DirEntry>| {
                f.is_ok_and(|f| f.path().extension().is_some_and(|e| e == "out"))
            };
            if dir.is_dir() && std::fs::read_dir(&dir).unwrap().any(outputs) {
                let name = dir.file_name().unwrap().to_string_lossy().into_owned();
                assert!(
                    GROUPS.iter().any(|g| g.is_topic() && g.name == name),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn every_known_limit_names_a_group() {
        for row in kernels::rows().unwrap() {
            for name in row.not_possible.keys().chain(row.too_slow.keys()) {
                let program = sh::root().join("dsl/tests/d").join(name);
                assert!(
                    GROUPS.iter().any(|g| g.name == name) || program.is_file(),
                    "{}: {name}",
                    row.name
                );
            }
        }
    }
}
