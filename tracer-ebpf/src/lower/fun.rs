//! One program under construction: registers, stack frame, values, faults.
//!
//! Register use. r6 = context, r7 = this firing's scratch (where the program needs any), r8 and r9 keep values over calls,
//! r4 and r5 keep them between calls, r0–r3 are at the disposal of each instruction's sequence. A value that is live at a
//! call without a register of its own, and each one that is live at a label, is in a stack slot.
//!
//! No address that the verifier knows as a pointer is ever a *value*: values are numbers. Where an address becomes one, it
//! goes through scratch memory ([`Fun::launder`]), which makes a plain number of it.

use super::string::Arg;
use super::{Cx, LowerError};
use crate::asm::{Asm, Label, Src};
use crate::image::DropKind;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::{BuiltinVar, Fault};
use dsl::program::ClauseId;
use dsl::source::Span;
use std::collections::{BTreeMap, HashMap};

/// Bytes of stack of a program and everything it calls (<linux/filter.h>: MAX_BPF_STACK).
pub const STACK: u16 = 512;
/// Bytes of it that the main program may take at the most.
pub const MAIN_STACK: u16 = 320;
/// Bytes of stack of a subprogram that calls no other but `drop`, which takes no more than this either.
pub const LEAF_STACK: u16 = 32;
/// Scratch: place through which pointers become numbers.
pub const LAUNDER: u32 = 0;
/// Scratch: its own key, by which global subprograms find it.
pub const KEY: u32 = 8;
/// Scratch: what the loops of subprograms count in, and 7 u64 for what they work on.
pub const LOOP_MEM: u32 = 16;
/// Scratch: slots for what the stack has no room for, of the main program and of the one that records faults.
pub const OVERFLOW: u32 = 80;
/// Bytes of either.
const OVERFLOW_BYTES: u32 = 512;
/// Scratch: whose firing a program that is called goes on with, and what it is to give back in the end.
pub const HOLDER: u32 = OVERFLOW + 2 * OVERFLOW_BYTES;
/// See [`HOLDER`].
pub const LEVEL: u32 = HOLDER + 8;
/// Scratch: first byte after the fixed part.
pub const SCRATCH_HEAD: u32 = LEVEL + 8;

/// A run-time value.
pub type ValueId = usize;

/// Where a run-time value is; at least one of the two while it is live.
#[derive(Clone, Copy, Debug, Default)]
pub struct Value {
    /// Register.
    pub reg: Option<R>,
    /// Offset from the frame pointer.
    pub slot: Option<i16>,
    /// How many names (DIF registers and such) stand for it.
    pub refs: u32,
}

/// Stack bytes, in units of 8; and slots in the scratch, for when they are all taken. A place in the stack is a negative offset,
/// one in the scratch a positive one: [`Asm`] takes either with the frame pointer.
#[derive(Debug)]
pub struct Frame {
    used: u64,
    over: u64,
    /// Where the slots in the scratch begin; `None`: there are none.
    over_at: Option<u32>,
    limit: u16,
    peak: u16,
}

impl Frame {
    /// An empty one.
    pub fn new(limit: u16) -> Frame {
        Frame {
            used: 0,
            over: 0,
            over_at: None,
            limit,
            peak: 0,
        }
    }
    /// With slots in the scratch: the first or the second area.
    pub fn with_overflow(mut self, second: bool) -> Frame {
        self.over_at = Some(OVERFLOW + u32::from(second) * OVERFLOW_BYTES);
        self
    }
    /// `bytes` (rounded up to 8) in the scratch.
    pub fn alloc_over(&mut self, bytes: u32) -> Option<i16> {
        let units = bytes.div_ceil(8).max(1);
        let at = self.over_at?;
        (0..(OVERFLOW_BYTES / 8).checked_sub(units)? + 1).find_map(|n| {
            let mask = (((1u128 << units) - 1) as u64).checked_shl(n)?;
            (self.over & mask == 0).then(|| {
                self.over |= mask;
                (at + 8 * n) as i16
            })
        })
    }
    /// Bytes that were in use at once, as the kernel counts them: in steps of 32 (kernel/bpf/verifier.c).
    pub fn peak(&self) -> u16 {
        self.peak.next_multiple_of(32)
    }
    /// `bytes` (rounded up to 8); the offset of the first.
    pub fn alloc(&mut self, bytes: u32) -> Option<i16> {
        let units = bytes.div_ceil(8).max(1);
        let total = u32::from(self.limit / 8);
        // Unit n lies at fp - 8(n + 1); a block of k units from n on starts at fp - 8(n + k).
        (0..total.checked_sub(units)? + 1).find_map(|n| {
            let mask = ((1u128 << units) - 1) as u64;
            let mask = mask.checked_shl(n)?;
            (self.used & mask == 0).then(|| {
                self.used |= mask;
                self.peak = self.peak.max(8 * (n + units) as u16);
                -8 * (n + units) as i16
            })
        })
    }
    /// Gives back.
    pub fn free(&mut self, off: i16, bytes: u32) {
        let units = bytes.div_ceil(8).max(1);
        let mask = ((1u128 << units) - 1) as u64;
        if off > 0 {
            let n = (off as u32).saturating_sub(self.over_at.unwrap_or(0)) / 8;
            self.over &= !mask.checked_shl(n).unwrap_or(0);
            return;
        }
        let n = (-off / 8) as u32 - units;
        self.used &= !mask.checked_shl(n).unwrap_or(0);
    }
}

