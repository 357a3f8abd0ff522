//! Clauses: predicate, statements in order, the record; what surrounds them (clause-locals, faults, ERROR).

use super::entry::Source;
use super::flow::{Alloc, Flow};
use super::fun::{FaultAddr, Frame, Fun, LEAF_STACK, Place, ProbeSel, STACK, Sub};
use super::op::{Val, Want};
use super::spec::SpecSub;
use super::subr::Dynamic;
use super::var::{Local, MOVING, Mem, have_bit};
use super::{LowerError, clause_difos};
use crate::image::{DropKind, FAULT_RECORD, FieldKind, Phase, ProgKind, RecordLayout};
use crate::isa::{Alu, Cond, R, Size};
use crate::layout;
use crate::plan::Unit;
use crate::service::Service;
use dsl::dif::{Fault, Insn, Op};
use dsl::program::{Clause, ClauseId, Datum, DifType, Scope, StmtKind};

/// Records up to this size, without strings and stacks, are built on the stack.
const STACK_RECORD: u32 = 64;

/// The largest record: well within what offsets are computed with.
const MOST_RECORD: u64 = 16 << 20;
/// Integer clause-locals on the stack; more of them are in scratch.
const STACK_LOCALS: u32 = 12;
/// `BPF_RB_NO_WAKEUP`.
const NO_WAKEUP: u64 = 1;
/// `BPF_RB_FORCE_WAKEUP`.
const FORCE_WAKEUP: u64 = 2;
/// Of the pages of a ring that is more than half full, those at which the consumer is woken: one in 16.
const WAKE_PAGES: i32 = 0xf000;

/// The record under construction.
#[derive(Clone, Copy, Debug)]
struct Record {
    at: Mem,
    /// Where the next variable part goes, while that is known.
    next: Option<u32>,
    /// Slot of the same, once it is not.
    slot: i16,
    /// The most it can be by now.
    most: u32,
}

impl<'a, 'b> Fun<'a, 'b> {
    /// Gives the firing its clause-local variables and other things that begin as zero.
    pub fn start(&mut self, unit: &Unit) -> Result<(), LowerError> {
        match self.link.clone() {
            // The same places in all programs of the firing.
            Some(link) => {
                self.keep_moving(link.first());
                self.start_firing(&link.firing)
            }
            None => {
                let groups = unit.groups.iter();
                let clauses: Vec<ClauseId> = groups.flat_map(|g| g.clauses.clone()).collect();
                self.start_firing(&clauses)
            }
        }
    }

    /// Keeps the times of the firing where the next program finds them.
    fn keep_moving(&mut self, first: bool) {
        for v in MOVING {
            // The fixed part of the scratch is small.
            let slot = self.persist(8) as i16;
            self.kept.insert(v, slot);
            match first {
                true => self.asm.st(Size::D, R::FP, slot, 0),
                false => self.seen |= have_bit(v),
            }
        }
    }

