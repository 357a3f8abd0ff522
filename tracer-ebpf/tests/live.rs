//! Hand-made images on the running kernel. They need root and BPF; without, each says so and is skipped.

#![cfg(feature = "live")]

use dsl::program::{AggFunc, AggId, ClauseId, KeyType, ProbeDesc};
use dsl::source::Span;
use std::time::{Duration, Instant};
use tracer_ebpf::backend::{Backend, BackendError, LoadOptions, Session};
use tracer_ebpf::image::*;
use tracer_ebpf::live::{EbpfBackend, sys};

/// The engine, or a skip.
fn engine(test: &str) -> Option<EbpfBackend> {
    EbpfBackend::new()
        .inspect_err(|e| println!("SKIP {test}: {e}"))
        .ok()
}

const STATE: MapIx = MapIx(0);
const DROPS: MapIx = MapIx(1);
const RING: MapIx = MapIx(2);
const DATA: MapIx = MapIx(3);

fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    Insn {
        code,
        regs: dst | src << 4,
        off,
        imm,
    }
}

fn value_address(dst: u8, map: MapIx, off: i32) -> [Insn; 2] {
    [
        insn(0x18, dst, PSEUDO_MAP_VALUE, 0, map.0 as i32),
        insn(0, 0, 0, 0, off),
    ]
}

fn map_address(dst: u8, map: MapIx) -> [Insn; 2] {
    [
        insn(0x18, dst, PSEUDO_MAP, 0, map.0 as i32),
        insn(0, 0, 0, 0, 0),
    ]
}

const EXIT: [Insn; 2] = [
    Insn {
        code: 0xb7,
        regs: 0,
        off: 0,
        imm: 0,
    },
    Insn {
        code: 0x95,
        regs: 0,
        off: 0,
        imm: 0,
    },
];

/// Saves the context in r9 and leaves unless the phase is right; with `nr`, also unless `ctx[1]` is that and the caller is
/// this process.
fn only(phase: Phase, nr: Option<i64>, body: &[Insn]) -> Vec<Insn> {
    let mut code = vec![insn(0xbf, 9, 1, 0, 0)];
    code.extend(value_address(1, STATE, 0));
    code.push(insn(0x61, 1, 1, 0, 0));
    let skip = body.len() as i16;
    let guard = if nr.is_some() { 5 } else { 0 };
    code.push(insn(0x55, 1, 0, skip + guard, phase as i32));
    if let Some(nr) = nr {
        code.push(insn(0x79, 1, 9, 8, 0));
        code.push(insn(0x55, 1, 0, skip + 3, nr as i32));
        // Others on this machine make the same calls.
        code.push(insn(0x85, 0, 0, 0, 14)); // get_current_pid_tgid
        code.push(insn(0x77, 0, 0, 0, 32));
        code.push(insn(0x55, 0, 0, skip, std::process::id() as i32));
    }
    code.extend(body);
    code.extend(EXIT);
    code
}

/// Adds 1 to the first word of this CPU's only element of DATA.
fn count() -> Vec<Insn> {
    let mut code = vec![
        insn(0x62, 10, 0, -4, 0),
        insn(0xbf, 2, 10, 0, 0),
        insn(0x07, 2, 0, 0, -4),
    ];
    code.extend(map_address(1, DATA));
    code.push(insn(0x85, 0, 0, 0, 1));
    code.push(insn(0x15, 0, 0, 2, 0));
    code.push(insn(0xb7, 1, 0, 0, 1));
    code.push(insn(0xdb, 0, 1, 0, 0));
    code
}

/// Writes a record of 16 bytes: a word, then the value of r8.
fn record(first: i32) -> Vec<Insn> {
    let mut code = vec![
        insn(0x7a, 10, 0, -16, first),
        insn(0x7b, 10, 8, -8, 0),
        insn(0xbf, 2, 10, 0, 0),
        insn(0x07, 2, 0, 0, -16),
        insn(0xb7, 3, 0, 0, 16),
        insn(0xb7, 4, 0, 0, 1), // BPF_RB_NO_WAKEUP
    ];
    code.extend(map_address(1, RING));
    code.push(insn(0x85, 0, 0, 0, 130));
    code
}

