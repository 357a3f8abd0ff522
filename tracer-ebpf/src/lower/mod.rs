//! From [`Program`] and [`Plan`] to an [`Image`]: one program per unit of the plan, maps shared by all.
//!
//! A unit is emitted as often as it takes: what an attempt finds out that it needs (scratch, a built-in variable that is
//! first met on one of two ways) the next one begins with. Two attempts are the rule, and none of them costs anything worth
//! mentioning.

pub mod agg;
pub mod branch;
pub mod entry;
pub mod flow;
pub mod frames;
pub mod fun;
pub mod jsonsub;
pub mod kstruct;
pub mod log;
pub mod op;
pub mod outward;
pub mod record;
pub mod search;
pub mod spec;
pub mod split;
pub mod string;
pub mod strsub;
pub mod subr;
pub mod textsub;
pub mod var;

use crate::asm::{Asm, AsmError};
use crate::caps::{Caps, RingKind};
use crate::image::{
    AggLayout, DROP_KINDS, Image, MapDef, MapIx, MapKind, PSEUDO_MAP, PSEUDO_MAP_VALUE, Prog,
    ProgKind, RecordLayout,
};
use crate::layout;
use crate::plan::{Plan, Unit};
use crate::service::Service;
use dsl::dif::{BuiltinVar, Op};
use dsl::program::{ClauseId, Datum, DifType, Difo, KeyType, Program, Scope, StmtKind, VarDef};
use dsl::source::{Sources, Span};
use flow::{Flow, Sv};
use fun::{Frame, Fun, MAIN_STACK, Needs, Place, ProbeSel, SCRATCH_HEAD};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Why a program can't be lowered: which clause, what is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct LowerError {
    /// Clause.
    pub clause: ClauseId,
    /// D text.
    pub span: Span,
    /// One sentence.
    pub text: String,
    /// With less in one program it could be done.
    pub too_large: bool,
}

/// Sizes that the user can set.
#[derive(Clone, Debug)]
pub struct LowerOpts {
    /// Longest string, its NUL included.
    pub strsize: u32,
    /// Scratch that a clause has at least.
    pub scratchsize: u32,
    /// Bytes of an aggregation.
    pub aggsize: u64,
    /// Bytes of all dynamic variables.
    pub dynvarsize: u64,
    /// Bytes of the record ring.
    pub bufsize: u64,
    /// How many speculations there are.
    pub nspec: u32,
    /// Programs log through aya-log, with places in these texts.
    pub debug: Option<Sources>,
    /// Clauses (of all its probes) that a program should not have more of: fewer, where the kernel found one too complex.
    pub most_clauses: usize,
    /// For each tracepoint where its machinery lies, where a program asks for `caller` or `stackdepth`: from, to.
    pub trampolines: BTreeMap<String, Vec<(u64, u64)>>,
}

impl LowerOpts {
    /// Scratch of a clause: the reference interpreter's, or what was asked for.
    pub fn clause_scratch(&self) -> u32 {
        let usual = u32::try_from(dsl::dif::interp::scratch_size(self.strsize));
        usual.unwrap_or(u32::MAX).max(self.scratchsize)
    }
}

impl Default for LowerOpts {
    fn default() -> LowerOpts {
        LowerOpts {
            strsize: 256,
            scratchsize: 0,
            aggsize: 4 << 20,
            dynvarsize: 1 << 20,
            nspec: 1,
            bufsize: 4 << 20,
            debug: None,
            most_clauses: usize::MAX,
            trampolines: BTreeMap::new(),
        }
    }
}

/// The largest ring.
pub const MOST_BUFSIZE: u64 = 1 << 30;

/// The longest string, with its NUL.
const MOST_STRSIZE: u32 = 1 << 16;

/// Maps that exist at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Single {
    State,
    Drops,
    Ring,
    Rodata,
    Zeros,
    Globals,
    Scratch,
    Busy,
    Log,
    Chill,
    Speculations,
}

