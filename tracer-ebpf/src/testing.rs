//! Comparing engines: random DIF as D programs, run by the reference interpreter and by whatever runs images (feature
//! `testing`). The kernel's own BPF is asked in this crate's tests, the module's machine in `legacy-kmod`'s.
//!
//! Each [`Case`] is a D program with some clauses on BEGIN, each of one statement that traces the value of a generated DIFO;
//! it is fired several times, so that what variables keep counts too. Values, strings, faults (code, DIF offset, address)
//! have to agree.

use crate::caps::Caps;
use crate::image::{FAULT_RECORD, FieldKind, Image};
use crate::plan::plan;
use crate::site::{ProbeInfo, Site};
use crate::{LowerOpts, lower};
use dsl::dif::BuiltinVar;
use dsl::dif::disasm::to_asm;
use dsl::dif::generate::{Cfg, gen_difo_with, gen_vars};
use dsl::dif::interp::{self, State};
use dsl::dif::testing::{FixedWorld, splitmix};
use dsl::program::{Clause, Datum, DifType, Difo, ProbeDesc, Program, Stmt, StmtKind, VarDef};
use dsl::source::Span;
use std::sync::Arc;

/// What one clause did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A number, cut to its size.
    Int(u64),
    /// A string, without its NUL.
    Str(Vec<u8>),
    /// Code, DIF offset (−1: while recording), address (where it is one that engines share).
    Fault(u32, i32, Option<u64>),
}

/// `dtrace:::BEGIN`, with a function name, so that there is one.
pub fn begin() -> ProbeInfo {
    ProbeInfo {
        id: 1,
        provider: Arc::from("dtrace"),
        module: Arc::from(""),
        function: Arc::from("fname"),
        name: Arc::from("BEGIN"),
        site: Site::Begin,
    }
}