    fn start_firing(&mut self, clauses: &[ClauseId]) -> Result<(), LowerError> {
        let program = self.cx.program;
        // ERROR is a firing of its own, within one program.
        let link = self.link.as_ref().filter(|_| !self.in_error);
        let fresh = link.is_none_or(|l| l.first());
        let on_stack = if link.is_none() { STACK_LOCALS } else { 0 };
        let mut used = Vec::new();
        for id in clauses {
            let Some(clause) = program.clauses.get(id.0 as usize) else {
                continue;
            };
            for difo in clause_difos(clause) {
                for i in difo.text.iter().filter_map(|&w| Insn::decode(w)) {
                    if matches!(i.op, Op::Ldls | Op::Stls) {
                        used.push(i.imm16());
                    }
                    if i.op == Op::Call
                        && i.imm16() == dsl::dif::Subr::Strtok as u16
                        && self.strtok.is_none()
                    {
                        let bytes = 8 + self.cx.opts.strsize.next_multiple_of(8);
                        self.strtok = Some(self.persist(bytes));
                    }
                }
            }
        }
        let mut ints = 0;
        for v in &program.vars {
            if v.scope != Scope::Clause || !used.contains(&v.id) {
                continue;
            }
            let local = match v.ty {
                DifType::Int { .. } | DifType::Void => {
                    ints += 1;
                    let slot = match ints <= on_stack {
                        true => self.frame.alloc(8),
                        false => None,
                    };
                    match slot {
                        Some(slot) => {
                            self.asm.st(Size::D, R::FP, slot, 0);
                            Local::Slot(slot)
                        }
                        None => {
                            let at = self.persist(8);
                            if fresh {
                                let (base, off) = self.scratch_at(at, R::R1);
                                self.asm.st(Size::D, base, off, 0);
                            }
                            Local::Scratch(at)
                        }
                    }
                }
                DifType::Str | DifType::Bytes { .. } => {
                    let bytes = match v.ty {
                        DifType::Bytes { size } => size,
                        _ => self.cx.opts.strsize,
                    };
                    let bytes = 8 + bytes.next_multiple_of(8);
                    let at = self.persist(bytes);
                    if fresh {
                        self.zero(Mem::Scratch(at), bytes)?;
                    }
                    Local::Scratch(at)
                }
            };
            self.locals.insert(v.id, local);
        }
        if let Some(at) = self.strtok.filter(|_| fresh) {
            // "No string": the state's first word is 0, or 1 + the position.
            let (base, off) = self.scratch_at(at, R::R1);
            self.asm.st(Size::D, base, off, 0);
        }
        self.keep_elements(clauses)?;
        let lazy = self.given.lazy.clone();
        for v in lazy {
            let slot = self.block(8)?;
            self.asm.st(Size::D, R::FP, slot, 0);
            self.kept.insert(v, slot);
        }
        Ok(())
    }

    /// One clause. Whether it has an `exit()`.
    pub fn clause(&mut self, id: ClauseId) -> Result<bool, LowerError> {
        let program = self.cx.program;
        let Some(clause) = program.clauses.get(id.0 as usize) else {
            return Ok(false);
        };
        self.place = Place {
            clause: id,
            action: 0,
            stmt: 0,
            span: clause.span,
        };
        self.asm.line(id, clause.span);
        self.scratch_top = self.persist_top;
        self.dynamic = self.dynamic_scratch(clause)?;
        let next = self.asm.label();
        if let Some(pred) = &clause.pred {
            let yes = self.asm.label();
            self.difo(pred, Want::Branch(yes, next))?;
            self.bind(yes);
        }
        let layout = self
            .cx
            .records
            .get(id.0 as usize)
            .cloned()
            .unwrap_or_default();
        let mut record = match layout.emits {
            true => Some(self.begin_record(clause, &layout)?),
            false => None,
        };
        let (mut exit, mut held) = (None, None);
        let mut fields = layout.fields.iter();
        for (n, stmt) in clause.stmts.iter().enumerate() {
            if !self.reachable {
                break;
            }
            self.place.action = stmt.action;
            self.place.stmt = n as u32;
            self.place.span = stmt.span;
            self.asm.line(id, stmt.span);
            match &stmt.kind {
                StmtKind::Expr(difo) => {
                    let v = self.difo(difo, Want::Value)?;
                    self.done_with(v);
                }
                StmtKind::Aggregate {
                    agg,
                    keys,
                    value,
                    weight,
                } => self.aggregate(*agg, keys, value.as_ref(), weight.as_ref())?,
                StmtKind::Raise(signal) => self.signal(signal)?,
                StmtKind::Chill(ns) => self.chill(ns)?,
                StmtKind::Return(value) => self.override_return(value)?,
                StmtKind::Speculate(id) | StmtKind::Commit(id) | StmtKind::Discard(id) => {
                    let Some((field, record)) = fields.next().zip(record.as_ref()) else {
                        continue;
                    };
                    let sub = match &stmt.kind {
                        StmtKind::Speculate(_) => {
                            held = Some(field.off);
                            SpecSub::Use
                        }
                        _ => SpecSub::End,
                    };
                    self.spec_token(record.at.plus(field.off), id, sub)?;
                }
                kind => {
                    for (d, datum) in layout::data(kind).into_iter().enumerate() {
                        self.place.action = stmt.action + d as u32;
                        let Some((field, record)) = fields.next().zip(record.as_mut()) else {
                            continue;
                        };
                        let (off, shape) = (field.off, field.kind);
                        self.datum(record, off, shape, datum)?;
                        if matches!(kind, StmtKind::Exit(_)) {
                            exit = Some(off);
                        }
                    }
                }
            }
        }
        if let Some(record) = record.filter(|_| self.reachable) {
            self.submit(record, next, exit, held)?;
        }
        self.ja(next);
        self.emit_stubs(next)?;
        self.bind(next);
        if let Some(d) = self.dynamic.take() {
            self.frame.free(d.slot, 8);
        }
        if let Some(Record {
            at: Mem::Stack(o), ..
        }) = record
        {
            self.frame.free(o, layout.fixed);
        }
        if let Some(r) = record {
            self.frame.free(r.slot, 8);
        }
        Ok(exit.is_some())
    }