/// Which of the unit's probes fired.
#[derive(Clone, Copy, Debug)]
pub enum ProbeSel {
    /// Known.
    One(u32),
    /// Its index is in this slot.
    Slot(i16),
}

/// Where the address of a fault is, at the jump to it.
#[derive(Clone, Copy, Debug)]
pub enum FaultAddr {
    /// The fault has none.
    Zero,
    /// Number.
    Const(u64),
    /// Stack slot.
    Slot(i16),
    /// Register.
    Reg(R),
}

/// A fault exit to be emitted behind the clause.
pub(super) struct Stub {
    label: Label,
    fault: Fault,
    addr: FaultAddr,
    off: i32,
    action: u32,
    span: Span,
}

/// Where we are in the D program.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Clause.
    pub clause: ClauseId,
    /// Action: 0 = predicate.
    pub action: u32,
    /// Statement.
    pub stmt: u32,
    /// D text.
    pub span: Span,
}

/// What the program found out that it needs, while it was being emitted: the next attempt begins with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Scratch.
    pub scratch: bool,
    /// Built-in variables that must be read when first met, but may not be met on every way.
    pub lazy: Vec<BuiltinVar>,
}

/// A subprogram, emitted once per program where it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sub {
    /// Counts a drop.
    Drop,
    /// Records a fault and runs the ERROR clauses.
    Fault,
    /// Waits, busily.
    Chill,
    /// A part of that.
    ChillLoop,
    /// Integer logarithm.
    Log2,
    /// Speculations.
    Spec(super::spec::SpecSub),
    /// String subroutines.
    Str(super::string::StrSub),
}

/// One program under construction.
pub struct Fun<'a, 'b> {
    /// What all programs share.
    pub cx: &'a mut Cx<'b>,
    /// Code.
    pub asm: Asm,
    /// Stack.
    pub frame: Frame,
    /// Values.
    pub values: Vec<Value>,
    /// Which value each DIF name stands for.
    pub names: [Option<ValueId>; super::flow::NV],
    /// Home of each DIF name at labels.
    pub homes: [Option<i16>; super::flow::NV],
    /// Registers that the present sequence reads: not to be taken.
    pub pinned: Vec<R>,
    /// Found out so far.
    pub needs: Needs,
    /// What the attempt was given.
    pub given: Needs,
    /// Where we are.
    pub place: Place,
    /// Which probe.
    pub probe: ProbeSel,
    /// Of a tracepoint's program, its name.
    pub tracepoint: Option<String>,
    /// How arguments are found.
    pub source: super::entry::Source,
    /// Slots of built-in variables that are kept.
    pub kept: HashMap<BuiltinVar, i16>,
    /// Those that have certainly been read here.
    pub have: u64,
    /// Those that may have been read.
    pub seen: u64,
    /// [`Fun::have`] at each label with a jump to it.
    pub label_have: HashMap<Label, u64>,
    /// Control can reach the present point.
    pub reachable: bool,
    pub(super) stubs: Vec<Stub>,
    /// Inside ERROR clauses: faults are counted, not recorded.
    pub in_error: bool,
    /// Of the present DIFO: for each load of an element by reference its offset, the slot of the pointer to it, its bytes.
    pub elements: Vec<(usize, i16, u32)>,
    /// Of the firing: look-ups whose pointers outlast their DIFO.
    pub kept_elements: Vec<super::subr::KeptElement>,
    /// Slots and scratch of clause-local variables.
    pub locals: BTreeMap<u16, super::var::Local>,
    /// Scratch that lasts for the firing ends here.
    pub persist_top: u32,
    /// Next free scratch of the clause.
    pub scratch_top: u32,
    /// Most scratch used.
    pub scratch_max: u32,
    /// How much farther than that global subprograms reach, as far as the verifier knows.
    pub reach: u32,
    /// Subprograms called.
    pub subs: BTreeMap<Sub, Label>,
    /// Bookkeeping of dynamic scratch, where the clause has any.
    pub dynamic: Option<super::subr::Dynamic>,
    /// Slot of `strtok`'s state.
    pub strtok: Option<u32>,
    /// Bytes of the longest string that is searched for.
    pub needle_room: u32,
    /// In a subprogram on strings: slot of the pointer to the loops' memory.
    pub mem_slot: i16,
    /// Behind the end of the phase check and probe selection.
    pub exit: Label,
    /// Where the firing's clauses are divided among several programs.
    pub link: Option<super::split::Link>,
}