/// What all programs of an image share.
pub struct Cx<'b> {
    /// D program.
    pub program: &'b Program,
    /// What is enabled.
    pub plan: &'b Plan,
    /// Target.
    pub caps: &'b Caps,
    /// Sizes.
    pub opts: &'b LowerOpts,
    /// By clause.
    pub records: Vec<RecordLayout>,
    /// By aggregation.
    pub aggs: Vec<AggLayout>,
    maps: Vec<MapDef>,
    single: BTreeMap<Single, MapIx>,
    rodata: Vec<u8>,
    interned: HashMap<Vec<u8>, u32>,
    tables: HashMap<Vec<u32>, u32>,
    names: HashMap<u16, (u32, u32)>,
    globals: BTreeMap<u16, u32>,
    globals_size: u32,
    vars: BTreeMap<u16, MapIx>,
    bounds: HashMap<u16, Vec<u32>>,
    scratch_size: u32,
    zeros: u32,
}

/// Maps it all to one image.
pub fn lower(
    program: &Program,
    plan: &Plan,
    caps: &Caps,
    opts: &LowerOpts,
) -> Result<Image, LowerError> {
    let mut cx = Cx::new(program, plan, caps, opts)?;
    let mut progs = Vec::new();
    // The last is the next.
    let mut units: Vec<Unit> = plan.units.iter().rev().cloned().collect();
    while let Some(unit) = units.pop() {
        let clauses = unit.groups.iter().map(|g| g.clauses.len()).sum::<usize>();
        let halves = || split::probes(&unit);
        if clauses > opts.most_clauses
            && let Some((first, second)) = halves()
        {
            units.extend([second, first]);
            continue;
        }
        match cx.chain(&unit, progs.len()) {
            Ok(chain) => progs.extend(chain),
            Err(e) => match halves() {
                Some((first, second)) if e.too_large => units.extend([second, first]),
                _ => return Err(e),
            },
        }
    }
    Ok(cx.finish(progs))
}

fn error(clause: u32, span: Span, text: impl Into<String>) -> LowerError {
    LowerError {
        clause: ClauseId(clause),
        span,
        text: text.into(),
        too_large: false,
    }
}