fn map(name: &str, kind: MapKind, key: u32, value: u32, entries: u32) -> MapDef {
    MapDef {
        name: name.to_owned(),
        kind,
        key_size: key,
        value_size: value,
        max_entries: entries,
        no_prealloc: false,
        rodata: false,
        init: Vec::new(),
    }
}

fn image(progs: Vec<Prog>, ring: u32) -> Image {
    Image {
        progs,
        maps: vec![
            map("state", MapKind::Array, 4, 16, 1),
            map("drops", MapKind::PercpuArray, 4, 8, DROP_KINDS),
            map("ring", MapKind::Ringbuf, 0, 0, ring),
            map("data", MapKind::PercpuArray, 4, 8, 1),
        ],
        state: STATE,
        drops: DROPS,
        ring: RING,
        log: None,
        records: Vec::new(),
        aggs: vec![AggLayout {
            map: DATA,
            func: AggFunc::Count,
            keys: Vec::new(),
            key_size: 0,
            words: 1,
        }],
        probes: Vec::new(),
        epids: Vec::new(),
    }
}

fn prog(name: &str, kind: ProgKind, insns: Vec<Insn>) -> Prog {
    Prog {
        name: name.to_owned(),
        kind,
        probes: Vec::new(),
        insns,
        subprogs: Vec::new(),
        called: None,
        lines: Vec::new(),
    }
}

fn place(c: ClauseId, _: Span) -> String {
    format!("clause {}", c.0)
}

fn load(engine: &EbpfBackend, image: &Image) -> Result<Box<dyn Session>, BackendError> {
    engine.load(
        image,
        &LoadOptions {
            place: &place,
            debug: false,
            cpu: None,
        },
    )
}

fn counted(s: &mut dyn Session) -> i64 {
    let entries = s.aggregate(AggId(0)).unwrap();
    entries.first().map_or(0, |e| e.data[0])
}

fn getppid(times: u32) {
    for _ in 0..times {
        std::hint::black_box(rustix::process::getppid());
    }
}

/// Only this test binary calls getppid that often; others may once.
fn counts_getppid(kind: ProgKind) {
    let Some(engine) = engine("counts_getppid") else {
        return;
    };
    let _alone = GETPPID.lock().unwrap_or_else(|e| e.into_inner());
    let code = only(Phase::Active, Some(libc::SYS_getppid), &count());
    let mut s = load(&engine, &image(vec![prog("count", kind, code)], 4096)).unwrap();
    getppid(100);
    assert_eq!(counted(&mut *s), 0, "fired before go");
    s.go().unwrap();
    let before = counted(&mut *s);
    getppid(100_000);
    let got = counted(&mut *s) - before;
    assert_eq!(got, 100_000);
    s.agg_reset(AggId(0), None).unwrap();
    assert!(s.aggregate(AggId(0)).unwrap().is_empty());
    s.stop().unwrap();
    getppid(100);
    assert_eq!(counted(&mut *s), 0, "fired after stop");
    assert_eq!(s.drops().unwrap().kernel_misses, 0);
}

/// Tests that count getppid calls exclude each other while they do.
static GETPPID: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[test]
fn raw_tracepoint_counts_exactly() {
    counts_getppid(ProgKind::RawTracepoint {
        name: "sys_enter".to_owned(),
    });
}

#[test]
fn typed_tracepoint_counts_exactly() {
    counts_getppid(ProgKind::BtfTracepoint {
        name: "sys_enter".to_owned(),
    });
}

