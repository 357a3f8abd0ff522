//! The consumer: records in, DTrace's output out.
//!
//! It knows a [`Program`] (what the statements are), the layouts that lowering made for it, and a [`Session`]; it does not know
//! which kernel side is behind that. What the kernel recorded is printed statement by statement, in record order; what
//! DTrace leaves to the consumer (`printa`, `clear`, `trunc`, `normalize`) happens when its record is met.

pub mod agg;
pub mod drops;
pub mod flow;
pub mod held;
pub mod net;
pub mod out;
mod outward;
mod pcap;
mod print;
pub mod printf;
pub mod quantize;
pub mod record;
mod spec;
pub mod stack;
pub mod symbol;
pub mod time;
pub mod value;

use crate::options::{Opt, Options};
use agg::{AggStyle, Aggs};
use anyhow::{Context, Result};
use dsl::dif::fault::Fault;
use dsl::program::{AggId, ClauseId, KeyType, Program, StmtKind};
use flow::Flow;
use out::Out;
use record::Style;
use std::io::Write;
use symbol::Symbols;
use tracer_ebpf::backend::{Drops, Session};
use tracer_ebpf::image::{AggLayout, FAULT_RECORD, Field, FieldKind, KeyField, RecordLayout};
use tracer_ebpf::site::ProbeInfo;
use value::{Value, uint};

/// How the output looks, from the options.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// `-q`.
    pub quiet: bool,
    /// `-F`.
    pub flow: bool,
    /// `-x rawbytes`, `-x stackindent`.
    pub datum: Style,
    /// `-x aggsort…`, `-x aggzoom`.
    pub agg: AggStyle,
    /// `-x droptags`.
    pub droptags: bool,
    /// `-x noresolve`: user addresses are shown as numbers.
    pub noresolve: bool,
    /// `_DTRACE_TESTING` is set: no CPU and ID columns, no blank line at the end.
    pub testing: bool,
}

/// What the consumer needs to know of an enabling.
pub struct Enabling<'a> {
    /// The statements.
    pub program: &'a Program,
    /// By clause.
    pub records: &'a [RecordLayout],
    /// By aggregation.
    pub aggs: &'a [AggLayout],
    /// By the index that records carry.
    pub probes: &'a [ProbeInfo],
    /// For each probe its clauses with their EPIDs.
    pub epids: &'a [Vec<(ClauseId, u32)>],
}

/// Prints a session.
pub struct Consumer<'a> {
    enabling: Enabling<'a>,
    look: Look,
    /// The settings: `setopt()` changes them.
    pub options: Options,
    changed: bool,
    speculations: spec::Speculations,
    /// Of `-x bufpolicy=ring` and `fill`.
    held: Option<held::Held>,
    /// Where to.
    pub out: Out,
    aggs: Aggs,
    /// Names of addresses.
    pub symbols: Symbols,
    flow: Flow,
    heading: bool,
    status: Option<i32>,
    drops: Drops,
    arena: Vec<u8>,
    ends: Vec<usize>,
}

/// Head of a record.
#[derive(Clone, Copy, Debug)]
struct Head {
    probe: u32,
    clause: u16,
    cpu: u16,
}

fn head(record: &[u8]) -> Head {
    Head {
        probe: uint(record, 0, 4) as u32,
        clause: uint(record, 4, 2) as u16,
        cpu: uint(record, 6, 2) as u16,
    }
}