/// A clause on BEGIN for each DIFO, which traces its value.
pub fn program(difos: &[Difo], vars: &[VarDef]) -> Program {
    let clause = |difo: &Difo| {
        let datum = match difo.rtype {
            DifType::Str => Datum::Str { difo: difo.clone() },
            DifType::Int { size, signed } => Datum::Int {
                difo: difo.clone(),
                size,
                signed,
            },
            _ => Datum::Int {
                difo: difo.clone(),
                size: 8,
                signed: false,
            },
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

/// One firing, by the reference interpreter.
pub fn interpret(
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
                _ => Outcome::Int(v),
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

fn word<const N: usize>(b: &[u8], at: usize) -> Option<[u8; N]> {
    b.get(at..at + N)?.try_into().ok()
}

/// What the records of one firing say. `None`: a record makes no sense.
pub fn read(image: &Image, records: &[Vec<u8>]) -> Option<Vec<Outcome>> {
    let one = |r: &Vec<u8>| {
        let clause = u16::from_le_bytes(word(r, 4)?);
        if clause == FAULT_RECORD {
            let code = u32::from_le_bytes(word(r, 12)?);
            let off = i32::from_le_bytes(word(r, 16)?);
            let addr = u64::from_le_bytes(word(r, 24)?);
            return Some(Outcome::Fault(code, off, Some(addr)));
        }
        let layout = image.records.get(usize::from(clause))?;
        let field = layout.fields.first()?;
        let at = field.off as usize;
        match field.kind {
            FieldKind::Int { size, .. } => {
                let mut v = [0u8; 8];
                let n = usize::from(size);
                v.get_mut(..n)?.copy_from_slice(r.get(at..at + n)?);
                Some(Outcome::Int(u64::from_le_bytes(v)))
            }
            FieldKind::Str => {
                let len = u32::from_le_bytes(word(r, at)?) as usize;
                let (nul, s) = r.get(layout.fixed as usize..)?.split_last()?;
                (*nul == 0 && s.len() + 1 == len).then(|| Outcome::Str(s.to_vec()))
            }
            _ => None,
        }
    };
    records.iter().map(one).collect()
}

/// Whether two engines say the same.
pub fn agree(a: &Outcome, b: &Outcome) -> bool {
    match (a, b) {
        (Outcome::Fault(c, o, addr), Outcome::Fault(d, p, other)) => {
            c == d && o == p && (addr.is_none() || other.is_none() || addr == other)
        }
        _ => a == b,
    }
}

/// What is tried: everything but what differs from engine to engine.
pub fn config(strsize: u32, faults: bool) -> Cfg {
    use BuiltinVar::*;
    Cfg {
        builtins: vec![Pid, Tid, Uid, Gid, Execname, Arg0, Arg1, Arg2, Probefunc],
        strsize,
        faults,
        ..Cfg::all()
    }
}

/// A generated D program, lowered.
pub struct Case {
    /// What made it.
    pub seed: u64,
    /// Its clauses' expressions.
    pub difos: Vec<Difo>,
    /// Their variables.
    pub vars: Vec<VarDef>,
    /// Longest string.
    pub strsize: u32,
    /// What to run: program 0 is BEGIN.
    pub image: Image,
    state: State,
}

impl Case {
    /// Makes one of `each` clauses, `most` of them in one program. An error is the lowering's.
    pub fn new(seed: u64, each: u64, most: usize, caps: &Caps) -> Result<Case, String> {
        let mut draw = splitmix(seed);
        // Keys with such strings exceed what the module's hash maps take (512 bytes).
        let strsize = if seed % 16 == 7 && caps.may_goto {
            1024
        } else if seed % 4 == 1 {
            32
        } else if seed % 4 == 2 {
            64
        } else {
            256
        };
        let mut cfg = match seed % 5 {
            0 => Cfg::arithmetic(),
            n => config(strsize, n % 2 == 0),
        };
        cfg.strsize = strsize;
        cfg.statements = 8 * (1 + seed as usize % 3);
        let vars = gen_vars(&mut draw, &cfg);
        let difos: Vec<Difo> = (0..each)
            .map(|_| gen_difo_with(&mut draw, &cfg, &vars))
            .collect();
        let program = program(&difos, &vars);
        let matches: Vec<Vec<ProbeInfo>> = difos.iter().map(|_| vec![begin()]).collect();
        let plan = plan(&matches, caps);
        let opts = LowerOpts {
            strsize,
            bufsize: 1 << 16,
            dynvarsize: 1 << 18,
            most_clauses: most,
            ..LowerOpts::default()
        };
        match lower(&program, &plan, caps, &opts) {
            Ok(image) => Ok(Case {
                seed,
                difos,
                vars,
                strsize,
                image,
                state: State::new(),
            }),
            Err(e) => {
                let difo = difos.get(e.clause.0 as usize);
                let text = difo.map_or(String::new(), |d| to_asm(d, &vars));
                Err(format!("seed {seed}: clause {}: {e}\n{text}", e.clause.0))
            }
        }
    }

    /// Runs the next firing in the interpreter and compares what an engine made of it. Gives the number of faults.
    pub fn firing(&mut self, world: &mut FixedWorld, records: &[Vec<u8>]) -> Result<usize, String> {
        let want = interpret(
            &self.difos,
            &self.vars,
            &mut self.state,
            world,
            self.strsize,
        );
        let seed = self.seed;
        let got = read(&self.image, records).ok_or(format!("seed {seed}: torn record"))?;
        if got.len() != want.len() {
            return Err(format!(
                "seed {seed}: {} records for {} clauses",
                got.len(),
                want.len()
            ));
        }
        for (n, (w, g)) in want.iter().zip(&got).enumerate() {
            if !agree(w, g) {
                let text = self
                    .difos
                    .get(n)
                    .map_or(String::new(), |d| to_asm(d, &self.vars));
                return Err(format!(
                    "seed {seed}, clause {n}: interpreter {w:?}, engine {g:?}\n{text}"
                ));
            }
        }
        Ok(want
            .iter()
            .filter(|o| matches!(o, Outcome::Fault(..)))
            .count())
    }
}

/// A world like an engine's: who we are, and no arguments, as BEGIN has none.
pub fn world(comm: &[u8], [pid, tid, uid, gid]: [u64; 4]) -> FixedWorld {
    let mut w = FixedWorld::new();
    w.strs.insert(BuiltinVar::Execname as u16, comm.to_vec());
    w.strs
        .insert(BuiltinVar::Probefunc as u16, b"fname".to_vec());
    for (v, n) in [
        (BuiltinVar::Pid, pid),
        (BuiltinVar::Tid, tid),
        (BuiltinVar::Uid, uid),
        (BuiltinVar::Gid, gid),
        (BuiltinVar::Arg0, 0),
        (BuiltinVar::Arg1, 0),
        (BuiltinVar::Arg2, 0),
    ] {
        w.ints.insert(v as u16, n);
    }
    w.args = vec![0; 16];
    w
}

/// Clauses of a case.
const EACH: u64 = 8;

/// Runs cases, with `most` of their clauses in one program: `load` makes an engine of a case, which `run` fires and takes the records of. How many programs agreed, and
/// how many faults were among them; or what disagreed.
pub fn engines<E>(
    seeds: std::ops::Range<u64>,
    caps: &Caps,
    most: usize,
    world: &mut FixedWorld,
    load: impl Fn(&Image) -> Result<E, String>,
    run: impl Fn(&mut E, &Image) -> Result<Vec<Vec<u8>>, String>,
) -> (usize, usize, Vec<String>) {
    let (mut ran, mut faults, mut failures) = (0, 0, Vec::new());
    for seed in seeds {
        let mut one = || -> Result<(usize, usize), String> {
            let mut case = Case::new(seed, EACH, most, caps)?;
            let mut engine = load(&case.image).map_err(|e| format!("seed {seed}: {e}"))?;
            let mut faults = 0;
            for _ in 0..3 {
                let records =
                    run(&mut engine, &case.image).map_err(|e| format!("seed {seed}: {e}"))?;
                faults += case.firing(world, &records)?;
            }
            Ok((case.difos.len(), faults))
        };
        match one() {
            Ok((r, f)) => (ran, faults) = (ran + r, faults + f),
            Err(e) => failures.push(e),
        }
        if failures.len() > 5 {
            break;
        }
    }
    (ran, faults, failures)
}

/// Which seeds a test goes through: `ENGINES_SEED` the first, `ENGINES_BATCHES` how many.
pub fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default: u64| {
        let text = std::env::var(name).ok();
        text.and_then(|s| s.parse().ok()).unwrap_or(default)
    };
    let first = number("ENGINES_SEED", 1);
    first..first + number("ENGINES_BATCHES", 1250)
}