#[test]
fn timer_keeps_its_rate() {
    let Some(engine) = engine("timer_keeps_its_rate") else {
        return;
    };
    let kind = ProgKind::Timer {
        period_ns: 1_000_000_000 / 997,
        per_cpu: false,
    };
    let code = only(Phase::Active, None, &count());
    // A virtual machine may be kept from its CPUs, and then a timer's firings are lost, whoever set it. So what is asked for is
    // what a thread gets that sleeps for the same period, at a priority that nothing here is above; and in one second of three.
    let mut off = Vec::new();
    for _ in 0..3 {
        let mut s = load(
            &engine,
            &image(vec![prog("tick", kind.clone(), code.clone())], 4096),
        )
        .unwrap();
        s.go().unwrap();
        let start = Instant::now();
        let awake = wakes(Duration::from_nanos(1_000_000_000 / 997), start);
        let most = start.elapsed().as_secs_f64() * 997.0 * 1.02 + 2.0;
        s.stop().unwrap();
        let got = counted(&mut *s) as f64;
        println!("{got} firings, a thread woke {awake} times, at most {most:.0} are right");
        if got >= awake as f64 * 0.9 && got <= most {
            return;
        }
        off.push((got, awake, most));
    }
    panic!("firings, a thread's wakes, and the most that is right: {off:?}");
}

/// How often a thread of the highest priority wakes in a second when it sleeps to the next multiple of `period`.
fn wakes(period: Duration, start: Instant) -> u32 {
    let run = move || {
        let param = libc::sched_param { sched_priority: 50 };
        // SAFETY: the parameter is ours and outlives the call; the calling thread alone is changed. A refusal (no
        // privilege) leaves an ordinary thread, which wakes less often: the test asks for less then.
        unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &param) };
        let mut n = 0;
        loop {
            let gone = start.elapsed();
            if gone >= Duration::from_secs(1) {
                return n;
            }
            let next = period * (gone.div_duration_f64(period) as u32 + 1);
            std::thread::sleep(next.saturating_sub(gone));
            n += 1;
        }
    };
    std::thread::spawn(run).join().expect("sleeps")
}

#[test]
fn ring_loses_nothing() {
    let Some(engine) = engine("ring_loses_nothing") else {
        return;
    };
    // r8 = the firing's number, counted in the state map behind the phase.
    let mut body = Vec::from(value_address(7, STATE, 8));
    body.push(insn(0x79, 8, 7, 0, 0));
    body.push(insn(0x07, 8, 0, 0, 1));
    body.push(insn(0x7b, 7, 8, 0, 0));
    body.extend(record(7));
    let code = only(Phase::Active, Some(libc::SYS_getegid), &body);
    let kind = ProgKind::RawTracepoint {
        name: "sys_enter".to_owned(),
    };
    let mut s = load(&engine, &image(vec![prog("rec", kind, code)], 1 << 20)).unwrap();
    s.go().unwrap();
    let mut next = 1;
    for _ in 0..100 {
        for _ in 0..1000 {
            std::hint::black_box(rustix::process::getegid());
        }
        s.poll(&mut |r| {
            assert_eq!(r.len(), 16);
            assert_eq!(u64::from_ne_bytes(r[..8].try_into().unwrap()), 7);
            assert_eq!(u64::from_ne_bytes(r[8..].try_into().unwrap()), next);
            next += 1;
        })
        .unwrap();
    }
    assert!(next > 100_000, "only {next} records");
    assert_eq!(
        s.drops().unwrap().per_cpu.iter().map(|c| c[0]).sum::<u64>(),
        0
    );
}

#[test]
fn begin_and_end_in_order() {
    let Some(engine) = engine("begin_and_end_in_order") else {
        return;
    };
    let run = |phase, n| {
        let mut body = vec![insn(0xb7, 8, 0, 0, n)];
        body.extend(record(n));
        prog("run", ProgKind::TestRun { phase }, only(phase, None, &body))
    };
    let progs = vec![
        run(Phase::End, 4),
        run(Phase::Begin, 1),
        run(Phase::Begin, 2),
        run(Phase::End, 5),
    ];
    let mut s = load(&engine, &image(progs, 4096)).unwrap();
    let mut seen = Vec::new();
    s.go().unwrap();
    s.poll(&mut |r| seen.push(r[0])).unwrap();
    assert_eq!(seen, [1, 2]);
    s.stop().unwrap();
    s.stop().unwrap();
    s.poll(&mut |r| seen.push(r[0])).unwrap();
    assert_eq!(seen, [1, 2, 4, 5]);
}