    /// Bookkeeping for clauses that allocate scratch by run-time sizes, or might take more than there is.
    fn dynamic_scratch(&mut self, clause: &Clause) -> Result<Option<Dynamic>, LowerError> {
        let limit = self.cx.opts.clause_scratch();
        let (mut sum, mut dynamic) = (0u64, false);
        for difo in clause_difos(clause) {
            let flow = Flow::new(difo).map_err(|e| self.err(format!("malformed DIF: {e}")))?;
            for at in 0..flow.insns.len() {
                match flow.alloc(at) {
                    Some(Alloc::Dynamic) => dynamic = true,
                    Some(a) => sum += u64::from(self.alloc_bytes(a).unwrap_or(0)),
                    None => {}
                }
            }
        }
        if !dynamic && sum <= u64::from(limit) {
            return Ok(None);
        }
        let slot = self.block(8)?;
        self.asm.st(Size::D, R::FP, slot, 0);
        let area = match dynamic {
            // Twice: a block of any size may begin anywhere in the first half.
            true => Some(self.scratch(2 * limit)),
            false => None,
        };
        Ok(Some(Dynamic { slot, area, limit }))
    }

    /// A value that nothing wants any more.
    pub fn done_with(&mut self, v: Val) {
        if let Val::Rt(id) = v {
            self.release(id);
        }
    }

    // Records.

    fn begin_record(
        &mut self,
        clause: &Clause,
        layout: &RecordLayout,
    ) -> Result<Record, LowerError> {
        let slot = self.block(8)?;
        let mut variable = 0u64;
        for stmt in &clause.stmts {
            for datum in layout::data(&stmt.kind) {
                variable += match datum {
                    Datum::Str { .. } => u64::from(self.cx.opts.strsize).next_multiple_of(8),
                    Datum::Stack { frames } => u64::from(layout::stack_bytes(*frames)),
                    Datum::Ustack { frames } => 8 * u64::from(*frames),
                    Datum::Int { .. } | Datum::Bytes { .. } | Datum::Sym { .. } => 0,
                };
            }
        }
        let (all, most) = (
            variable + u64::from(layout.fixed),
            self.cx.opts.bufsize.min(MOST_RECORD),
        );
        if all > most {
            return Err(self.err(format!(
                "the data of this clause can be {all} bytes at once, and there is room for {most} (see -x bufsize, -x strsize)"
            )));
        }
        // No more than MOST_RECORD.
        let variable = variable as u32;
        let small = variable == 0 && layout.fixed <= STACK_RECORD;
        let at = match small {
            true => Mem::Stack(self.block(layout.fixed)?),
            false => Mem::Scratch(self.scratch(layout.fixed + variable)),
        };
        // Gaps between fields have to be initialised, and to say nothing of what was there before.
        if layout.fixed <= 256 {
            self.zero(at, layout.fixed)?;
        }
        Ok(Record {
            at,
            next: Some(layout.fixed),
            slot,
            most: layout.fixed,
        })
    }

