//! Engines agree: random DIF, run by the reference interpreter and, lowered, by this kernel's own BPF.
//!
//! Each batch is a D program with some clauses on BEGIN, each of one statement that traces the value of a generated DIFO;
//! it is fired several times, so that what variables keep counts too. Values, strings, faults (code, DIF offset, address)
//! have to agree. `ENGINES_BATCHES` and `ENGINES_SEED` choose how many and which.

mod common;

use common::{Loaded, no_kernel};
use dsl::dif::disasm::to_asm;
use dsl::dif::generate::{Cfg, gen_difo_with, gen_vars};
use dsl::dif::interp::{self, State};
use dsl::dif::testing::{FixedWorld, splitmix};
use dsl::dif::{BuiltinVar, Fault, Subr};
use dsl::program::{Clause, Datum, DifType, Difo, ProbeDesc, Program, Stmt, StmtKind, VarDef};
use dsl::source::Span;
use std::sync::Arc;
use tracer_ebpf::caps::Caps;
use tracer_ebpf::image::{FAULT_RECORD, FieldKind, Image, Phase};
use tracer_ebpf::plan::plan;
use tracer_ebpf::site::{ProbeInfo, Site};
use tracer_ebpf::{LowerOpts, lower};

/// What one clause did.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Int(u64),
    Str(Vec<u8>),
    /// Code, DIF offset (−1: while recording), address (where it is one that engines share).
    Fault(u32, i32, Option<u64>),
}

fn begin() -> ProbeInfo {
    ProbeInfo {
        id: 1,
        provider: Arc::from("dtrace"),
        module: Arc::from(""),
        function: Arc::from("fname"),
        name: Arc::from("BEGIN"),
        site: Site::Begin,
    }
}

fn program(difos: &[Difo], vars: &[VarDef]) -> Program {
    let clause = |difo: &Difo| {
        let datum = match difo.rtype {
            DifType::Str => Datum::Str { difo: difo.clone() },
            DifType::Int { size, signed } => Datum::Int {
                difo: difo.clone(),
                size,
                signed,
            },
            _ => unreachable!(),
        };
        Clause {
            desc: ProbeDesc::default(),
            source_clause: 0,
            span: Span::default(),
            pred: None,
            stmts: vec![Stmt {
                span: Span::default(),
                action: 1,
                kind: StmtKind::Trace(datum),
            }],
        }
    };
    Program {
        clauses: difos.iter().map(clause).collect(),
        vars: vars.to_vec(),
        ..Program::default()
    }
}

fn interpret(
    difos: &[Difo],
    vars: &[VarDef],
    state: &mut State,
    world: &mut FixedWorld,
    strsize: u32,
) -> Vec<Outcome> {
    state.begin_firing();
    let mut out = Vec::new();
    for difo in difos {
        state.begin_clause();
        out.push(match interp::run(difo, vars, state, world, strsize) {
            Ok(v) => match difo.rtype {
                DifType::Str => match interp::value_string(difo, state, world, strsize, v) {
                    Ok(s) => Outcome::Str(s),
                    Err(f) => Outcome::Fault(f as u32, -1, None),
                },
                DifType::Int { size, .. } => Outcome::Int(interp::extend(v, size, false)),
                _ => unreachable!(),
            },
            Err(f) => Outcome::Fault(f.fault as u32, f.off as i32, shared(f.addr)),
        });
    }
    out
}

/// Addresses of an engine's own memory are its own.
fn shared(addr: u64) -> Option<u64> {
    (!(0x0dd1..=0x0dd4).contains(&(addr >> 48))).then_some(addr)
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(b[at..at + 4].try_into().unwrap())
}

fn read(image: &Image, records: &[Vec<u8>]) -> Vec<Outcome> {
    let one = |r: &Vec<u8>| {
        let clause = u16::from_le_bytes([r[4], r[5]]);
        if clause == FAULT_RECORD {
            let addr = u64::from_le_bytes(r[24..32].try_into().unwrap());
            return Outcome::Fault(u32_at(r, 12), u32_at(r, 16) as i32, Some(addr));
        }
        let layout = &image.records[usize::from(clause)];
        let field = &layout.fields[0];
        let at = field.off as usize;
        match field.kind {
            FieldKind::Int { size, .. } => {
                let mut v = [0u8; 8];
                v[..usize::from(size)].copy_from_slice(&r[at..at + usize::from(size)]);
                Outcome::Int(u64::from_le_bytes(v))
            }
            FieldKind::Str => {
                let len = u32_at(r, at) as usize;
                let s = &r[layout.fixed as usize..];
                assert_eq!(s.len(), len);
                assert_eq!(s.last(), Some(&0));
                Outcome::Str(s[..len - 1].to_vec())
            }
            _ => unreachable!(),
        }
    };
    records.iter().map(one).collect()
}

fn agree(a: &Outcome, b: &Outcome) -> bool {
    match (a, b) {
        (Outcome::Fault(c, o, addr), Outcome::Fault(d, p, other)) => {
            c == d && o == p && (addr.is_none() || other.is_none() || addr == other)
        }
        _ => a == b,
    }
}