#[test]
fn keyed_aggregation_is_read_in_batches() {
    let Some(engine) = engine("keyed_aggregation_is_read_in_batches") else {
        return;
    };
    let mut img = image(Vec::new(), 4096);
    let mut def = map("keyed", MapKind::PercpuHash, 8, 8, 20_000);
    def.init = (0..10_000_u64)
        .map(|i| (i.to_ne_bytes().to_vec(), i.to_ne_bytes().to_vec()))
        .collect();
    img.maps.push(def);
    img.aggs[0] = AggLayout {
        map: MapIx(4),
        func: AggFunc::Max,
        keys: vec![KeyField {
            off: 0,
            ty: KeyType::Int {
                size: 8,
                signed: false,
            },
            bytes: 8,
        }],
        key_size: 8,
        words: 1,
    };
    let mut s = load(&engine, &img).unwrap();
    let start = Instant::now();
    let mut got = s.aggregate(AggId(0)).unwrap();
    println!("10,000 elements in {:?}", start.elapsed());
    assert_eq!(got.len(), 10_000);
    got.sort_by_key(|e| u64::from_ne_bytes(e.key.clone().try_into().unwrap()));
    for (i, e) in got.iter().enumerate() {
        assert_eq!(e.data, [(i as u64 ^ 1 << 63) as i64]);
    }
    s.agg_reset(AggId(0), Some(&[got[5].key.clone()])).unwrap();
    assert_eq!(s.aggregate(AggId(0)).unwrap().len(), 9_999);
    s.agg_reset(AggId(0), None).unwrap();
    assert_eq!(s.aggregate(AggId(0)).unwrap().len(), 0);
}

#[test]
fn subprograms_and_the_clause_of_a_refused_one() {
    let Some(engine) = engine("subprograms") else {
        return;
    };
    // main: r1 = ctx[0]; call b; exit. a: return. b: *(r1) unless `good`; call a; exit.
    let make = |good: bool| {
        let mut p = prog(
            "subs",
            ProgKind::RawTracepoint {
                name: "sys_enter".to_owned(),
            },
            vec![
                insn(0x79, 1, 1, 8, 0),
                insn(0x85, 0, PSEUDO_CALL, 0, 3),
                EXIT[0],
                EXIT[1],
                // a
                EXIT[0],
                // b is at 6; a ends with:
                EXIT[1],
            ],
        );
        p.insns[1].imm = 4;
        p.subprogs = [(4, "a"), (6, "b")]
            .map(|(start, name)| Subprog {
                start,
                name: name.to_owned(),
                global: false,
            })
            .to_vec();
        p.insns.push(match good {
            true => insn(0xbf, 2, 1, 0, 0),
            false => insn(0x79, 2, 1, 0, 0),
        });
        p.insns.push(insn(0x85, 0, PSEUDO_CALL, 0, -4));
        p.insns.extend(EXIT);
        p.lines = vec![
            (0, ClauseId(0), Span::default()),
            (4, ClauseId(1), Span::default()),
            (6, ClauseId(2), Span::default()),
        ];
        image(vec![p], 4096)
    };
    load(&engine, &make(true)).unwrap();
    let Err(BackendError::Verifier { place, reason, log }) = load(&engine, &make(false)) else {
        panic!("a load from a scalar was accepted");
    };
    assert_eq!(place, "clause 2");
    assert!(reason.contains("invalid mem access"), "{reason}");
    assert!(
        std::fs::read_to_string(&log)
            .unwrap()
            .contains("invalid mem access")
    );
    std::fs::remove_file(log).unwrap();
}