impl<'b> Cx<'b> {
    fn new(
        program: &'b Program,
        plan: &'b Plan,
        caps: &'b Caps,
        opts: &'b LowerOpts,
    ) -> Result<Cx<'b>, LowerError> {
        if caps.ring == RingKind::PerfArray {
            let text = "this kernel has no BPF ring buffer (Linux 5.8); per-CPU perf buffers are not supported yet";
            return Err(error(0, Span::default(), text));
        }
        if !(8..=MOST_STRSIZE).contains(&opts.strsize) {
            let text = format!(
                "strsize must be from 8 to {MOST_STRSIZE} bytes, not {}",
                opts.strsize
            );
            return Err(error(0, Span::default(), text));
        }
        let mut cx = Cx {
            program,
            plan,
            caps,
            opts,
            records: program.clauses.iter().map(layout::record).collect(),
            aggs: Vec::new(),
            maps: Vec::new(),
            single: BTreeMap::new(),
            rodata: Vec::new(),
            interned: HashMap::new(),
            tables: HashMap::new(),
            names: HashMap::new(),
            globals: BTreeMap::new(),
            globals_size: 0,
            vars: BTreeMap::new(),
            bounds: HashMap::new(),
            scratch_size: SCRATCH_HEAD,
            zeros: 0,
        };
        cx.state();
        cx.single(Single::Drops);
        cx.single(Single::Ring);
        cx.variables();
        cx.aggregations()?;
        Ok(cx)
    }

    fn single(&mut self, which: Single) -> MapIx {
        if let Some(&ix) = self.single.get(&which) {
            return ix;
        }
        // Sizes that depend on the programs are filled in at the end.
        let (name, kind, key, value, entries) = match which {
            Single::State => ("state", MapKind::Array, 4, 64, 1),
            Single::Drops => ("drops", MapKind::PercpuArray, 4, 8, DROP_KINDS),
            Single::Ring => {
                let size = self.ring_bytes();
                ("ring", MapKind::Ringbuf, 0, 0, size)
            }
            Single::Rodata => ("rodata", MapKind::Array, 4, 0, 1),
            Single::Zeros => ("zeros", MapKind::Array, 4, 0, 1),
            Single::Globals => ("globals", MapKind::Array, 4, 0, 1),
            Single::Scratch => {
                let entries = self.caps.cpus.max(1) * entry::LEVELS;
                ("scratch", MapKind::Array, 4, 0, entries)
            }
            Single::Busy => {
                let bytes = self.caps.cpus.max(1) * entry::BUSY_STRIDE;
                ("busy", MapKind::Array, 4, bytes, 1)
            }
            Single::Log => (log::RING, MapKind::Ringbuf, 0, 0, log::RING_BYTES),
            Single::Chill => {
                let bytes = self.caps.cpus.max(1) * outward::CHILL_STRIDE;
                ("chill", MapKind::Array, 4, bytes, 1)
            }
            Single::Speculations => ("spec", MapKind::Array, 4, 8 * self.opts.nspec.max(1), 1),
        };
        let ix = self.add(MapDef {
            name: name.to_owned(),
            kind,
            key_size: key,
            value_size: value,
            max_entries: entries,
            no_prealloc: false,
            rodata: which == Single::Rodata || which == Single::Zeros,
            init: Vec::new(),
        });
        self.single.insert(which, ix);
        ix
    }

    fn add(&mut self, map: MapDef) -> MapIx {
        self.maps.push(map);
        MapIx(self.maps.len() as u32 - 1)
    }

    /// Phase.
    pub fn state(&mut self) -> MapIx {
        self.single(Single::State)
    }
    /// Drop counters.
    pub fn drops(&mut self) -> MapIx {
        self.single(Single::Drops)
    }
    /// Records.
    pub fn ring(&mut self) -> MapIx {
        self.single(Single::Ring)
    }
    /// Its size.
    pub fn ring_bytes(&self) -> u32 {
        self.opts
            .bufsize
            .clamp(4096, MOST_BUFSIZE)
            .next_power_of_two() as u32
    }
    /// Constants.
    pub fn rodata(&mut self) -> MapIx {
        self.single(Single::Rodata)
    }
    /// Scratch, an entry per CPU and level.
    pub fn scratch_map(&mut self) -> MapIx {
        self.single(Single::Scratch)
    }
    /// Which levels are taken.
    pub fn busy(&mut self) -> MapIx {
        self.single(Single::Busy)
    }
    /// Messages of `-x bpfdebug`.
    pub fn log_ring(&mut self) -> MapIx {
        self.single(Single::Log)
    }
    /// What each CPU has spent waiting.
    pub fn chill(&mut self) -> MapIx {
        self.single(Single::Chill)
    }
    /// Which speculations are in use.
    pub fn speculations(&mut self) -> MapIx {
        self.single(Single::Speculations)
    }
    /// So many zero bytes.
    pub fn zeros(&mut self, bytes: u32) -> MapIx {
        self.zeros = self.zeros.max(bytes);
        self.single(Single::Zeros)
    }

    /// Whether subprograms on strings are global ones: where the verifier would go through every round of their loops at
    /// every call.
    pub fn global_subs(&self) -> bool {
        self.caps.global_subs && !self.caps.may_goto
    }

    /// Bytes that can be read where a string begins: a power of two, so that a mask keeps a position inside.
    pub fn string_room(&self) -> u32 {
        self.opts.strsize.next_power_of_two()
    }

    pub(super) fn put_rodata(&mut self, bytes: &[u8]) -> u32 {
        self.rodata();
        let at = self.rodata.len().next_multiple_of(8);
        self.rodata.resize(at, 0);
        self.rodata.extend_from_slice(bytes);
        at as u32
    }

    /// A string constant in the rodata, NUL-terminated and zero-padded to a multiple of 8.
    pub fn intern(&mut self, s: &[u8]) -> u32 {
        if let Some(&at) = self.interned.get(s) {
            return at;
        }
        let mut bytes = s.to_vec();
        bytes.resize((s.len() + 1).next_multiple_of(8), 0);
        let at = self.put_rodata(&bytes);
        self.interned.insert(s.to_vec(), at);
        at
    }

    /// A table of u32 in the rodata.
    pub fn number_table(&mut self, numbers: &[u32]) -> u32 {
        if let Some(&at) = self.tables.get(numbers) {
            return at;
        }
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let at = self.put_rodata(&bytes);
        self.tables.insert(numbers.to_vec(), at);
        at
    }

    /// A name of a probe.
    pub fn probe_text(&self, v: BuiltinVar, probe: u32) -> String {
        let Some(p) = self.plan.probes.get(probe as usize) else {
            return String::new();
        };
        let text = match v {
            BuiltinVar::Probeprov => &p.provider,
            BuiltinVar::Probemod => &p.module,
            BuiltinVar::Probefunc => &p.function,
            _ => &p.name,
        };
        let max = self.opts.strsize as usize - 1;
        let mut text = text.to_string();
        while text.len() > max {
            text.pop();
        }
        text
    }

    /// Bytes that a name of any probe takes at most, a multiple of 8.
    pub fn probe_stride(&self, v: BuiltinVar) -> u32 {
        let all = 0..self.plan.probes.len() as u32;
        let max = all.map(|p| self.probe_text(v, p).len()).max().unwrap_or(0);
        (max as u32 + 1).next_multiple_of(8)
    }

    /// The table of a name of all probes: place and stride.
    pub fn probe_table(&mut self, v: BuiltinVar) -> (u32, u32) {
        if let Some(&found) = self.names.get(&(v as u16)) {
            return found;
        }
        let stride = self.probe_stride(v);
        let mut bytes = Vec::new();
        for p in 0..self.plan.probes.len() as u32 {
            let end = bytes.len() + stride as usize;
            bytes.extend_from_slice(self.probe_text(v, p).as_bytes());
            bytes.resize(end, 0);
        }
        let at = self.put_rodata(&bytes);
        self.names.insert(v as u16, (at, stride));
        (at, stride)
    }

    // Variables.

    fn variables(&mut self) {
        let program = self.program;
        for v in &program.vars {
            if v.scope == Scope::Global && v.tuple.is_empty() {
                let bytes = match v.ty {
                    DifType::Int { .. } | DifType::Void => 8,
                    DifType::Str => 8 + self.opts.strsize.next_multiple_of(8),
                    DifType::Bytes { size } => 8 + size.next_multiple_of(8),
                };
                self.globals.insert(v.id, self.globals_size);
                self.globals_size += bytes;
            }
            if v.tuple.contains(&KeyType::Str) {
                self.bounds.insert(v.id, vec![8; v.tuple.len()]);
            }
        }
        if self.bounds.is_empty() {
            return;
        }
        // What a string member of a tuple takes at most, over all uses.
        for difo in difos(program) {
            let Ok(flow) = Flow::new(difo) else { continue };
            for (at, i) in flow.insns.iter().enumerate() {
                let element = matches!(i.op, Op::Ldgaa | Op::Stgaa | Op::Ldtaa | Op::Sttaa);
                let Some(before) = flow.before[at].as_ref().filter(|_| element) else {
                    continue;
                };
                let Some(mut list) = self.bounds.remove(&i.imm16()) else {
                    continue;
                };
                for (n, bound) in list.iter_mut().enumerate().take(before.depth) {
                    *bound = (*bound).max(self.bound(before.sv[flow::tuple(n)], difo));
                }
                self.bounds.insert(i.imm16(), list);
            }
        }
    }

    /// Bytes that a string value takes at most, NUL included, a multiple of 8.
    fn bound(&self, sv: Sv, difo: &Difo) -> u32 {
        let max = self.opts.strsize.next_multiple_of(8);
        match sv {
            Sv::Comm => 16.min(max),
            Sv::Probe(v) => self.probe_stride(v),
            Sv::Str(off) => {
                let rest = difo.strtab.get(off as usize..).unwrap_or(&[]);
                let len = rest.iter().position(|&b| b == 0).unwrap_or(rest.len());
                (len as u32 + 1).next_multiple_of(8).min(max)
            }
            Sv::Const(_) | Sv::Buf { .. } | Sv::Builtin(_) | Sv::Rt => max,
        }
    }

    /// Offset and bytes of each member of an associative array's key.
    pub fn tuple_layout(&self, v: &VarDef) -> Vec<(u32, u32)> {
        let bounds = self.bounds.get(&v.id);
        let mut at = 0;
        let mut out = Vec::new();
        for (n, ty) in v.tuple.iter().enumerate() {
            let bytes = match *ty {
                KeyType::Str => {
                    let bound = bounds.and_then(|b| b.get(n)).copied();
                    bound.unwrap_or(self.opts.strsize.next_multiple_of(8))
                }
                KeyType::Bytes { size } => size.next_multiple_of(8),
                _ => 8,
            };
            out.push((at, bytes));
            at += bytes;
        }
        out
    }

    /// Bytes of the key of a thread-local or an element.
    pub fn element_key_size(&self, v: &VarDef) -> u32 {
        let tuple = self.tuple_layout(v).last().map_or(0, |&(at, b)| at + b);
        match v.scope {
            Scope::Thread => tuple + var::THREAD_KEY,
            Scope::Global | Scope::Clause => tuple,
        }
    }

    /// The map of a thread-local or an associative array.
    pub fn var_map(&mut self, v: &VarDef) -> MapIx {
        if let Some(&ix) = self.vars.get(&v.id) {
            return ix;
        }
        let value = match v.ty {
            DifType::Int { .. } | DifType::Void => 8,
            DifType::Str => self.opts.strsize.next_multiple_of(8),
            DifType::Bytes { size } => size.next_multiple_of(8),
        };
        let key = self.element_key_size(v);
        let entries = self.opts.dynvarsize / u64::from(key + value + 48);
        let ix = self.add(MapDef {
            name: format!("var_{:x}", v.id),
            kind: MapKind::Hash,
            key_size: key,
            value_size: value,
            max_entries: entries.clamp(1, 1 << 24) as u32,
            no_prealloc: self.caps.hash_no_prealloc,
            rodata: false,
            init: Vec::new(),
        });
        self.vars.insert(v.id, ix);
        ix
    }

    /// A global's place.
    pub fn global(&mut self, v: &VarDef) -> (MapIx, u32) {
        let off = self.globals.get(&v.id).copied().unwrap_or(0);
        (self.single(Single::Globals), off)
    }
    /// All globals: map and size.
    pub fn all_globals(&mut self) -> Option<(MapIx, u32)> {
        let size = self.globals_size;
        (size > 0).then(|| (self.single(Single::Globals), size))
    }

    // Aggregations.

    fn aggregations(&mut self) -> Result<(), LowerError> {
        let program = self.program;
        let mut bounds: Vec<Vec<u32>> =
            program.aggs.iter().map(|a| vec![8; a.keys.len()]).collect();
        for clause in &program.clauses {
            for stmt in &clause.stmts {
                let StmtKind::Aggregate { agg, keys, .. } = &stmt.kind else {
                    continue;
                };
                let Some(list) = bounds.get_mut(agg.0 as usize) else {
                    continue;
                };
                for (bound, key) in list.iter_mut().zip(keys) {
                    let Datum::Str { difo } = key else { continue };
                    let most = match Flow::new(difo) {
                        Ok(flow) => flow
                            .rets
                            .iter()
                            .map(|&at| self.ret_bound(&flow, at, difo))
                            .max(),
                        Err(_) => None,
                    };
                    *bound = (*bound).max(most.unwrap_or(8));
                }
            }
        }
        for (n, def) in program.aggs.iter().enumerate() {
            let bounds = bounds.get(n).map_or(&[][..], |b| b);
            let mut layout = layout::agg(def, MapIx(self.maps.len() as u32), bounds);
            let value = layout.words * 8;
            if value > 32 * 1024 {
                let text = format!(
                    "@{}: {} buckets take {value} bytes a CPU, the kernel's limit is 32768",
                    def.name, layout.words
                );
                return Err(error(0, def.span, text));
            }
            let keyed = !def.keys.is_empty();
            let each = u64::from(layout.key_size + value + 64);
            let entries = if keyed { self.opts.aggsize / each } else { 1 };
            layout.map = self.add(MapDef {
                name: format!("agg_{n}"),
                kind: if keyed {
                    MapKind::PercpuHash
                } else {
                    MapKind::PercpuArray
                },
                key_size: if keyed { layout.key_size } else { 4 },
                value_size: value,
                max_entries: entries.clamp(1, 1 << 24) as u32,
                no_prealloc: keyed && self.caps.hash_no_prealloc,
                rodata: false,
                init: Vec::new(),
            });
            self.aggs.push(layout);
        }
        Ok(())
    }

    fn ret_bound(&self, flow: &Flow, at: usize, difo: &Difo) -> u32 {
        let reg = usize::from(flow.insns[at].rd & 7);
        match &flow.before[at] {
            Some(b) => self.bound(b.sv[reg], difo),
            None => 8,
        }
    }

    // Programs.

    /// A unit as one program, or as several that call each other, where it is too large for one. The first is the one to attach.
    fn chain(&mut self, unit: &Unit, n: usize) -> Result<Vec<Prog>, LowerError> {
        let most = self.opts.most_clauses;
        let mut cuts = match self.caps.services.has(Service::TailCall) {
            true => split::Cuts::new(self.program, unit),
            false => None,
        };
        if let Some(cuts) = &mut cuts {
            while cuts.largest() > most && cuts.halve_largest() {}
        }
        let mut array = None;
        'all: loop {
            let Some(cuts) = cuts.as_mut().filter(|c| c.pieces() > 1) else {
                match self.unit(unit, None, n) {
                    Ok(prog) => return Ok(vec![prog]),
                    Err(e) if e.too_large && cuts.as_mut().is_some_and(|c| c.halve_largest()) => {
                        continue;
                    }
                    Err(e) => return Err(e),
                }
            };
            let map = *array.get_or_insert_with(|| self.prog_array());
            if let Some(def) = self.maps.get_mut(map.0 as usize) {
                def.max_entries = cuts.pieces() as u32 - 1;
            }
            let mut progs = Vec::new();
            for at in 0..cuts.pieces() {
                let (piece, link) = cuts.piece(unit, at, map);
                match self.unit(&piece, Some(link), n + at) {
                    Ok(prog) => progs.push(Prog {
                        called: (at as u32).checked_sub(1).map(|index| (map, index)),
                        ..prog
                    }),
                    Err(e) if e.too_large && cuts.halve(at) => continue 'all,
                    Err(e) => return Err(e),
                }
            }
            return Ok(progs);
        }
    }

    /// For the programs of a chain behind its first.
    fn prog_array(&mut self) -> MapIx {
        self.add(MapDef {
            name: format!("next_{}", self.maps.len()),
            kind: MapKind::ProgArray,
            key_size: 4,
            value_size: 4,
            max_entries: 1,
            no_prealloc: false,
            rodata: false,
            init: Vec::new(),
        })
    }

    fn unit(
        &mut self,
        unit: &Unit,
        link: Option<split::Link>,
        n: usize,
    ) -> Result<Prog, LowerError> {
        let mut given = Needs {
            scratch: link.is_some(),
            ..Needs::default()
        };
        for _ in 0..8 {
            let (fun, needs) = {
                let mut f = Fun::new(
                    self,
                    given.clone(),
                    entry::Source::of(&unit.kind, unit.select),
                );
                f.tracepoint = unit.kind.tracepoint().map(str::to_owned);
                f.link = link.clone();
                f.main(unit)?;
                f.subprograms()?;
                let max = f.scratch_max.saturating_add(f.reach);
                let needs = f.needs.clone();
                let asm = f.asm;
                self.scratch_size = self.scratch_size.max(max);
                (asm, needs)
            };
            let grown = Needs {
                scratch: given.scratch || needs.scratch,
                lazy: needs.lazy.iter().chain(&given.lazy).copied().fold(
                    Vec::new(),
                    |mut all, v| {
                        if !all.contains(&v) {
                            all.push(v);
                        }
                        all
                    },
                ),
            };
            if grown.scratch != given.scratch || grown.lazy.len() != given.lazy.len() {
                given = grown;
                continue;
            }
            return self.assemble(fun, unit, n);
        }
        Err(error(
            0,
            Span::default(),
            "internal: lowering does not settle",
        ))
    }

    fn assemble(&mut self, asm: Asm, unit: &Unit, n: usize) -> Result<Prog, LowerError> {
        let first = unit.groups.iter().flat_map(|g| &g.clauses).next();
        let clause = first.map_or(0, |c| c.0);
        let (insns, subprogs, lines) = asm.finish().map_err(|e| {
            let text = match e {
                AsmError::Far => {
                    "the program is too large: a branch spans more than 32767 instructions"
                }
                AsmError::Unbound => "internal: a label was never bound",
            };
            LowerError {
                too_large: e == AsmError::Far,
                ..error(clause, Span::default(), text)
            }
        })?;
        if insns.len() as u64 > u64::from(self.caps.max_insns) {
            let text = format!(
                "the program has {} instructions, this kernel takes {}",
                insns.len(),
                self.caps.max_insns
            );
            return Err(LowerError {
                too_large: true,
                ..error(clause, Span::default(), text)
            });
        }
        let maps: BTreeSet<i32> = insns
            .iter()
            .filter(|i| i.code == crate::isa::LD_IMM64)
            .filter(|i| [PSEUDO_MAP, PSEUDO_MAP_VALUE].contains(&(i.regs >> 4)))
            .map(|i| i.imm)
            .collect();
        if maps.len() > self.caps.max_maps as usize {
            let text = format!(
                "one program uses {} maps (aggregations, arrays and the like), and may use {}",
                maps.len(),
                self.caps.max_maps
            );
            return Err(LowerError {
                too_large: true,
                ..error(clause, Span::default(), text)
            });
        }
        let kind = match &unit.kind {
            ProgKind::TestRun { phase } => format!("{phase:?}").to_lowercase(),
            ProgKind::RawTracepoint { name } | ProgKind::BtfTracepoint { name } => name.clone(),
            ProgKind::Kprobe { function, .. } | ProgKind::Fentry { function, .. } => {
                function.clone()
            }
            ProgKind::KprobeMulti { ret: false } => "entry".to_owned(),
            ProgKind::KprobeMulti { ret: true } => "return".to_owned(),
            ProgKind::Timer { .. } => "timer".to_owned(),
        };
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let name: String = format!("{n}_{kind}")
            .chars()
            .filter(|&c| good(c))
            .take(15)
            .collect();
        let probes = unit.groups.iter().flat_map(|g| g.probes.iter().copied());
        Ok(Prog {
            name,
            kind: unit.kind.clone(),
            called: None,
            probes: probes.collect(),
            insns,
            subprogs,
            lines,
        })
    }

    fn finish(mut self, progs: Vec<Prog>) -> Image {
        let (state, drops, ring) = (self.state(), self.drops(), self.ring());
        let room = self.string_room() as usize;
        for (&which, &ix) in &self.single {
            let Some(map) = self.maps.get_mut(ix.0 as usize) else {
                continue;
            };
            match which {
                Single::Rodata => {
                    // String loops read whole words, up to this far from any constant's start.
                    let end = self.rodata.len() + room + 8;
                    self.rodata.resize(end.next_multiple_of(8), 0);
                    map.value_size = self.rodata.len() as u32;
                    map.init = vec![(vec![0; 4], std::mem::take(&mut self.rodata))];
                }
                Single::Zeros => map.value_size = self.zeros.next_multiple_of(8).max(8),
                Single::Globals => map.value_size = self.globals_size.max(8),
                Single::Scratch => map.value_size = self.scratch_size.next_multiple_of(64),
                Single::State
                | Single::Drops
                | Single::Ring
                | Single::Busy
                | Single::Log
                | Single::Chill
                | Single::Speculations => {}
            }
        }
        Image {
            progs,
            maps: self.maps,
            state,
            drops,
            ring,
            log: self.single.get(&Single::Log).copied(),
            records: self.records,
            aggs: self.aggs,
            probes: self.plan.probes.clone(),
            epids: self.plan.epids.clone(),
        }
    }
}