    /// Evaluates a datum into its field.
    fn datum(
        &mut self,
        r: &mut Record,
        off: u32,
        shape: FieldKind,
        datum: &Datum,
    ) -> Result<(), LowerError> {
        let field = r.at.plus(off);
        match (datum, shape) {
            (Datum::Int { difo, .. }, FieldKind::Int { size, .. }) => {
                let v = self.difo(difo, Want::Value)?;
                if !self.reachable {
                    return Ok(());
                }
                self.load_num(v, R::R0)?;
                let (base, o) = self.mem_at(field, R::R1);
                self.asm.stx(Size::of(u32::from(size)), base, o, R::R0);
                self.done_with(v);
            }
            (Datum::Str { difo }, _) => {
                let v = self.difo(difo, Want::Value)?;
                if self.reachable {
                    self.append_string(r, field, v)?;
                }
                self.done_with(v);
            }
            (Datum::Bytes { difo, size, .. }, _) => {
                let v = self.difo(difo, Want::Value)?;
                if self.reachable {
                    self.put_bytes(v, field, *size, -1)?;
                }
                self.done_with(v);
            }
            (Datum::Stack { frames }, _) => self.append_stack(r, field, *frames, false)?,
            (Datum::Ustack { frames }, _) => self.append_stack(r, field, *frames, true)?,
            (Datum::Sym { difo, kind }, _) => {
                let v = self.difo(difo, Want::Value)?;
                if !self.reachable {
                    return Ok(());
                }
                self.load_num(v, R::R0)?;
                let (base, o) = self.mem_at(field, R::R1);
                self.asm.stx(Size::D, base, o, R::R0);
                self.done_with(v);
                if layout::user_sym(*kind) {
                    self.store_pid(field.plus(8))?;
                }
            }
            (Datum::Int { .. }, _) => return Err(self.err("internal: field does not fit")),
        }
        Ok(())
    }

    fn store_pid(&mut self, at: Mem) -> Result<(), LowerError> {
        self.builtin_load(dsl::dif::BuiltinVar::Pid, R::R0)?;
        let (base, o) = self.mem_at(at, R::R1);
        self.asm.stx(Size::W, base, o, R::R0);
        Ok(())
    }

    /// Pointer to the place of the next variable part into `dst`.
    fn next_part(&mut self, r: &Record, dst: R) {
        let bad = self.fault(Fault::Unknown, FaultAddr::Zero, -1);
        match r.next {
            Some(at) => self.mem_ptr(dst, r.at.plus(at)),
            None => {
                self.asm.ldx(Size::D, R::R0, R::FP, r.slot);
                // It never is; the verifier wants to see it.
                self.jmp(Cond::Gt, R::R0, r.most as i32, bad);
                self.mem_ptr(dst, r.at);
                self.asm.alu(Alu::Add, dst, R::R0);
            }
        }
    }

    /// The variable part has grown by r0, at most `max`: the length goes into the field.
    fn grow(&mut self, r: &mut Record, field: Mem, max: u32) {
        let bad = self.fault(Fault::Unknown, FaultAddr::Zero, -1);
        self.jmp(Cond::Gt, R::R0, max as i32, bad);
        let (base, o) = self.mem_at(field, R::R1);
        self.asm.stx(Size::W, base, o, R::R0);
        match r.next.take() {
            Some(at) => self.asm.alu(Alu::Add, R::R0, at as i32),
            None => {
                self.asm.ldx(Size::D, R::R1, R::FP, r.slot);
                self.asm.alu(Alu::Add, R::R0, R::R1);
            }
        }
        self.asm.stx(Size::D, R::FP, r.slot, R::R0);
        r.most += max;
    }