#[test]
fn killed_process_leaves_nothing() {
    let Some(engine) = engine("killed_process_leaves_nothing") else {
        return;
    };
    const CHILD: &str = "DTRACE_TEST_ATTACH_AND_WAIT";
    let name = "left_behind";
    if std::env::var_os(CHILD).is_some() {
        let code = only(Phase::Active, None, &count());
        let progs = vec![
            prog(
                name,
                ProgKind::RawTracepoint {
                    name: "sys_enter".to_owned(),
                },
                code.clone(),
            ),
            prog(
                name,
                ProgKind::BtfTracepoint {
                    name: "sys_exit".to_owned(),
                },
                code.clone(),
            ),
            prog(
                name,
                ProgKind::Timer {
                    period_ns: 1_000_000,
                    per_cpu: true,
                },
                code,
            ),
        ];
        let mut s = load(&engine, &image(progs, 4096)).unwrap();
        s.go().unwrap();
        println!("attached");
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_process_leaves_nothing", "--nocapture"])
        .env(CHILD, "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.any(|l| l.unwrap().contains("attached")));
    let mine = |pid: u32| {
        // Programs whose descriptors that process holds.
        std::fs::read_dir(format!("/proc/{pid}/fdinfo"))
            .into_iter()
            .flatten()
            .filter_map(|e| std::fs::read_to_string(e.ok()?.path()).ok())
            .filter_map(|t| {
                t.lines()
                    .find_map(|l| l.strip_prefix("prog_id:")?.trim().parse().ok())
            })
            .collect::<std::collections::HashSet<u32>>()
    };
    let theirs = mine(child.id());
    assert!(theirs.len() >= 3, "{theirs:?}");
    let there = sys::prog_ids().unwrap();
    assert!(theirs.iter().all(|id| there.contains(id)));
    child.kill().unwrap();
    child.wait().unwrap();
    // Freed after a grace period.
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let left: Vec<u32> = sys::prog_ids()
            .unwrap()
            .into_iter()
            .filter(|id| theirs.contains(id))
            .collect();
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "left behind: {left:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn desc(p: &str, m: &str, f: &str, n: &str) -> ProbeDesc {
    ProbeDesc {
        id: None,
        provider: p.to_owned(),
        module: m.to_owned(),
        function: f.to_owned(),
        name: n.to_owned(),
    }
}

#[test]
fn probes_of_this_kernel() {
    let Some(engine) = engine("probes_of_this_kernel") else {
        return;
    };
    let timed = |d: &ProbeDesc| {
        let start = Instant::now();
        let n = engine.probes(d).unwrap().len();
        println!("{d}: {n} probes in {:?}", start.elapsed());
        n
    };
    assert_eq!(timed(&desc("", "", "", "BEGIN")), 1);
    assert_eq!(timed(&desc("syscall", "vmlinux", "openat", "entry")), 1);
    assert_eq!(timed(&desc("sdt", "sched", "", "sched_switch")), 1);
    assert!(timed(&desc("syscall", "", "", "entry")) > 300);
    assert!(timed(&desc("sdt", "", "", "")) > 300);
    assert!(timed(&desc("", "", "", "sched_switch")) == 1);
    let fbt = desc("fbt", "", "sched_show_task", "entry");
    if timed(&fbt) == 0 {
        let why = engine.why_none(&fbt).unwrap();
        println!("{why}");
        assert!(why.contains("kprobes:"));
    }
    let all = engine.probes(&ProbeDesc::default()).unwrap();
    assert!(all.is_sorted_by(|a, b| a.id < b.id));
    let m = engine
        .kernel()
        .match_probes(&desc("syscall", "", "opennat", "entry"), false);
    assert_eq!(m.count, 0);
    assert_eq!(
        m.nearest.first().map(String::as_str),
        Some("syscall:vmlinux:openat:entry")
    );
    let m = engine
        .kernel()
        .match_probes(&desc("sdt", "", "", "sched_switch"), true);
    let names: Vec<String> = m.args.unwrap().into_iter().map(|a| a.name).collect();
    assert_eq!(names[1..3], ["prev", "next"]);
    let m = engine
        .kernel()
        .match_probes(&desc("syscall", "vmlinux", "openat", "entry"), true);
    assert_eq!(m.args.unwrap()[1].name, "filename");
}

#[test]
fn capabilities() {
    let Some(engine) = engine("capabilities") else {
        return;
    };
    let start = Instant::now();
    let caps = engine.caps();
    println!("{caps:?} in {:?}", start.elapsed());
    assert!(caps.services.has(tracer_ebpf::service::Service::MapLookup));
    assert!(caps.raw_tracepoints);
}

#[test]
fn functions_count_exactly() {
    let Some(engine) = engine("functions_count_exactly") else {
        return;
    };
    let function = "__x64_sys_getppid".to_owned();
    let start = Instant::now();
    let all = engine.probes(&desc("fbt", "", &function, "")).unwrap();
    println!("found in {:?}", start.elapsed());
    if all.is_empty() {
        let why = engine
            .why_none(&desc("fbt", "", &function, ""))
            .unwrap_or_default();
        println!("SKIP functions_count_exactly: {why}");
        return;
    }
    assert_eq!(all.len(), 2);
    let _alone = GETPPID.lock().unwrap_or_else(|e| e.into_inner());
    let caps = engine.caps();
    println!(
        "kprobes {} multi {} fentry {}",
        caps.kprobes, caps.kprobe_multi, caps.fentry
    );
    for ret in [false, true] {
        for (there, kind) in [
            (
                caps.kprobes,
                ProgKind::Kprobe {
                    function: function.clone(),
                    ret,
                },
            ),
            (caps.kprobe_multi, ProgKind::KprobeMulti { ret }),
            (
                caps.fentry,
                ProgKind::Fentry {
                    function: function.clone(),
                    ret,
                },
            ),
        ] {
            if !there {
                println!("SKIP functions_count_exactly/{kind:?}: not in this kernel");
                continue;
            }
            let mut p = prog("fbt", kind.clone(), only(Phase::Active, None, &count()));
            p.probes = vec![u32::from(ret)];
            let mut img = image(vec![p], 4096);
            img.probes = all.clone();
            let mut s = load(&engine, &img).unwrap();
            s.go().unwrap();
            getppid(1000);
            assert_eq!(counted(&mut *s), 1000, "{kind:?}");
            println!("{kind:?} attached in {:?}", s.attach_time());
        }
    }
}

/// What the first question about functions is made of.
#[test]
fn costs_of_listing_functions() {
    use tracer_ebpf::live::{btf::Btf, features, kallsyms::Kallsyms, tracefs::Tracefs};
    let Some(_engine) = engine("costs_of_listing_functions") else {
        return;
    };
    let timed = |what: &str, f: &mut dyn FnMut() -> usize| {
        let start = Instant::now();
        let n = f();
        println!("{what}: {n} in {:?}", start.elapsed());
    };
    let btf = Btf::open().ok();
    timed("ways", &mut || {
        usize::from(features::func_ways(btf.as_ref()).0.kprobe_multi)
    });
    let mut symbols = None;
    timed("kallsyms", &mut || {
        symbols.insert(Kallsyms::open()).functions().count()
    });
    timed("text symbols", &mut || {
        symbols.as_ref().map_or(0, |s| s.functions().count())
    });
    timed("filter functions", &mut || {
        let text = Tracefs::open().and_then(|t| t.read("available_filter_functions"));
        text.map_or(0, |t| t.lines().count())
    });
    assert!(symbols.is_some_and(|s| s.functions().count() > 1000));
}

#[test]
fn many_functions_by_one_link() {
    let Some(engine) = engine("many_functions_by_one_link") else {
        return;
    };
    let all = engine.probes(&desc("fbt", "vmlinux", "", "entry")).unwrap();
    if !engine.caps().kprobe_multi {
        println!("SKIP many_functions_by_one_link: no kprobe.multi in this kernel");
        return;
    }
    println!("{} functions", all.len());
    let mut p = prog(
        "fbt",
        ProgKind::KprobeMulti { ret: false },
        only(Phase::Active, None, &[]),
    );
    p.probes = (0..all.len() as u32).collect();
    let mut img = image(vec![p], 4096);
    img.probes = all;
    keep_logs();
    let s = load(&engine, &img).unwrap();
    for line in KEPT.0.lock().unwrap().iter() {
        println!("{line}");
    }
    println!("attached in {:?}", s.attach_time());
    let links = std::fs::read_dir("/proc/self/fdinfo")
        .unwrap()
        .filter_map(|e| std::fs::read_to_string(e.ok()?.path()).ok())
        .filter(|t| t.contains("link_type:"))
        .count();
    println!("{links} links");
    let start = Instant::now();
    drop(s);
    println!("detached in {:?}", start.elapsed());
}

/// Keeps what is logged.
struct Kept(std::sync::Mutex<Vec<String>>);

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, r: &log::Record<'_>) {
        let line = format!(
            "{} {}:{} {}",
            r.level(),
            r.file().unwrap_or(""),
            r.line().unwrap_or(0),
            r.args()
        );
        self.0.lock().unwrap().push(line);
    }
    fn flush(&self) {}
}