/// Every DIFO of a program.
pub fn difos(program: &Program) -> Vec<&Difo> {
    let mut out = Vec::new();
    for clause in &program.clauses {
        out.extend(clause_difos(clause));
    }
    out
}

/// Whether a program asks for `caller` or `stackdepth`.
pub fn asks_for_frames(program: &Program) -> bool {
    use dsl::dif::Insn;
    let all = difos(program).into_iter().flat_map(|d| &d.text);
    all.filter_map(|&w| Insn::decode(w)).any(|i| {
        i.op == Op::Ldgs
            && [BuiltinVar::Caller as u16, BuiltinVar::Stackdepth as u16].contains(&i.imm16())
    })
}

/// Whether a program needs to know more of the kernel's structures than most do.
pub fn reads_structures(program: &Program) -> bool {
    use dsl::dif::{Insn, Subr};
    let walks = |i: Insn| match i.op {
        Op::Call => matches!(
            Subr::from_num(i.imm16()),
            Some(
                Subr::DPath
                    | Subr::Getf
                    | Subr::MutexOwned
                    | Subr::MutexOwner
                    | Subr::MutexTypeAdaptive
                    | Subr::MutexTypeSpin
                    | Subr::RwReadHeld
                    | Subr::RwWriteHeld
                    | Subr::RwIswriter
            )
        ),
        Op::Ldgs => i.imm16() == BuiltinVar::Execargs as u16,
        _ => false,
    };
    let mut all = difos(program).into_iter().flat_map(|d| &d.text);
    all.any(|&w| Insn::decode(w).is_some_and(walks))
}