    fn append_string(&mut self, r: &mut Record, field: Mem, v: Val) -> Result<(), LowerError> {
        self.clobber()?;
        let room = self.string_room(v);
        if let Val::Comm = v {
            self.comm()?;
        }
        self.next_part(r, R::R1);
        self.asm.imm(R::R2, u64::from(room));
        // r0 is free again; a name of the probe needs it.
        self.load_ptr(v, R::R3)?;
        self.read_or_fault(Service::ProbeReadKernelStr, v, -1)?;
        self.grow(r, field, room);
        Ok(())
    }

    fn append_stack(
        &mut self,
        r: &mut Record,
        field: Mem,
        frames: u16,
        user: bool,
    ) -> Result<(), LowerError> {
        self.clobber()?;
        if user {
            self.store_pid(field.plus(4))?;
        }
        let max = match user {
            true => 8 * u32::from(frames),
            false => layout::stack_bytes(frames),
        };
        let aligned = r.next.is_some();
        let buf = match (r.next, r.at) {
            (Some(at), Mem::Scratch(base)) => base + at,
            _ => self.scratch(max),
        };
        self.asm.mov(R::R1, R::R6);
        self.scratch_ptr(R::R2, buf);
        self.asm.imm(R::R3, u64::from(max));
        self.asm.imm(R::R4, self.source.stack_flags(user));
        self.call(Service::GetStack)?;
        let some = self.asm.label();
        self.asm.jmp(Cond::Sge, R::R0, 0, some);
        self.asm.imm(R::R0, 0);
        self.asm.bind(some);
        if !aligned {
            // The service wants an aligned place, the record has none here.
            let len = self.block(8)?;
            let bad = self.fault(Fault::Unknown, FaultAddr::Zero, -1);
            self.jmp(Cond::Gt, R::R0, max as i32, bad);
            self.asm.stx(Size::D, R::FP, len, R::R0);
            self.asm.mov(R::R2, R::R0);
            self.next_part(r, R::R1);
            self.scratch_ptr(R::R3, buf);
            self.call(Service::ProbeReadKernel)?;
            self.asm.ldx(Size::D, R::R0, R::FP, len);
            self.frame.free(len, 8);
        }
        self.grow(r, field, max);
        Ok(())
    }

    /// Head and hand over.
    fn submit(
        &mut self,
        r: Record,
        next: crate::asm::Label,
        exit: Option<u32>,
        held: Option<u32>,
    ) -> Result<(), LowerError> {
        self.clobber()?;
        if let Some(off) = held {
            // What is recorded for a speculation that is none goes nowhere.
            let (base, o) = self.mem_at(r.at.plus(off), R::R1);
            self.asm.ldx(Size::D, R::R0, base, o);
            self.jmp(Cond::Eq, R::R0, 0, next);
        }
        self.builtin_load(dsl::dif::BuiltinVar::Cpu, R::R0)?;
        let (base, o) = self.mem_at(r.at, R::R1);
        self.asm.stx(Size::H, base, o + 6, R::R0);
        self.asm.st(
            Size::H,
            base,
            o + 4,
            i32::from(self.place.clause.0 as u16 as i16),
        );
        match self.probe {
            ProbeSel::One(p) => self.asm.st(Size::W, base, o, p as i32),
            ProbeSel::Slot(s) => {
                self.asm.ldx(Size::D, R::R0, R::FP, s);
                self.asm.stx(Size::W, base, o, R::R0);
            }
        }
        match r.next {
            Some(len) => self.asm.imm(R::R3, u64::from(len)),
            None => self.asm.ldx(Size::D, R::R3, R::FP, r.slot),
        }
        let ring = self.cx.ring();
        self.asm.stx(Size::D, R::FP, r.slot, R::R3);
        self.wake_flags()?;
        self.asm.ldx(Size::D, R::R3, R::FP, r.slot);
        if r.next.is_none() {
            let bad = self.fault(Fault::Unknown, FaultAddr::Zero, -1);
            self.jmp(Cond::Gt, R::R3, r.most as i32, bad);
        }
        self.asm.map(R::R1, ring);
        self.mem_ptr(R::R2, r.at);
        self.call(Service::RingbufOutput)?;
        let lost = self.asm.label();
        self.asm.jmp(Cond::Ne, R::R0, 0, lost);
        if let Some(off) = exit {
            self.end_tracing(r.at.plus(off));
        }
        self.ja(next);
        self.asm.bind(lost);
        self.reachable = true;
        // A full ring loses the record, not the exit.
        if let Some(off) = exit {
            self.end_tracing(r.at.plus(off));
        }
        self.drop(DropKind::Principal)?;
        Ok(())
    }

