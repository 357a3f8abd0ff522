//! Lowered programs on the running kernel, through the real back end: aggregations against their definitions, system calls,
//! thread-local variables, strings in records, stacks, timers, ERROR. They need root and BPF; without, they say so.

#![cfg(feature = "live")]

use dsl::dif::asm::assemble;
use dsl::program::*;
use dsl::source::Span;
use std::time::{Duration, Instant};
use tracer_ebpf::backend::{AggEntry, Backend, LoadOptions, Session};
use tracer_ebpf::image::*;
use tracer_ebpf::layout;
use tracer_ebpf::live::EbpfBackend;
use tracer_ebpf::{LowerOpts, lower, plan::plan};

fn engine(test: &str) -> Option<EbpfBackend> {
    EbpfBackend::new()
        .inspect_err(|e| println!("SKIP {test}: {e}"))
        .ok()
}

fn difo(text: &str) -> Difo {
    assemble(text).unwrap_or_else(|e| panic!("{e}\n{text}")).0
}

fn int(text: &str) -> Datum {
    Datum::Int {
        difo: difo(text),
        size: 8,
        signed: true,
    }
}

fn string(text: &str) -> Datum {
    Datum::Str { difo: difo(text) }
}

fn var(name: &str) -> String {
    format!("ldgs {name}, %r1\nret %r1")
}

/// `name == n` as a predicate.
fn is(name: &str, n: u64) -> Difo {
    difo(&format!(
        "ldgs {name}, %r1\nsetx {n}, %r2\ncmp %r1, %r2\nbe yes\nret %r0\nyes: setx 1, %r1\nret %r1"
    ))
}

/// `trace(…)` of several values in one record.
fn trace(args: Vec<Datum>) -> StmtKind {
    StmtKind::Printf {
        format: Default::default(),
        args,
    }
}

fn agg(n: u32, keys: Vec<Datum>, value: Option<&str>) -> StmtKind {
    StmtKind::Aggregate {
        agg: AggId(n),
        keys,
        value: value.map(difo),
        weight: None,
    }
}

#[derive(Default)]
struct D(Program);

impl D {
    fn clause(mut self, probe: &str, pred: Option<Difo>, stmts: Vec<StmtKind>) -> D {
        let mut parts = probe
            .rsplit(':')
            .map(str::to_owned)
            .chain(std::iter::repeat(String::new()));
        let mut next = || parts.next().unwrap();
        let (name, function, module, provider) = (next(), next(), next(), next());
        self.0.clauses.push(Clause {
            desc: ProbeDesc {
                id: None,
                provider,
                module,
                function,
                name,
            },
            source_clause: 0,
            span: Span::default(),
            pred,
            stmts: stmts
                .into_iter()
                .enumerate()
                .map(|(n, kind)| Stmt {
                    span: Span::default(),
                    action: n as u32 + 1,
                    kind,
                })
                .collect(),
        });
        self
    }
    fn agg(mut self, func: AggFunc, keys: Vec<KeyType>) -> D {
        self.0.aggs.push(AggDef {
            name: "a".to_owned(),
            func,
            keys,
            span: Span::default(),
        });
        self
    }
    fn vars(mut self, text: &str) -> D {
        self.0.vars = assemble(&format!("{text}\nret %r0")).unwrap().1;
        self
    }
    fn start(&self, e: &EbpfBackend) -> Running {
        let matches: Vec<_> = self
            .0
            .clauses
            .iter()
            .map(|c| {
                let found = e.probes(&c.desc).unwrap();
                assert!(!found.is_empty(), "{}", c.desc);
                found
            })
            .collect();
        let plan = plan(&matches, e.caps());
        let image = lower(&self.0, &plan, e.caps(), &LowerOpts::default()).unwrap();
        let place = |c: ClauseId, _| format!("clause {}", c.0);
        let options = LoadOptions {
            place: &place,
            debug: false,
            cpu: None,
        };
        let mut session = match e.load(&image, &options) {
            Ok(s) => s,
            Err(e) => {
                let text = e.to_string();
                if let Some(log) = text.split("saved in ").nth(1) {
                    let log = std::fs::read_to_string(log.trim_end_matches([')', '\n']))
                        .unwrap_or_default();
                    let tail: Vec<&str> = log.lines().rev().take(40).collect();
                    for l in tail.iter().rev() {
                        println!("{l}");
                    }
                }
                panic!("{text}");
            }
        };
        session.go().unwrap();
        Running { session, image }
    }
}