impl<'a, 'b> Fun<'a, 'b> {
    /// An error in the clause we are at.
    pub fn err(&self, text: impl Into<String>) -> LowerError {
        LowerError {
            clause: self.place.clause,
            span: self.place.span,
            text: text.into(),
            too_large: false,
        }
    }

    /// The number of a service, or which clause can't be had without it.
    pub fn service(&self, s: Service) -> Result<u32, LowerError> {
        let id = self.cx.caps.services.get(s);
        id.ok_or_else(|| self.err(format!("this kernel has no {} for it", s.name())))
    }

    /// Calls a service. The values in r4 and r5 must have been moved before ([`Fun::clobber`]).
    pub fn call(&mut self, s: Service) -> Result<(), LowerError> {
        let id = self.service(s)?;
        self.asm.call(id);
        Ok(())
    }

    /// Calls a subprogram on strings: they get the loops' memory in r5.
    pub fn call_str(&mut self, s: super::string::StrSub) {
        self.scratch_ptr(R::R5, LOOP_MEM);
        self.call_str_from(s);
    }

    /// As [`Fun::call_str`], with the loops' memory in r5 already. A global subprogram gets, for pointers, which all lead into the
    /// scratch, how far from its start they are, and its key in r5.
    pub fn call_str_from(&mut self, s: super::string::StrSub) {
        if self.cx.global_subs() {
            for (n, &r) in [R::R1, R::R2, R::R3, R::R4].iter().enumerate() {
                match s.args().get(n) {
                    Some(Arg::Place) => {
                        self.asm.alu(Alu::Sub, r, R::R5);
                        self.asm.alu(Alu::Add, r, LOOP_MEM as i32);
                    }
                    Some(Arg::Number) => {}
                    None => self.asm.imm(r, 0),
                }
            }
            let key = KEY as i16 - LOOP_MEM as i16;
            self.asm.ldx(Size::D, R::R5, R::R5, key);
        }
        self.call_sub(Sub::Str(s));
    }

    /// Calls a subprogram.
    pub fn call_sub(&mut self, s: Sub) {
        let label = match self.subs.get(&s) {
            Some(&l) => l,
            None => {
                let l = self.asm.label();
                self.subs.insert(s, l);
                l
            }
        };
        self.asm.call_sub(label);
    }

    // Control flow with knowledge of which built-ins have been read.

    /// A conditional or other jump to the label is made here.
    pub fn note_jump(&mut self, to: Label) {
        let have = self.have;
        self.label_have
            .entry(to)
            .and_modify(|h| *h &= have)
            .or_insert(have);
    }
    /// Jumps.
    pub fn ja(&mut self, to: Label) {
        if self.reachable {
            self.note_jump(to);
            self.asm.ja(to);
            self.reachable = false;
        }
    }
    /// Jumps if.
    pub fn jmp(&mut self, cond: Cond, dst: R, src: impl Into<Src>, to: Label) {
        self.note_jump(to);
        self.asm.jmp(cond, dst, src, to);
    }
    /// The label is here.
    pub fn bind(&mut self, label: Label) {
        self.asm.bind(label);
        match (self.reachable, self.label_have.get(&label)) {
            (true, Some(&h)) => self.have &= h,
            (false, Some(&h)) => (self.have, self.reachable) = (h, true),
            (_, None) => {}
        }
    }