    /// r4 = flags of the ring: no wake-up, which would slow down what is traced, as long as the consumer's tick is enough.
    fn wake_flags(&mut self) -> Result<(), LowerError> {
        if !self.cx.caps.services.has(Service::RingbufQuery) {
            self.asm.imm(R::R4, NO_WAKEUP);
            return Ok(());
        }
        let ring = self.cx.ring();
        let half = (self.cx.ring_bytes() / 2) as i32;
        let quiet = self.asm.label();
        self.asm.map(R::R1, ring);
        // BPF_RB_AVAIL_DATA.
        self.asm.imm(R::R2, 0);
        self.call(Service::RingbufQuery)?;
        self.asm.imm(R::R4, NO_WAKEUP);
        self.asm.jmp(Cond::Le, R::R0, half, quiet);
        self.asm.alu(Alu::And, R::R0, WAKE_PAGES);
        self.asm.jmp(Cond::Ne, R::R0, 0, quiet);
        self.asm.imm(R::R4, FORCE_WAKEUP);
        self.asm.bind(quiet);
        Ok(())
    }

    /// `exit()`: nothing but END fires from here on. After its record is out, so that the consumer finds it when it looks.
    fn end_tracing(&mut self, status: Mem) {
        let state = self.cx.state();
        let (base, o) = self.mem_at(status, R::R1);
        self.asm.ldx(Size::W, R::R0, base, o);
        self.asm.map_value(R::R1, state, 0);
        self.asm.stx(Size::W, R::R1, 8, R::R0);
        self.asm.st(Size::W, R::R1, 4, 1);
        let end = self.asm.label();
        self.asm.ldx(Size::W, R::R0, R::R1, 0);
        self.asm.jmp(Cond::Eq, R::R0, Phase::End as i32, end);
        self.asm.st(Size::W, R::R1, 0, Phase::Draining as i32);
        self.asm.bind(end);
    }

    // Subprograms.

    /// Emits every subprogram that has been called.
    pub fn subprograms(&mut self) -> Result<(), LowerError> {
        let mut done = Vec::new();
        // `fault` runs the clauses on ERROR, which call leaves that may call `drop`, or a round of theirs that does; it gets all
        // that is left.
        let leaves = 2 + u16::from(self.cx.global_subs());
        let fault = STACK - self.frame.peak() - leaves * LEAF_STACK;
        loop {
            let next = self.subs.iter().find(|(s, _)| !done.contains(*s));
            let Some((&sub, &label)) = next else {
                return Ok(());
            };
            done.push(sub);
            let frame = Frame::new(match sub {
                Sub::Fault => fault,
                Sub::Drop
                | Sub::Log2
                | Sub::Chill
                | Sub::ChillLoop
                | Sub::Spec(_)
                | Sub::Str(_) => LEAF_STACK,
            });
            self.frame = match sub {
                // The interrupted program's slots are in use.
                Sub::Fault => frame.with_overflow(true),
                _ => frame,
            };
            self.values.clear();
            self.names = [None; super::flow::NV];
            self.homes = [None; super::flow::NV];
            self.reachable = true;
            match sub {
                Sub::Drop => self.sub_drop(label)?,
                Sub::Fault => self.sub_fault(label)?,
                Sub::Log2 => self.sub_log2(label),
                Sub::Chill => self.sub_chill(label)?,
                Sub::ChillLoop => self.sub_chill_loop(label)?,
                Sub::Spec(s) => self.sub_spec(label, s)?,
                Sub::Str(s) => self.sub_string(label, s)?,
            }
        }
    }