struct Running {
    session: Box<dyn Session>,
    image: Image,
}

impl Running {
    fn records(&mut self) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        self.session.poll(&mut |r| out.push(r.to_vec())).unwrap();
        out
    }
    fn entries(&mut self, n: u32) -> Vec<AggEntry> {
        self.session.aggregate(AggId(n)).unwrap()
    }
    /// The fields of a record: numbers, strings; frames as their number.
    fn fields(&self, r: &[u8]) -> Vec<String> {
        let clause = u16::from_le_bytes([r[4], r[5]]);
        if clause == FAULT_RECORD {
            let w = |at: usize| u32::from_le_bytes(r[at..at + 4].try_into().unwrap());
            return vec![format!(
                "fault {} at {} action {} in {}",
                w(12),
                w(16) as i32,
                w(8) >> 16,
                w(8) & 0xffff
            )];
        }
        let layout = &self.image.records[usize::from(clause)];
        let mut rest = layout.fixed as usize;
        layout
            .fields
            .iter()
            .map(|f| {
                let at = f.off as usize;
                let len =
                    |at: usize| u32::from_le_bytes(r[at..at + 4].try_into().unwrap()) as usize;
                match f.kind {
                    FieldKind::Int { size, .. } => {
                        let mut v = [0; 8];
                        v[..usize::from(size)].copy_from_slice(&r[at..at + usize::from(size)]);
                        i64::from_le_bytes(v).to_string()
                    }
                    FieldKind::Str => {
                        let n = len(at);
                        let s = String::from_utf8_lossy(&r[rest..rest + n - 1]).into_owned();
                        rest += n;
                        s
                    }
                    FieldKind::Stack { .. } | FieldKind::Ustack => {
                        let n = len(at);
                        rest += n;
                        format!("{} frames", n / 8)
                    }
                    FieldKind::Bytes { size, .. } => format!("{:?}", &r[at..at + size as usize]),
                    FieldKind::Sym { .. } => "sym".to_owned(),
                }
            })
            .collect()
    }
    fn all(&mut self) -> Vec<Vec<String>> {
        let records = self.records();
        records.iter().map(|r| self.fields(r)).collect()
    }
}

fn me() -> u64 {
    std::process::id().into()
}

fn tid() -> u64 {
    rustix::thread::gettid().as_raw_nonzero().get() as u64
}

const VALUES: &[i64] = &[
    0,
    1,
    -1,
    2,
    3,
    4,
    7,
    8,
    9,
    10,
    99,
    100,
    101,
    999,
    1000,
    5000,
    -2,
    -3,
    -4,
    -5,
    -100,
    1 << 31,
    1 << 32,
    (1 << 40) + 1,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
    -(1 << 62),
    1 << 62,
    12345,
    65535,
    -65536,
];

