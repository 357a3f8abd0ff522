//! A session without a kernel: records and aggregations as a test puts them in.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tracer_ebpf::backend::{AggEntry, BackendError, Drops, Session};

use dsl::dif::op::Op;
use dsl::program::{
    AggDef, AggFunc, AggId, Clause, ClauseId, Datum, DifType, Difo, KeyType, ProbeDesc, Program,
    Stmt, StmtKind, SymKind,
};
use dsl::source::Span;
use std::sync::Arc;
use tracer_ebpf::image::{AggLayout, Field, FieldKind, KeyField, MapIx, RecordLayout};
use tracer_ebpf::site::{ProbeInfo, Site};

/// See the module.
#[derive(Default)]
pub struct MockSession {
    pub records: VecDeque<Vec<u8>>,
    pub aggs: Vec<BTreeMap<Vec<u8>, Vec<i64>>>,
    pub drops: Drops,
    pub resets: Vec<(AggId, Option<Vec<Vec<u8>>>)>,
}

impl MockSession {
    /// Sets an element.
    pub fn set(&mut self, agg: u32, key: &[u8], data: &[i64]) {
        let agg = agg as usize;
        if self.aggs.len() <= agg {
            self.aggs.resize_with(agg + 1, BTreeMap::new);
        }
        self.aggs[agg].insert(key.to_vec(), data.to_vec());
    }
}