    /// r1 = kind.
    fn sub_drop(&mut self, label: crate::asm::Label) -> Result<(), LowerError> {
        self.asm.begin_sub(label, "drop".to_owned());
        let key = self.block(8)?;
        let out = self.asm.label();
        let map = self.cx.drops();
        self.asm.stx(Size::W, R::FP, key, R::R1);
        self.asm.map(R::R1, map);
        self.stack_ptr(R::R2, key);
        self.call(Service::MapLookup)?;
        self.asm.jmp(Cond::Eq, R::R0, 0, out);
        self.asm.imm(R::R1, 1);
        self.asm.atomic(Alu::Add as i32, R::R0, 0, R::R1);
        self.asm.bind(out);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        Ok(())
    }

    /// r1 = context, r2 = scratch, r3 = address, r4 = fault << 48 | action << 32 | offset, r5 = clause << 32 | probe.
    fn sub_fault(&mut self, label: crate::asm::Label) -> Result<(), LowerError> {
        self.asm.begin_sub(label, "fault".to_owned());
        let program = self.cx.program;
        let plan = self.cx.plan;
        // arg1 … arg5 of ERROR.
        let args = self.block(40)?;
        let (addr, packed, who) = (self.block(8)?, self.block(8)?, self.block(8)?);
        self.asm.stx(Size::D, R::FP, addr, R::R3);
        self.asm.stx(Size::D, R::FP, packed, R::R4);
        self.asm.stx(Size::D, R::FP, who, R::R5);
        self.asm.mov(R::R6, R::R1);
        self.asm.mov(R::R7, R::R2);
        self.asm.imm(R::R1, DropKind::Errors as u64);
        self.call_sub(Sub::Drop);
        if let Some((probe, clauses)) = &plan.error
            && !clauses.is_empty()
        {
            self.want_scratch();
            self.error_args(args, addr, packed, who)?;
            self.source = Source::Error(args);
            self.probe = ProbeSel::One(*probe);
            self.in_error = true;
            (self.have, self.seen) = (0, 0);
            self.kept.clear();
            self.locals.clear();
            self.kept_elements.clear();
            self.strtok = None;
            self.given.lazy.clear();
            // Behind what lasts for the interrupted firing.
            self.scratch_top = self.persist_top;
            self.start_firing(clauses)?;
            for &c in clauses {
                if program.clauses.get(c.0 as usize).is_some() {
                    self.clause(c)?;
                }
            }
            self.in_error = false;
        }
        // The record, on the stack.
        let rec = self.block(32)?;
        self.call(Service::GetSmpProcessorId)?;
        self.asm.stx(Size::H, R::FP, rec + 6, R::R0);
        self.asm
            .st(Size::H, R::FP, rec + 4, i32::from(FAULT_RECORD as i16));
        self.asm.ldx(Size::D, R::R1, R::FP, who);
        self.asm.stx(Size::W, R::FP, rec, R::R1);
        self.asm.alu(Alu::Rsh, R::R1, 32);
        self.asm.stx(Size::H, R::FP, rec + 8, R::R1);
        self.asm.ldx(Size::D, R::R1, R::FP, packed);
        self.asm.stx(Size::W, R::FP, rec + 16, R::R1);
        self.asm.alu(Alu::Rsh, R::R1, 32);
        self.asm.stx(Size::H, R::FP, rec + 10, R::R1);
        self.asm.alu(Alu::Rsh, R::R1, 16);
        self.asm.stx(Size::W, R::FP, rec + 12, R::R1);
        self.asm.st(Size::W, R::FP, rec + 20, 0);
        self.asm.ldx(Size::D, R::R1, R::FP, addr);
        self.asm.stx(Size::D, R::FP, rec + 24, R::R1);
        let ring = self.cx.ring();
        self.asm.map(R::R1, ring);
        self.stack_ptr(R::R2, rec);
        self.asm.imm(R::R3, 32);
        self.asm.imm(R::R4, NO_WAKEUP);
        self.call(Service::RingbufOutput)?;
        let out = self.asm.label();
        self.asm.jmp(Cond::Eq, R::R0, 0, out);
        self.asm.imm(R::R1, DropKind::Principal as u64);
        self.call_sub(Sub::Drop);
        self.asm.bind(out);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        Ok(())
    }