#[test]
fn aggregations() {
    let Some(e) = engine("aggregations") else {
        return;
    };
    let lq = AggFunc::Lquantize {
        base: -100,
        step: 50,
        levels: 10,
    };
    let ll = AggFunc::Llquantize {
        factor: 10,
        low: 0,
        high: 3,
        nsteps: 20,
    };
    let funcs = [
        AggFunc::Count,
        AggFunc::Sum,
        AggFunc::Min,
        AggFunc::Max,
        AggFunc::Avg,
        AggFunc::Stddev,
        AggFunc::Quantize,
        lq,
        ll,
    ];
    let mut d = D::default();
    let key = KeyType::Int {
        size: 4,
        signed: true,
    };
    for f in funcs {
        d = d.agg(f, vec![]).agg(f, vec![key, KeyType::Str]);
    }
    for &v in VALUES {
        let value = format!("setx {:#x}, %r1\nret %r1", v as u64);
        let stmts = (0..funcs.len() as u32)
            .flat_map(|n| {
                let value = (n > 0).then_some(&value[..]);
                let keys = vec![
                    Datum::Int {
                        difo: difo("setx 7, %r1\nret %r1"),
                        size: 4,
                        signed: true,
                    },
                    string("sets \"seven\", %r1\nret %r1"),
                ];
                [agg(2 * n, vec![], value), agg(2 * n + 1, keys, value)]
            })
            .collect();
        d = d.clause("dtrace:::BEGIN", None, stmts);
    }
    let mut r = d.start(&e);
    let n = VALUES.len() as i64;
    let sum = VALUES.iter().fold(0i64, |s, v| s.wrapping_add(*v));
    let squares = VALUES.iter().fold(0u128, |s, v| {
        s.wrapping_add(u128::from(v.unsigned_abs()).pow(2))
    });
    let mut quantize = vec![0i64; 127];
    let mut lquantize = vec![0i64; 12];
    let mut llquantize = vec![0i64; layout::words(ll) as usize];
    for &v in VALUES {
        quantize[layout::quantize_bucket(v) as usize] += 1;
        let cut = i64::from(v as i32);
        let level = if cut < -100 {
            0
        } else {
            ((cut + 100) / 50 + 1).min(11)
        };
        lquantize[level as usize] += 1;
        let orders = layout::llquantize(10, 0, 3, 20);
        let (size, top) = (v.unsigned_abs(), layout::llquantize_top(&orders));
        let at = match orders.iter().find(|o| size < o.limit) {
            _ if size < 1 => 0,
            Some(o) => o.base + ((size - o.from) / o.width) as u32,
            None => top,
        };
        llquantize[(at + if v < 0 { top } else { 0 }) as usize] += 1;
    }
    let want: [Vec<i64>; 9] = [
        vec![n],
        vec![sum],
        vec![i64::MIN],
        vec![i64::MAX],
        vec![n, sum],
        vec![n, sum, squares as i64, (squares >> 64) as i64],
        quantize,
        lquantize,
        llquantize,
    ];
    for (k, want) in want.iter().enumerate() {
        for keyed in [0, 1] {
            let got = r.entries(2 * k as u32 + keyed);
            assert_eq!(got.len(), 1, "{:?}", funcs[k]);
            assert_eq!(&got[0].data, want, "{:?} keyed={keyed}", funcs[k]);
            if keyed == 1 {
                let mut key = vec![7, 0, 0, 0, 0, 0, 0, 0];
                key.extend(b"seven\0\0\0");
                assert_eq!(got[0].key, key);
            }
        }
    }
}

#[test]
fn syscalls() {
    let Some(e) = engine("syscalls") else { return };
    let me = || Some(is("tid", tid()));
    let vars = ".var t 0x500 thread i64";
    let mut r = D::default()
        .vars(vars)
        .agg(AggFunc::Count, vec![])
        .agg(AggFunc::Count, vec![KeyType::Str])
        .agg(AggFunc::Avg, vec![KeyType::Str])
        .clause("syscall::getppid:entry", me(), vec![agg(0, vec![], None)])
        .clause(
            "syscall:::entry",
            me(),
            vec![agg(1, vec![string(&var("probefunc"))], None)],
        )
        .clause(
            "syscall::getppid:entry",
            me(),
            vec![StmtKind::Expr(difo(&format!(
                "{vars}\nldgs timestamp, %r1\nstts %r1, t\nret %r0"
            )))],
        )
        .clause(
            "syscall::getppid:return",
            Some(difo(&format!("{vars}\nldts t, %r1\nret %r1"))),
            vec![
                agg(
                    2,
                    vec![string(&var("execname"))],
                    Some(&format!(
                        "{vars}\nldgs timestamp, %r1\nldts t, %r2\nsub %r1, %r2, %r1\nret %r1"
                    )),
                ),
                StmtKind::Expr(difo(&format!("{vars}\nstts %r0, t\nret %r0"))),
            ],
        )
        .clause(
            "syscall::lseek:entry",
            me(),
            vec![trace(vec![
                string(&var("execname")),
                int(&var("arg0")),
                int(&var("arg1")),
                string(&var("probefunc")),
                int(&var("arg2")),
            ])],
        )
        .clause(
            "syscall::lseek:return",
            me(),
            vec![trace(vec![int(&var("errno")), int(&var("arg1"))])],
        )
        .start(&e);
    for _ in 0..100 {
        let _ = rustix::process::getppid();
    }
    // SAFETY: fails with EBADF.
    unsafe { libc::lseek(1 << 20, 77, 1) };
    assert_eq!(r.entries(0)[0].data, [100]);
    let keyed = r.entries(1);
    let getppid = keyed
        .iter()
        .find(|a| a.key.starts_with(b"getppid\0"))
        .unwrap();
    assert_eq!(getppid.data, [100]);
    let times = r.entries(2);
    assert_eq!(times.len(), 1);
    assert_eq!(times[0].data[0], 100);
    assert!(
        times[0].data[1] > 1000 && times[0].data[1] < 1_000_000_000,
        "{times:?}"
    );
    let comm = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    assert_eq!(
        r.all(),
        [
            vec![comm.trim_end(), "1048576", "77", "lseek", "1"],
            vec!["9", "-9"],
        ]
    );
}