    // Stack and registers.

    /// A block: on the stack, or in the scratch where the stack is full.
    pub fn block(&mut self, bytes: u32) -> Result<i16, LowerError> {
        if let Some(at) = self.frame.alloc(bytes) {
            return Ok(at);
        }
        if let Some(at) = self.frame.alloc_over(bytes) {
            self.want_scratch();
            return Ok(at);
        }
        Err(self.err(
            "it needs more than the 512 bytes of stack of a BPF program and as many beside it",
        ))
    }

    /// A free register among those that keep values; `over_calls` asks for one that survives calls.
    pub fn alloc(&mut self, over_calls: bool) -> Result<R, LowerError> {
        let order: [R; 4] = match over_calls {
            true => [R::R8, R::R9, R::R5, R::R4],
            false => [R::R5, R::R4, R::R8, R::R9],
        };
        let taken = |f: &Self, r: R| {
            f.values.iter().any(|v| v.refs > 0 && v.reg == Some(r)) || f.pinned.contains(&r)
        };
        if let Some(&r) = order.iter().find(|&&r| !taken(self, r)) {
            self.pinned.push(r);
            return Ok(r);
        }
        let Some(&r) = order.iter().find(|r| !self.pinned.contains(r)) else {
            return Err(self.err("internal: no register left"));
        };
        self.evict(r)?;
        self.pinned.push(r);
        Ok(r)
    }

    /// Moves what is in a register to its stack slot.
    pub fn evict(&mut self, r: R) -> Result<(), LowerError> {
        for id in 0..self.values.len() {
            if self.values[id].reg != Some(r) {
                continue;
            }
            if self.values[id].refs > 0 && self.values[id].slot.is_none() {
                let slot = self.block(8)?;
                self.asm.stx(Size::D, R::FP, slot, r);
                self.values[id].slot = Some(slot);
            }
            self.values[id].reg = None;
        }
        Ok(())
    }

    /// Before a call: nothing stays in r0–r5.
    pub fn clobber(&mut self) -> Result<(), LowerError> {
        for r in [R::R4, R::R5] {
            self.evict(r)?;
        }
        self.pinned.retain(|r| r.0 > 5);
        Ok(())
    }

    /// A new value in a register.
    pub fn value_in(&mut self, reg: R) -> ValueId {
        self.values.push(Value {
            reg: Some(reg),
            slot: None,
            refs: 1,
        });
        self.values.len() - 1
    }

    /// Drops one reference.
    pub fn release(&mut self, id: ValueId) {
        let v = &mut self.values[id];
        v.refs = v.refs.saturating_sub(1);
        if v.refs == 0 {
            v.reg = None;
            if let Some(slot) = v.slot.take()
                && !self.homes.contains(&Some(slot))
            {
                self.frame.free(slot, 8);
            }
        }
    }

    /// Loads a value into a given register.
    pub fn fetch(&mut self, id: ValueId, dst: R) {
        let v = self.values[id];
        match (v.reg, v.slot) {
            (Some(r), _) => self.asm.mov(dst, r),
            (None, Some(slot)) => self.asm.ldx(Size::D, dst, R::FP, slot),
            // Never written: only on a way that can't be taken.
            (None, None) => self.asm.imm(dst, 0),
        }
    }

    /// Where a value can be found, as a fault's address.
    pub fn addr_of(&self, id: ValueId) -> FaultAddr {
        let v = self.values[id];
        match (v.reg, v.slot) {
            (Some(r), _) => FaultAddr::Reg(r),
            (None, Some(s)) => FaultAddr::Slot(s),
            (None, None) => FaultAddr::Zero,
        }
    }

    // Scratch.

    /// This program needs scratch.
    pub fn want_scratch(&mut self) {
        self.needs.scratch = true;
    }

    /// Takes bytes of the clause's scratch, at a multiple of 8.
    pub fn scratch(&mut self, bytes: u32) -> u32 {
        self.want_scratch();
        let at = self.scratch_top;
        self.scratch_top = self.scratch_top.saturating_add(bytes.next_multiple_of(8));
        self.scratch_max = self.scratch_max.max(self.scratch_top);
        at
    }