fn keep_logs() {
    // Another test may have.
    let _ = log::set_logger(&KEPT);
    log::set_max_level(log::LevelFilter::Warn);
}

static KEPT: Kept = Kept(std::sync::Mutex::new(Vec::new()));

#[test]
fn programs_log_through_aya_log() {
    let Some(engine) = engine("programs_log_through_aya_log") else {
        return;
    };
    use aya_log_common::{ArgumentKind, Field, Header, Level};
    keep_logs();
    let mut record = vec![0, 0];
    let mut put = |bytes: &[u8]| {
        record.extend(bytes);
        Some(())
    };
    Header::new("dtrace", Level::Error, "probe-1", "script.d", 17, 1)
        .unwrap()
        .with_bytes(&mut put)
        .unwrap();
    Field::new(ArgumentKind::Str, "invalid address")
        .unwrap()
        .with_bytes(&mut put)
        .unwrap();
    let len = record.len() as u16;
    record[..2].copy_from_slice(&len.to_ne_bytes());

    // BEGIN sends the record, which stands in a read-only map.
    let mut body = Vec::from(value_address(2, MapIx(5), 0));
    body.push(insn(0xb7, 3, 0, 0, i32::from(len)));
    body.push(insn(0xb7, 4, 0, 0, 0));
    body.extend(map_address(1, MapIx(4)));
    body.push(insn(0x85, 0, 0, 0, 130));
    let kind = ProgKind::TestRun {
        phase: Phase::Begin,
    };
    let mut img = image(
        vec![prog("log", kind, only(Phase::Begin, None, &body))],
        4096,
    );
    img.maps.push(map("AYA_LOGS", MapKind::Ringbuf, 0, 0, 4096));
    let mut rodata = map("rodata", MapKind::Array, 4, u32::from(len), 1);
    rodata.rodata = true;
    rodata.init = vec![(0_u32.to_ne_bytes().to_vec(), record)];
    img.maps.push(rodata);
    img.log = Some(MapIx(4));
    let mut s = load(&engine, &img).unwrap();
    s.go().unwrap();
    s.poll(&mut |_| panic!("a record in the wrong ring"))
        .unwrap();
    let kept = KEPT.0.lock().unwrap();
    assert!(
        kept.iter()
            .any(|l| l == "ERROR script.d:17 invalid address"),
        "{kept:?}"
    );
}