#[test]
fn user_strings() {
    let Some(e) = engine("user_strings") else {
        return;
    };
    let mut r = D::default()
        .clause(
            "syscall::openat:entry",
            Some(is("tid", tid())),
            vec![trace(vec![
                string(&var("execname")),
                string("ldgs arg1, %r1\npushtv int, %r1\ncall copyinstr, %r2\nret %r2"),
            ])],
        )
        .start(&e);
    let _ = std::fs::File::open("/etc/hostname");
    let comm = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    let all = r.all();
    assert!(
        all.contains(&vec![
            comm.trim_end().to_owned(),
            "/etc/hostname".to_owned()
        ]),
        "{all:?}"
    );
}

#[test]
fn errors_and_order() {
    let Some(e) = engine("errors_and_order") else {
        return;
    };
    let args: Vec<Datum> = (1..=5).map(|n| int(&var(&format!("arg{n}")))).collect();
    let bad = "setx 64, %r1\nldx [%r1], %r2\nret %r2";
    let mut r = D::default()
        .clause(
            "dtrace:::BEGIN",
            None,
            vec![
                trace(vec![int("setx 1, %r1\nret %r1")]),
                trace(vec![int(bad)]),
            ],
        )
        .clause(
            "dtrace:::BEGIN",
            Some(difo("udiv %r0, %r0, %r1\nret %r1")),
            vec![],
        )
        .clause("dtrace:::ERROR", None, vec![trace(args)])
        .clause("dtrace:::ERROR", None, vec![trace(vec![int(bad)])])
        .clause(
            "dtrace:::BEGIN",
            None,
            vec![trace(vec![string("sets \"still here\", %r1\nret %r1")])],
        )
        .clause("dtrace:::END", None, vec![])
        .start(&e);
    r.session.stop().unwrap();
    let all = r.all();
    assert_eq!(all.len(), 6, "{all:?}");
    assert_eq!(all[0], ["1", "2", "4", "1", "64"]);
    assert_eq!(all[1], ["fault 1 at 4 action 2 in 0"]);
    assert_eq!(all[2], ["2", "0", "0", "4", "0"]);
    assert_eq!(all[3], ["fault 4 at 0 action 0 in 1"]);
    assert_eq!(all[4], ["still here"]);
    assert!(all[5].is_empty());
    let drops = r.session.drops().unwrap();
    let sum = |k: DropKind| drops.per_cpu.iter().map(|c| c[k as usize]).sum::<u64>();
    assert_eq!(sum(DropKind::Errors), 2);
    assert_eq!(sum(DropKind::DblError), 2);
}