    /// Fills ERROR's arguments: EPID, action, DIF offset, fault, address.
    fn error_args(
        &mut self,
        args: i16,
        addr: i16,
        packed: i16,
        who: i16,
    ) -> Result<(), LowerError> {
        // The EPID, by clause and probe, from a table of pairs: rows of clauses, columns of probes.
        let plan = self.cx.plan;
        let clauses = self.cx.program.clauses.len();
        let probes = plan.probes.len();
        let mut table = vec![0u32; clauses * probes];
        for (p, list) in plan.epids.iter().enumerate() {
            for &(c, epid) in list {
                if let Some(t) = table.get_mut(c.0 as usize * probes + p) {
                    *t = epid;
                }
            }
        }
        let at = self.cx.number_table(&table);
        let map = self.cx.rodata();
        let known = self.asm.label();
        self.asm.ldx(Size::D, R::R1, R::FP, who);
        self.asm.mov(R::R0, R::R1);
        self.asm.alu(Alu::Rsh, R::R0, 32);
        self.asm.alu(Alu::Mul, R::R0, probes as i32);
        self.asm.alu32(Alu::Mov, R::R1, R::R1);
        self.asm.alu(Alu::Add, R::R0, R::R1);
        self.asm.jmp(Cond::Lt, R::R0, table.len() as i32, known);
        self.asm.imm(R::R0, 0);
        self.asm.bind(known);
        self.asm.alu(Alu::Lsh, R::R0, 2);
        self.asm.map_value(R::R1, map, at);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.asm.ldx(Size::W, R::R0, R::R1, 0);
        self.asm.stx(Size::D, R::FP, args, R::R0);
        self.asm.ldx(Size::D, R::R1, R::FP, packed);
        self.asm.mov(R::R0, R::R1);
        self.asm.alu(Alu::Lsh, R::R0, 32);
        self.asm.alu(Alu::Arsh, R::R0, 32);
        self.asm.stx(Size::D, R::FP, args + 16, R::R0);
        self.asm.mov(R::R0, R::R1);
        self.asm.alu(Alu::Rsh, R::R0, 48);
        self.asm.stx(Size::D, R::FP, args + 24, R::R0);
        self.asm.alu(Alu::Rsh, R::R1, 32);
        self.asm.alu(Alu::And, R::R1, 0xffff);
        self.asm.stx(Size::D, R::FP, args + 8, R::R1);
        self.asm.ldx(Size::D, R::R0, R::FP, addr);
        self.asm.stx(Size::D, R::FP, args + 32, R::R0);
        Ok(())
    }
}

/// Whether a unit is one that we run ourselves.
pub fn test_run(kind: &ProgKind) -> bool {
    matches!(kind, ProgKind::TestRun { .. })
}