/// Every DIFO of a clause.
pub fn clause_difos(clause: &dsl::program::Clause) -> Vec<&Difo> {
    let mut out: Vec<&Difo> = clause.pred.iter().collect();
    for stmt in &clause.stmts {
        match &stmt.kind {
            StmtKind::Expr(d) | StmtKind::Raise(d) | StmtKind::Chill(d) | StmtKind::Return(d) => {
                out.push(d)
            }
            StmtKind::Aggregate {
                keys,
                value,
                weight,
                ..
            } => {
                out.extend(keys.iter().filter_map(Datum::difo));
                out.extend(value);
                out.extend(weight);
            }
            kind => out.extend(layout::data(kind).into_iter().filter_map(Datum::difo)),
        }
    }
    out
}

impl<'a, 'b> Fun<'a, 'b> {
    /// An empty program.
    pub fn new(cx: &'a mut Cx<'b>, given: Needs, source: entry::Source) -> Fun<'a, 'b> {
        let mut asm = Asm::default();
        let exit = asm.label();
        Fun {
            cx,
            asm,
            frame: Frame::new(MAIN_STACK).with_overflow(false),
            values: Vec::new(),
            names: [None; flow::NV],
            homes: [None; flow::NV],
            pinned: Vec::new(),
            needs: Needs::default(),
            given,
            place: Place {
                clause: ClauseId(0),
                action: 0,
                stmt: 0,
                span: Span::default(),
            },
            probe: ProbeSel::One(0),
            tracepoint: None,
            source,
            kept: HashMap::new(),
            have: 0,
            seen: 0,
            label_have: HashMap::new(),
            reachable: true,
            stubs: Vec::new(),
            in_error: false,
            elements: Vec::new(),
            kept_elements: Vec::new(),
            locals: BTreeMap::new(),
            persist_top: SCRATCH_HEAD,
            scratch_top: SCRATCH_HEAD,
            scratch_max: SCRATCH_HEAD,
            reach: 0,
            subs: BTreeMap::new(),
            dynamic: None,
            strtok: None,
            needle_room: 0,
            mem_slot: 0,
            exit,
            link: None,
        }
    }
}