impl<'a> Consumer<'a> {
    /// Nothing printed yet.
    pub fn new(enabling: Enabling<'a>, look: Look, out: Out) -> Consumer<'a> {
        let mut aggs = Aggs::new(enabling.aggs.to_vec());
        aggs.per_cpu = look.agg.per_cpu;
        if aggs.per_cpu {
            aggs.cpus = outward::online_cpus();
        }
        Consumer {
            enabling,
            look,
            options: Options::default(),
            changed: false,
            speculations: spec::Speculations::default(),
            held: None,
            out,
            aggs,
            symbols: Symbols::new(look.noresolve),
            flow: Flow::default(),
            heading: false,
            status: None,
            drops: Drops::default(),
            arena: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The status of the last `exit()` met.
    pub fn exit_status(&self) -> Option<i32> {
        self.status
    }

    /// Takes everything that is ready out of the ring and prints it. Gives the number of bytes that there were.
    pub fn drain(&mut self, session: &mut dyn Session) -> Result<usize> {
        let mut arena = std::mem::take(&mut self.arena);
        let mut ends = std::mem::take(&mut self.ends);
        arena.clear();
        ends.clear();
        session
            .poll(&mut |record| {
                arena.extend_from_slice(record);
                ends.push(arena.len());
            })
            .context("processing aborted")?;
        self.symbols.next_round();
        self.aggs.next_round();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let records: Vec<&[u8]> = starts
            .zip(&ends)
            .map(|(lo, &hi)| arena.get(lo..hi).unwrap_or_default())
            .collect();
        match self.held {
            Some(_) => records.iter().for_each(|r| self.keep(r)),
            None => self.print_all(&records, session)?,
        }
        drop(records);
        let bytes = arena.len();
        self.arena = arena;
        self.ends = ends;
        self.out.flush()?;
        Ok(bytes)
    }

    /// Prints records, in their order.
    fn print_all(&mut self, records: &[&[u8]], session: &mut dyn Session) -> Result<()> {
        for (i, record) in records.iter().enumerate() {
            let next = || {
                let cpu = head(record).cpu;
                records
                    .get(i + 1..)?
                    .iter()
                    .map(|r| head(r))
                    .find(|h| h.cpu == cpu && h.clause != FAULT_RECORD)
            };
            self.record(record, &next, session)?;
            self.out.flush_if_full()?;
            if crate::signals::impatient() {
                break;
            }
        }
        Ok(())
    }

    /// Keeps records until tracing has ended, in so many bytes for each CPU.
    pub fn hold(&mut self, policy: held::Policy, room: u64) {
        self.held = Some(held::Held::new(policy, room));
    }

    fn record(
        &mut self,
        record: &[u8],
        next: &dyn Fn() -> Option<Head>,
        session: &mut dyn Session,
    ) -> Result<()> {
        let h = head(record);
        if h.clause == FAULT_RECORD {
            return self.fault(h, record);
        }
        let ix = usize::from(h.clause);
        let stmts = self.enabling.program.clauses.get(ix).map(|c| &c.stmts);
        let speculates = |k: &StmtKind| matches!(k, StmtKind::Speculate(_));
        let at = stmts.and_then(|s| s.iter().position(|s| speculates(&s.kind)));
        if let (Some(at), Some(layout)) = (at, self.enabling.records.get(ix)) {
            let mut fields = value::fields(layout, record);
            let token = fields.find(|(f, _)| f.stmt == at as u32);
            let room = self.options.get(Opt::specsize);
            self.speculations
                .hold(token.map_or(0, |(_, v)| v.unsigned()), record, room);
            return Ok(());
        }
        self.show(record, next, session)
    }

    /// Prints a record.
    fn show(
        &mut self,
        record: &[u8],
        next: &dyn Fn() -> Option<Head>,
        session: &mut dyn Session,
    ) -> Result<()> {
        let h = head(record);
        let (program, records) = (self.enabling.program, self.enabling.records);
        let ix = usize::from(h.clause);
        let (Some(clause), Some(layout)) = (program.clauses.get(ix), records.get(ix)) else {
            return Ok(());
        };
        // A clause that does no more than commit and discard shows nothing of itself.
        let shown =
            |k: &StmtKind| !k.silent() && !matches!(k, StmtKind::Commit(_) | StmtKind::Discard(_));
        let line = clause.stmts.is_empty() || clause.stmts.iter().any(|s| shown(&s.kind));
        // Lines of text have no place in a capture file.
        let pcap = |k: &StmtKind| matches!(k, StmtKind::Pcap { .. });
        let captured = self.out.is_file() && clause.stmts.iter().any(|s| pcap(&s.kind));
        let line = line && !captured;
        if line {
            self.line(h, next);
        }
        let mut values = value::fields(layout, record)
            .map(|(f, v)| (f.stmt, v))
            .peekable();
        for (i, stmt) in clause.stmts.iter().enumerate() {
            let mut own =
                std::iter::from_fn(|| values.next_if(|(s, _)| *s == i as u32).map(|(_, v)| v));
            self.statement(h, &stmt.kind, &mut own, session)?;
            own.for_each(drop);
        }
        if line && !self.look.quiet {
            self.out.buf.push(b'\n');
        }
        Ok(())
    }

    /// The heading, once, and the columns before a record's data.
    fn line(&mut self, h: Head, next: &dyn Fn() -> Option<Head>) {
        let (look, probes) = (self.look, self.enabling.probes);
        let out = &mut self.out.buf;
        // Writing to a Vec never fails.
        if !std::mem::replace(&mut self.heading, true) {
            let _ = match (look.flow, look.quiet, look.testing) {
                (true, _, false) => writeln!(out, "{:>3} {:<41}", "CPU", "FUNCTION"),
                (true, _, true) => writeln!(out, "{:<41}", "FUNCTION"),
                (false, true, _) => Ok(()),
                (false, false, false) => {
                    writeln!(out, "{:>3} {:>6} {:>32}", "CPU", "ID", "FUNCTION:NAME")
                }
                (false, false, true) => writeln!(out, "{:>32}", "FUNCTION:NAME"),
            };
        }
        let Some(p) = probes.get(h.probe as usize) else {
            return;
        };
        if look.flow {
            let next = next().map(|n| (n.probe, n.clause));
            let l = self
                .flow
                .step(h.cpu, (h.probe, h.clause), &p.provider, &p.name, next);
            let mut name = format!("{:w$}{}{}", "", l.prefix, p.function, w = l.indent);
            if l.named {
                name.push(':');
                name.push_str(&p.name);
            }
            if !look.testing {
                let _ = write!(out, "{:>3} ", h.cpu);
            }
            let _ = write!(out, "{name:<41} ");
        } else if !look.quiet {
            if !look.testing {
                let _ = write!(out, "{:>3} {:>6} ", h.cpu, p.id);
            }
            let _ = write!(out, "{:>32} ", format!("{}:{}", p.function, p.name));
        }
    }

    fn statement(
        &mut self,
        h: Head,
        stmt: &StmtKind,
        values: &mut dyn Iterator<Item = Value<'_>>,
        session: &mut dyn Session,
    ) -> Result<()> {
        let style = Style {
            quiet: self.look.quiet,
            ..self.look.datum
        };
        let out = &mut self.out.buf;
        match stmt {
            StmtKind::Expr(_)
            | StmtKind::Aggregate { .. }
            | StmtKind::Raise(_)
            | StmtKind::Chill(_)
            | StmtKind::Return(_)
            | StmtKind::Speculate(_) => {}
            StmtKind::Pcap { .. } => pcap::Packet::read(values).print(&mut self.out),
            StmtKind::Commit(_) => {
                let token = values.next().map_or(0, |v| v.unsigned());
                self.commit(token, session)?;
            }
            StmtKind::Discard(_) => {
                let token = values.next().map_or(0, |v| v.unsigned());
                self.speculations.end(token);
            }
            StmtKind::Trace(_) | StmtKind::Stack(_) => {
                for v in values {
                    record::trace(out, &v, style, &mut self.symbols);
                }
            }
            StmtKind::Print { shape, .. } => {
                if let Some(v) = values.next() {
                    print::print(out, shape, &v);
                }
            }
            StmtKind::Tracemem { .. } => {
                let data = match values.next() {
                    Some(Value::Bytes { data, .. } | Value::Str(data)) => data,
                    _ => &[],
                };
                let shown = values.next().map(|v| v.signed());
                // As DTrace has it: a size that is out of range shows everything.
                let n = shown
                    .and_then(|n| usize::try_from(n).ok())
                    .filter(|&n| n <= data.len());
                record::dump(out, data.get(..n.unwrap_or(data.len())).unwrap_or_default());
            }
            StmtKind::Printf { format, .. } => {
                printf::print(out, format, values, &mut self.symbols, &mut |_, _, _, _| ());
            }
            StmtKind::Printa { format, aggs } => {
                let style = self.agg_style();
                self.aggs.printa(
                    &mut self.out.buf,
                    format.as_ref(),
                    aggs,
                    style,
                    &mut self.symbols,
                    session,
                )?;
            }
            StmtKind::Exit(_) => {
                if let Some(v) = values.next() {
                    self.status = Some(v.signed() as i32);
                }
            }
            StmtKind::Clear(agg) => self.aggs.clear(*agg, session)?,
            StmtKind::Trunc(agg, n) => {
                let n = n.as_ref().and_then(|_| values.next()).map(|v| v.signed());
                self.aggs.trunc(*agg, n, session)?;
            }
            StmtKind::Normalize(agg, _) => {
                let n = values.next().map_or(1, |v| v.signed());
                self.aggs.normalize(*agg, n, session)?;
            }
            StmtKind::Denormalize(agg) => self.aggs.normalize(*agg, 1, session)?,
            StmtKind::Setopt(_, value) => {
                let name = values.next();
                let value = values.next().filter(|_| value.is_some());
                let text = |v: &Option<Value<'_>>| match v {
                    Some(Value::Str(s)) => s.to_vec(),
                    _ => Vec::new(),
                };
                self.setopt(h, &text(&name), Some(&text(&value)))?;
            }
            StmtKind::Ftruncate => self.out.truncate()?,
            StmtKind::Freopen { format, .. } | StmtKind::System { format, .. } => {
                let mut text = Vec::new();
                let agg = &mut |_: &mut Vec<u8>, _: &_, _, _| ();
                printf::print(&mut text, format, values, &mut self.symbols, agg);
                match stmt {
                    StmtKind::System { .. } => self.system(h, &text)?,
                    _ => self.freopen(h, &text)?,
                }
            }
        }
        Ok(())
    }

    fn agg_style(&self) -> AggStyle {
        AggStyle {
            datum: Style {
                quiet: false,
                ..self.look.datum
            },
            ..self.look.agg
        }
    }

    /// A fault: which clause, what, where.
    fn fault(&mut self, h: Head, record: &[u8]) -> Result<()> {
        let clause = ClauseId(uint(record, 8, 2) as u32);
        let action = uint(record, 10, 2);
        let fault = Fault::from_num(uint(record, 12, 4) as u32).unwrap_or(Fault::Unknown);
        let offset = uint(record, 16, 4) as u32 as i32;
        let addr = uint(record, 24, 8);
        let who = self.who(h, clause);
        let addr = if fault.has_addr() {
            format!(" ({addr:#x})")
        } else {
            String::new()
        };
        let place = match action {
            0 => String::from("predicate"),
            n => format!("action #{n}"),
        };
        let offset = if offset >= 0 {
            format!(" at DIF offset {offset}")
        } else {
            String::new()
        };
        self.out.say(&format!(
            "dtrace: error on enabled probe {who}: {}{addr} in {place}{offset}\n",
            fault.text()
        ))?;
        Ok(())
    }

    /// Tells what was lost since the last time.
    pub fn report_drops(&mut self, session: &mut dyn Session) -> Result<()> {
        let now = session.drops()?;
        for m in drops::messages(&self.drops, &now, self.look.droptags) {
            self.out.say(&m)?;
        }
        let lost = std::mem::take(&mut self.speculations.drops);
        if let Some(m) = drops::speculative(lost, self.look.droptags) {
            self.out.say(&m)?;
        }
        self.drops = now;
        Ok(())
    }

    /// A newline after `^C`.
    pub fn newline(&mut self) {
        self.out.buf.push(b'\n');
    }

    /// The newline that ends the records, before the aggregations; `_DTRACE_TESTING` leaves it out.
    pub fn end_of_records(&mut self) {
        if !self.look.testing {
            self.newline();
        }
    }

    /// The aggregations that no `printa` printed, at the end.
    pub fn print_rest(&mut self, session: &mut dyn Session) -> Result<()> {
        let style = self.agg_style();
        self.aggs.next_round();
        self.aggs
            .print_rest(&mut self.out.buf, style, &mut self.symbols, session)?;
        self.out.flush()?;
        Ok(())
    }

    /// Whether user addresses are to be named: then the mappings of processes matter.
    pub fn names_user_addresses(&self) -> bool {
        let key = |k: &KeyField| match k.ty {
            KeyType::Ustack { .. } => true,
            KeyType::Sym(kind) => value::is_user(kind),
            KeyType::Int { .. } | KeyType::Str | KeyType::Bytes { .. } | KeyType::Stack { .. } => {
                false
            }
        };
        let field = |f: &Field| match f.kind {
            FieldKind::Ustack => true,
            FieldKind::Sym { kind } => value::is_user(kind),
            FieldKind::Int { .. }
            | FieldKind::Str
            | FieldKind::Bytes { .. }
            | FieldKind::Stack { .. } => false,
        };
        self.enabling.aggs.iter().flat_map(|a| &a.keys).any(key)
            || self
                .enabling
                .records
                .iter()
                .flat_map(|r| &r.fields)
                .any(field)
    }

    /// Looks at the mappings of processes whose stacks are keys: they are gone when the process has ended, and keys are
    /// printed at the end only.
    pub fn observe_keys(&mut self, session: &mut dyn Session) -> Result<()> {
        self.symbols.next_round();
        let user = |k: &KeyField| match k.ty {
            KeyType::Ustack { .. } => true,
            KeyType::Sym(kind) => value::is_user(kind),
            KeyType::Int { .. } | KeyType::Str | KeyType::Bytes { .. } | KeyType::Stack { .. } => {
                false
            }
        };
        for (i, layout) in self.enabling.aggs.iter().enumerate() {
            if !layout.keys.iter().any(user) {
                continue;
            }
            for entry in session.aggregate(AggId(i as u32))? {
                for k in layout.keys.iter().filter(|k| user(k)) {
                    if let Value::Ustack { pid, .. } | Value::Sym { pid, .. } =
                        value::key_member(k, &entry.key)
                    {
                        self.symbols.observe(pid);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