fn world() -> FixedWorld {
    let mut w = FixedWorld::new();
    // SAFETY: plain system calls.
    let (pid, tid, uid, gid) = unsafe {
        (
            libc::getpid(),
            libc::gettid(),
            libc::getuid(),
            libc::getgid(),
        )
    };
    let comm = std::fs::read("/proc/thread-self/comm").unwrap();
    w.strs
        .insert(BuiltinVar::Execname as u16, comm[..comm.len() - 1].to_vec());
    w.strs
        .insert(BuiltinVar::Probefunc as u16, b"fname".to_vec());
    for (v, n) in [
        (BuiltinVar::Pid, pid as u64),
        (BuiltinVar::Tid, tid as u64),
        (BuiltinVar::Uid, uid.into()),
        (BuiltinVar::Gid, gid.into()),
        (BuiltinVar::Arg0, 0),
        (BuiltinVar::Arg1, 0),
        (BuiltinVar::Arg2, 0),
    ] {
        w.ints.insert(v as u16, n);
    }
    w.args = vec![0; 16];
    w
}

/// What lowering can do so far: the generator's list without what is refused.
fn config(strsize: u32, faults: bool) -> Cfg {
    use BuiltinVar::*;
    let refused = [Subr::Cleanpath, Subr::Json, Subr::InetNtoa6];
    Cfg {
        subrs: Cfg::SUBRS
            .iter()
            .copied()
            .filter(|s| !refused.contains(s))
            .collect(),
        builtins: vec![Pid, Tid, Uid, Gid, Execname, Arg0, Arg1, Arg2, Probefunc],
        strsize,
        faults,
        ..Cfg::all()
    }
}

#[test]
fn engines_kernel() {
    if let Some(why) = no_kernel() {
        println!("SKIP engines_kernel: {why}");
        return;
    }
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(default)
    };
    let batches = number("ENGINES_BATCHES", 1250);
    let first = number("ENGINES_SEED", 1);
    let each = number("ENGINES_EACH", 8);
    let mut ran = 0;
    let mut faulted = 0;
    let mut failures = Vec::new();
    for seed in first..first + batches {
        let mut draw = splitmix(seed);
        let strsize = [256, 32, 64, 256][(seed % 4) as usize];
        let mut cfg = match seed % 5 {
            0 => Cfg::arithmetic(),
            n => config(strsize, n % 2 == 0),
        };
        cfg.strsize = strsize;
        cfg.statements = [24, 8, 16][(seed % 3) as usize];
        let vars = gen_vars(&mut draw, &cfg);
        let difos: Vec<Difo> = (0..each)
            .map(|_| gen_difo_with(&mut draw, &cfg, &vars))
            .collect();
        let program = program(&difos, &vars);
        let caps = Caps {
            cpus: 64,
            ..Caps::modern()
        };
        let matches: Vec<Vec<ProbeInfo>> = difos.iter().map(|_| vec![begin()]).collect();
        let plan = plan(&matches, &caps);
        let opts = LowerOpts {
            strsize,
            bufsize: 1 << 16,
            dynvarsize: 1 << 18,
            ..LowerOpts::default()
        };
        let image = match lower(&program, &plan, &caps, &opts) {
            Ok(i) => i,
            Err(e) => {
                failures.push(format!(
                    "seed {seed}: clause {}: {e}\n{}",
                    e.clause.0,
                    to_asm(&difos[e.clause.0 as usize], &vars)
                ));
                continue;
            }
        };
        let mut loaded = match Loaded::new(&image) {
            Ok(l) => l,
            Err(e) => {
                failures.push(format!("seed {seed}: {e}"));
                if failures.len() > 5 {
                    break;
                }
                continue;
            }
        };
        loaded.phase(Phase::Begin as u32);
        let mut state = State::new();
        let mut world = world();
        for firing in 0..3 {
            let want = interpret(&difos, &vars, &mut state, &mut world, strsize);
            loaded.run(0).unwrap();
            let got = read(&image, &loaded.records());
            if got.len() != want.len() {
                failures.push(format!(
                    "seed {seed}, firing {firing}: {} records for {} clauses",
                    got.len(),
                    want.len()
                ));
                break;
            }
            let bad = want.iter().zip(&got).position(|(w, g)| !agree(w, g));
            if let Some(n) = bad {
                failures.push(format!(
                    "seed {seed}, firing {firing}, clause {n}: interpreter {:?}, kernel {:?}\n{}",
                    want[n],
                    got[n],
                    to_asm(&difos[n], &vars)
                ));
                break;
            }
            faulted += want
                .iter()
                .filter(|o| matches!(o, Outcome::Fault(..)))
                .count();
        }
        ran += difos.len();
        if failures.len() > 5 {
            break;
        }
    }
    println!("engines_kernel: {ran} programs agree in 3 firings each, {faulted} faults among them");
    let _ = Fault::Unknown;
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