impl Session for MockSession {
    fn go(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
    fn poll(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BackendError> {
        self.records.drain(..).for_each(|r| sink(&r));
        Ok(())
    }
    fn exited(&mut self) -> Result<Option<i32>, BackendError> {
        Ok(None)
    }
    fn wake_fd(&self) -> Option<std::os::fd::RawFd> {
        None
    }
    fn aggregate(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError> {
        let entries = self.aggs.get(agg.0 as usize).into_iter().flatten();
        Ok(entries
            .map(|(k, d)| AggEntry {
                key: k.clone(),
                data: d.clone(),
                cpus: Vec::new(),
            })
            .collect())
    }
    fn aggregate_cpus(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError> {
        // All of it is the work of one CPU.
        let mut all = self.aggregate(agg)?;
        all.iter_mut()
            .for_each(|e| e.cpus = vec![(1, e.data.clone())]);
        Ok(all)
    }
    fn agg_reset(&mut self, agg: AggId, keys: Option<&[Vec<u8>]>) -> Result<(), BackendError> {
        self.resets.push((agg, keys.map(<[_]>::to_vec)));
        if let Some(a) = self.aggs.get_mut(agg.0 as usize) {
            match keys {
                Some(keys) => keys.iter().for_each(|k| {
                    a.remove(k);
                }),
                None => a.clear(),
            }
        }
        Ok(())
    }
    fn drops(&mut self) -> Result<Drops, BackendError> {
        Ok(self.drops.clone())
    }
    fn stop(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
    fn attach_time(&self) -> Duration {
        Duration::ZERO
    }
}

/// A DIFO that nobody runs.
pub fn difo() -> Difo {
    Difo {
        text: vec![Op::Nop as u32],
        inttab: vec![],
        strtab: vec![0],
        rtype: DifType::Void,
        spans: vec![],
    }
}

pub fn int(size: u8, signed: bool) -> Datum {
    Datum::Int {
        difo: difo(),
        size,
        signed,
    }
}

pub fn string() -> Datum {
    Datum::Str { difo: difo() }
}

/// An enabling put together by hand: clause `i` is on probe `i`.
#[derive(Default)]
pub struct Built {
    pub program: Program,
    pub records: Vec<RecordLayout>,
    pub aggs: Vec<AggLayout>,
    pub probes: Vec<ProbeInfo>,
    pub epids: Vec<Vec<(ClauseId, u32)>>,
}

impl Built {
    /// Adds a probe and a clause on it.
    pub fn clause(&mut self, probe: (&str, &str, &str, &str), stmts: Vec<StmtKind>) -> &mut Built {
        let n = self.probes.len() as u32;
        let (p, m, f, name) = probe;
        self.probes.push(ProbeInfo {
            id: n + 1,
            provider: Arc::from(p),
            module: Arc::from(m),
            function: Arc::from(f),
            name: Arc::from(name),
            site: Site::Begin,
        });
        self.epids.push(vec![(ClauseId(n), n + 1)]);
        let mut layout = RecordLayout {
            emits: true,
            fixed: 8,
            fields: vec![],
        };
        for (i, s) in stmts.iter().enumerate() {
            for (d, datum) in data(s).into_iter().enumerate() {
                let (kind, size) = field(datum);
                layout.fields.push(Field {
                    stmt: i as u32,
                    datum: d as u32,
                    off: layout.fixed,
                    kind,
                });
                layout.fixed += size;
            }
        }
        self.records.push(layout);
        self.program.clauses.push(Clause {
            desc: ProbeDesc::default(),
            source_clause: n,
            span: Span::default(),
            pred: None,
            stmts: stmts
                .into_iter()
                .enumerate()
                .map(|(i, kind)| Stmt {
                    span: Span::default(),
                    action: i as u32 + 1,
                    kind,
                })
                .collect(),
        });
        self
    }

    /// Adds an aggregation.
    pub fn agg(&mut self, func: AggFunc, keys: &[KeyType]) -> AggId {
        let id = AggId(self.aggs.len() as u32);
        let mut off = 0;
        let fields = keys
            .iter()
            .map(|&ty| {
                let bytes = match ty {
                    KeyType::Int { size, .. } => u32::from(size),
                    KeyType::Str => 16,
                    KeyType::Bytes { size } => size,
                    KeyType::Stack { frames } => 8 * u32::from(frames),
                    KeyType::Ustack { frames } => 8 + 8 * u32::from(frames),
                    KeyType::Sym(_) => 16,
                };
                let f = KeyField { off, ty, bytes };
                off += bytes;
                f
            })
            .collect();
        self.aggs.push(AggLayout {
            map: MapIx(0),
            func,
            keys: fields,
            key_size: off,
            words: 1,
        });
        self.program.aggs.push(AggDef {
            name: format!("a{}", id.0),
            func,
            keys: keys.to_vec(),
            span: Span::default(),
        });
        id
    }
}

fn data(s: &StmtKind) -> Vec<&Datum> {
    match s {
        StmtKind::Trace(d)
        | StmtKind::Print { data: d, .. }
        | StmtKind::Stack(d)
        | StmtKind::Exit(d)
        | StmtKind::Normalize(_, d)
        | StmtKind::Speculate(d)
        | StmtKind::Commit(d)
        | StmtKind::Discard(d) => vec![d],
        StmtKind::Tracemem { data, shown } => std::iter::once(data).chain(shown).collect(),
        StmtKind::Printf { args, .. }
        | StmtKind::Freopen { args, .. }
        | StmtKind::System { args, .. } => args.iter().collect(),
        StmtKind::Setopt(name, value) => std::iter::once(name).chain(value).collect(),
        StmtKind::Trunc(_, d) => d.iter().collect(),
        _ => vec![],
    }
}

fn field(d: &Datum) -> (FieldKind, u32) {
    match d {
        Datum::Int { size, signed, .. } => (
            FieldKind::Int {
                size: *size,
                signed: *signed,
            },
            u32::from(*size),
        ),
        Datum::Str { .. } => (FieldKind::Str, 4),
        Datum::Bytes { size, chars, .. } => (
            FieldKind::Bytes {
                size: *size,
                chars: *chars,
            },
            *size,
        ),
        Datum::Stack { frames } => (FieldKind::Stack { frames: *frames }, 4),
        Datum::Ustack { .. } => (FieldKind::Ustack, 8),
        Datum::Sym { kind, .. } => (
            FieldKind::Sym { kind: *kind },
            if matches!(kind, SymKind::Sym | SymKind::Mod) {
                8
            } else {
                12
            },
        ),
    }
}

/// A record of clause `n`, with its fixed and variable parts.
pub fn record(n: u16, cpu: u16, fixed: &[&[u8]], variable: &[&[u8]]) -> Vec<u8> {
    let mut r = u32::from(n).to_le_bytes().to_vec();
    r.extend(n.to_le_bytes());
    r.extend(cpu.to_le_bytes());
    fixed
        .iter()
        .chain(variable)
        .for_each(|b| r.extend_from_slice(b));
    r
}