/// Their writer, ours: the same bytes.
#[test]
fn generated_messages_are_aya_logs() {
    use aya_log_common::{Argument, ArgumentKind, DisplayHint, Field, Header, Level};
    use dsl::dif::Fault;
    for fault in [Fault::BadAddr, Fault::DivZero] {
        let mut want = vec![0, 0];
        let mut put = |b: &[u8]| {
            want.extend(b);
            Some(())
        };
        let args = if fault.has_addr() { 4 } else { 1 };
        Header::new("dtrace", Level::Error, "tick-1", "a.d", 17, args)
            .unwrap()
            .with_bytes(&mut put)
            .unwrap();
        let text = |s: &'static str| Field::new(ArgumentKind::Str, s).unwrap();
        if fault.has_addr() {
            text("invalid address (0x").with_bytes(&mut put).unwrap();
            let (kind, hint) = DisplayHint::LowerHex.as_argument();
            let hint = Field::new(kind, hint).unwrap();
            hint.with_bytes(&mut put).unwrap();
            let (kind, n) = 0u64.as_argument();
            Field::new(kind, n).unwrap().with_bytes(&mut put).unwrap();
            text(")").with_bytes(&mut put).unwrap();
        } else {
            text("divide-by-zero").with_bytes(&mut put).unwrap();
        }
        let len = want.len() as u16;
        want[..2].copy_from_slice(&len.to_ne_bytes());
        let got = tracer_ebpf::lower::log::message("tick-1", "a.d", 17, fault);
        assert_eq!(got.bytes, want);
    }
}