    /// Takes scratch that lasts for the firing. Only before any clause's is taken.
    pub fn persist(&mut self, bytes: u32) -> u32 {
        self.want_scratch();
        let at = self.persist_top;
        self.persist_top = self.persist_top.saturating_add(bytes.next_multiple_of(8));
        self.scratch_top = self.scratch_top.max(self.persist_top);
        self.scratch_max = self.scratch_max.max(self.scratch_top);
        at
    }

    /// Pointer to a place in the scratch.
    pub fn scratch_ptr(&mut self, dst: R, off: u32) {
        self.want_scratch();
        self.asm.mov(dst, R::R7);
        if off != 0 {
            self.asm.alu(Alu::Add, dst, off as i32);
        }
    }

    /// Base register and offset for direct access to a place in the scratch; uses `tmp` where the place is far.
    pub fn scratch_at(&mut self, off: u32, tmp: R) -> (R, i16) {
        self.want_scratch();
        match i16::try_from(off) {
            Ok(o) if o <= i16::MAX - 4096 => (R::R7, o),
            _ => {
                self.scratch_ptr(tmp, off);
                (tmp, 0)
            }
        }
    }

    /// Makes a plain number of an address.
    pub fn launder(&mut self, r: R) {
        self.want_scratch();
        self.asm.stx(Size::D, R::R7, LAUNDER as i16, r);
        self.asm.ldx(Size::D, r, R::R7, LAUNDER as i16);
    }

    /// Pointer to a stack place, or what stands for one.
    pub fn stack_ptr(&mut self, dst: R, off: i16) {
        self.asm.mov(dst, if off < 0 { R::FP } else { R::R7 });
        self.asm.alu(Alu::Add, dst, i32::from(off));
    }

    // Faults and drops.

    /// A label to jump to where a fault has been found; `off` is the DIF offset in bytes, −1 where there is none.
    pub fn fault(&mut self, fault: Fault, addr: FaultAddr, off: i32) -> Label {
        let label = self.asm.label();
        self.stubs.push(Stub {
            label,
            fault,
            addr,
            off,
            action: self.place.action,
            span: self.place.span,
        });
        label
    }

    /// Emits the fault exits collected so far. Control must not run into them.
    pub fn emit_stubs(&mut self, go_on: Label) -> Result<(), LowerError> {
        let stubs = std::mem::take(&mut self.stubs);
        if stubs.is_empty() {
            return Ok(());
        }
        let common = self.asm.label();
        let clause = self.place.clause.0;
        for s in stubs {
            let Some(&have) = self.label_have.get(&s.label) else {
                continue;
            };
            self.bind(s.label);
            self.have = have;
            match s.addr {
                FaultAddr::Zero => self.asm.imm(R::R3, 0),
                FaultAddr::Const(v) => self.asm.imm(R::R3, v),
                FaultAddr::Slot(o) => self.asm.ldx(Size::D, R::R3, R::FP, o),
                FaultAddr::Reg(r) => self.asm.mov(R::R3, r),
            }
            self.log_fault(s.fault, s.span)?;
            let packed = (s.fault as u64) << 48
                | u64::from(s.action & 0xffff) << 32
                | u64::from(s.off as u32);
            self.asm.imm(R::R4, packed);
            self.ja(common);
        }
        self.bind(common);
        if !self.reachable {
            return Ok(());
        }
        if self.in_error {
            self.asm.imm(R::R1, DropKind::DblError as u64);
            self.call_sub(Sub::Drop);
        } else {
            self.asm.mov(R::R1, R::R6);
            match self.given.scratch {
                true => self.asm.mov(R::R2, R::R7),
                false => self.asm.imm(R::R2, 0),
            }
            match self.probe {
                ProbeSel::One(p) => self.asm.imm(R::R5, u64::from(clause) << 32 | u64::from(p)),
                ProbeSel::Slot(o) => {
                    self.asm.imm(R::R0, u64::from(clause) << 32);
                    self.asm.ldx(Size::D, R::R5, R::FP, o);
                    self.asm.alu(Alu::Or, R::R5, R::R0);
                }
            }
            self.call_sub(Sub::Fault);
        }
        self.ja(go_on);
        Ok(())
    }

    /// Counts a drop, here.
    pub fn drop(&mut self, kind: DropKind) -> Result<(), LowerError> {
        self.clobber()?;
        self.asm.imm(R::R1, kind as u64);
        self.call_sub(Sub::Drop);
        Ok(())
    }
}