#[test]
fn exit_ends_tracing() {
    let Some(e) = engine("exit_ends_tracing") else {
        return;
    };
    let one = || int("setx 1, %r1\nret %r1");
    let mut r = D::default()
        .clause(
            "dtrace:::BEGIN",
            None,
            vec![StmtKind::Exit(Datum::Int {
                difo: difo("setx 3, %r1\nret %r1"),
                size: 4,
                signed: true,
            })],
        )
        .clause("dtrace:::BEGIN", None, vec![trace(vec![one()])])
        .clause("syscall:::entry", None, vec![trace(vec![one()])])
        .clause("dtrace:::END", None, vec![trace(vec![one()])])
        .start(&e);
    let _ = rustix::process::getppid();
    r.session.stop().unwrap();
    assert_eq!(r.all(), [vec!["3"], vec!["1"]]);
}

#[test]
fn timers_and_stacks() {
    let Some(e) = engine("timers_and_stacks") else {
        return;
    };
    let frames = KeyType::Stack { frames: 20 };
    let vars = ".var n 0x500 thread i64\n.var m 0x501 global u32";
    let bump = |st: &str, ld: &str, v: &str| {
        StmtKind::Expr(difo(&format!(
            "{vars}\n{ld} {v}, %r1\nsetx 1, %r2\nadd %r1, %r2, %r1\n{st} %r1, {v}\nret %r0"
        )))
    };
    let mut r = D::default()
        .vars(vars)
        .agg(AggFunc::Count, vec![frames])
        .agg(AggFunc::Count, vec![])
        .clause(
            "profile:::profile-997",
            None,
            vec![
                agg(0, vec![Datum::Stack { frames: 20 }], None),
                bump("stts", "ldts", "n"),
            ],
        )
        .clause(
            "profile:::tick-10ms",
            None,
            vec![agg(1, vec![], None), bump("stgs", "ldgs", "m")],
        )
        .clause(
            "sdt:sched::sched_switch",
            None,
            vec![trace(vec![
                string(&var("execname")),
                Datum::Stack { frames: 16 },
                Datum::Ustack { frames: 8 },
                string(&var("probename")),
            ])],
        )
        .start(&e);
    // Until enough was seen, however slow the machine is; a timer can be late, but never early.
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(3));
        let ticks = r.entries(1).first().map_or(0, |e| e.data[0]);
        if begin.elapsed() >= Duration::from_millis(500) && ticks >= 20 {
            break;
        }
    }
    let ticks = r.entries(1)[0].data[0];
    let most = begin.elapsed().as_millis() as u64 / 10 + 2;
    assert!(
        (20..=most).contains(&(ticks as u64)),
        "{ticks} ticks, at most {most}"
    );
    assert!(!r.entries(0).is_empty());
    let all = r.all();
    assert!(all.len() > 50, "{} switches", all.len());
    assert!(
        all.iter().all(|f| f[3] == "sched_switch"),
        "{:?}",
        all.first()
    );
    assert!(all.iter().any(|f| f[1] != "0 frames"), "{:?}", all.first());
    let _ = me();
}

/// What tells 32-bit callers apart is a load from a typed pointer, where the kernel has those: no call that reads memory.
#[test]
fn a_counted_system_call_reads_nothing() {
    let Some(e) = engine("a_counted_system_call_reads_nothing") else {
        return;
    };
    let caps = e.caps();
    if !caps.btf_tracepoints {
        println!("SKIP a_counted_system_call_reads_nothing: no typed tracepoints");
        return;
    }
    let d = D::default().agg(AggFunc::Count, vec![]).clause(
        "syscall:vmlinux:getppid:entry",
        None,
        vec![agg(0, vec![], None)],
    );
    let r = d.start(&e);
    let read = caps
        .services
        .get(tracer_ebpf::service::Service::ProbeReadKernel);
    let [prog] = &r.image.progs[..] else {
        panic!("{} programs", r.image.progs.len())
    };
    assert!(matches!(prog.kind, ProgKind::BtfTracepoint { .. }));
    assert!(
        prog.insns
            .iter()
            .all(|i| i.code != 0x85 || Some(i.imm as u32) != read)
    );
    assert!(prog.insns.len() <= 26, "{} instructions", prog.insns.len());
}
