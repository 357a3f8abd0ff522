//! Builder of one program: labels, fix-ups, subprogram calls.
//!
//! The lowering appends instructions in order and may leave code behind that nothing reaches; [`Asm::finish`] drops it (both
//! engines refuse unreachable instructions) and resolves the labels. A branch too far for its 16 bits is an error here, not
//! a surprise at load.

use crate::image::{Insn, MapIx, PSEUDO_CALL, PSEUDO_MAP, PSEUDO_MAP_VALUE, Subprog};
use crate::isa::{self, Alu, Cond, R, Size};
use dsl::program::ClauseId;
use dsl::source::Span;

/// A place in the program, bound or yet to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(u32);

/// Why a program can't be assembled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsmError {
    /// A branch spans more than 32,767 instructions.
    Far,
    /// A label was used and never bound: a bug of the lowering.
    Unbound,
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Src {
    /// A register.
    Reg(R),
    /// A sign-extended immediate.
    Imm(i32),
}
impl From<R> for Src {
    fn from(r: R) -> Src {
        Src::Reg(r)
    }
}
impl From<i32> for Src {
    fn from(v: i32) -> Src {
        Src::Imm(v)
    }
}

/// The builder.
#[derive(Debug, Default)]
pub struct Asm {
    insns: Vec<Insn>,
    labels: Vec<Option<u32>>,
    fixups: Vec<(u32, Label)>,
    lines: Vec<(u32, ClauseId, Span)>,
    subs: Vec<(Label, String, bool)>,
}

/// What [`Asm::finish`] gives: the code, where subprograms begin, and which D text each part belongs to.
pub type Finished = (Vec<Insn>, Vec<Subprog>, Vec<(u32, ClauseId, Span)>);

/// The stack is below the frame pointer. What is above it stands for a slot in the scratch, which is in r7.
fn home(base: R, off: i16) -> R {
    match base == R::FP && off >= 0 {
        true => R::R7,
        false => base,
    }
}

impl Asm {
    /// Number of instructions so far.
    pub fn len(&self) -> usize {
        self.insns.len()
    }
    /// Nothing emitted yet.
    pub fn is_empty(&self) -> bool {
        self.insns.is_empty()
    }
    /// A label to be bound later.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }
    /// The label is here.
    pub fn bind(&mut self, label: Label) {
        let at = self.insns.len() as u32;
        if let Some(slot) = self.labels.get_mut(label.0 as usize) {
            *slot = Some(at);
        }
    }
    /// A subprogram begins here.
    pub fn begin_sub(&mut self, label: Label, name: String) {
        self.bind(label);
        self.subs.push((label, name, false));
    }
    /// The one that begins here is global.
    pub fn is_global(&mut self) {
        if let Some(sub) = self.subs.last_mut() {
            sub.2 = true;
        }
    }
    /// What follows belongs to this D text.
    pub fn line(&mut self, clause: ClauseId, span: Span) {
        self.lines.push((self.insns.len() as u32, clause, span));
    }
    /// Any instruction.
    pub fn raw(&mut self, insn: Insn) {
        self.insns.push(insn);
    }

    /// 64-bit arithmetic.
    pub fn alu(&mut self, op: Alu, dst: R, src: impl Into<Src>) {
        self.alu_class(isa::ALU64, op, dst, src.into());
    }
    /// 32-bit arithmetic: the result is zero-extended.
    pub fn alu32(&mut self, op: Alu, dst: R, src: impl Into<Src>) {
        self.alu_class(isa::ALU32, op, dst, src.into());
    }
    fn alu_class(&mut self, class: u8, op: Alu, dst: R, src: Src) {
        let insn = match src {
            Src::Reg(s) => Insn::new(class | op as u8 | isa::X, dst, s, 0, 0),
            Src::Imm(v) => Insn::new(class | op as u8, dst, R::R0, 0, v),
        };
        self.raw(insn);
    }
    /// Copies a register; nothing if it is the same.
    pub fn mov(&mut self, dst: R, src: R) {
        if dst != src {
            self.alu(Alu::Mov, dst, src);
        }
    }
    /// Any 64-bit constant.
    pub fn imm(&mut self, dst: R, v: u64) {
        match i32::try_from(v as i64) {
            Ok(v) => self.alu(Alu::Mov, dst, v),
            Err(_) => self.ld64(dst, 0, v as u32 as i32, (v >> 32) as u32 as i32),
        }
    }
    /// Two's complement.
    pub fn neg(&mut self, dst: R) {
        self.alu(Alu::Neg, dst, 0);
    }
    /// To big-endian, from a little-endian machine: swaps the low `bits` and zeroes the rest.
    pub fn to_be(&mut self, dst: R, bits: i32) {
        self.raw(Insn::new(
            isa::ALU32 | Alu::End as u8 | isa::X,
            dst,
            R::R0,
            0,
            bits,
        ));
    }
    fn ld64(&mut self, dst: R, kind: u8, lo: i32, hi: i32) {
        self.raw(Insn::new(isa::LD_IMM64, dst, R(kind), 0, lo));
        self.raw(Insn::new(0, R::R0, R::R0, 0, hi));
    }
    /// A map, as the services take it.
    pub fn map(&mut self, dst: R, map: MapIx) {
        self.ld64(dst, PSEUDO_MAP, map.0 as i32, 0);
    }
    /// The address of a one-element array's value, and an offset.
    pub fn map_value(&mut self, dst: R, map: MapIx, off: u32) {
        self.ld64(dst, PSEUDO_MAP_VALUE, map.0 as i32, off as i32);
    }
    /// Load, zero-extended.
    pub fn ldx(&mut self, size: Size, dst: R, src: R, off: i16) {
        let src = home(src, off);
        self.raw(Insn::new(
            isa::LDX | isa::MEM | size as u8,
            dst,
            src,
            off,
            0,
        ));
    }
    /// Store of a register.
    pub fn stx(&mut self, size: Size, dst: R, off: i16, src: R) {
        let dst = home(dst, off);
        self.raw(Insn::new(
            isa::STX | isa::MEM | size as u8,
            dst,
            src,
            off,
            0,
        ));
    }
    /// Store of a sign-extended immediate.
    pub fn st(&mut self, size: Size, dst: R, off: i16, imm: i32) {
        let dst = home(dst, off);
        self.raw(Insn::new(
            isa::ST | isa::MEM | size as u8,
            dst,
            R::R0,
            off,
            imm,
        ));
    }
    /// Atomic operation on 64 bits: the operation's arithmetic number, or with [`isa::FETCH`], or [`isa::CMPXCHG`].
    pub fn atomic(&mut self, op: i32, dst: R, off: i16, src: R) {
        self.raw(Insn::new(
            isa::STX | isa::ATOMIC | Size::D as u8,
            dst,
            src,
            off,
            op,
        ));
    }
    /// Calls a service.
    pub fn call(&mut self, id: u32) {
        self.raw(Insn::new(isa::CALL, R::R0, R::R0, 0, id as i32));
    }
    /// Calls a subprogram.
    pub fn call_sub(&mut self, sub: Label) {
        self.fixups.push((self.insns.len() as u32, sub));
        self.raw(Insn::new(isa::CALL, R::R0, R(PSEUDO_CALL), 0, 0));
    }
    /// Ends the program or subprogram.
    pub fn exit(&mut self) {
        self.raw(Insn::new(isa::EXIT, R::R0, R::R0, 0, 0));
    }
    /// Jumps.
    pub fn ja(&mut self, to: Label) {
        self.fixups.push((self.insns.len() as u32, to));
        self.raw(Insn::new(isa::JA, R::R0, R::R0, 0, 0));
    }
    /// Falls through, but for a program that loops without end.
    pub fn may_goto(&mut self, to: Label) {
        self.fixups.push((self.insns.len() as u32, to));
        self.raw(Insn::new(isa::MAY_GOTO, R::R0, R::R0, 0, 0));
    }
    /// Jumps if the condition holds.
    pub fn jmp(&mut self, cond: Cond, dst: R, src: impl Into<Src>, to: Label) {
        self.fixups.push((self.insns.len() as u32, to));
        let insn = match src.into() {
            Src::Reg(s) => Insn::new(isa::JMP | cond as u8 | isa::X, dst, s, 0, 0),
            Src::Imm(v) => Insn::new(isa::JMP | cond as u8, dst, R::R0, 0, v),
        };
        self.raw(insn);
    }

    /// Drops what can't be reached and resolves the labels.
    pub fn finish(self) -> Result<Finished, AsmError> {
        let n = self.insns.len();
        let mut target: Vec<Option<u32>> = vec![None; n];
        for &(at, label) in &self.fixups {
            let to = self.labels.get(label.0 as usize).copied().flatten();
            if let Some(slot) = target.get_mut(at as usize) {
                *slot = Some(to.ok_or(AsmError::Unbound)?);
            }
        }
        let reached = self.reach(&target);
        // A jump to what follows anyway is dropped too; then old index -> new index.
        let mut keep = reached;
        for at in 0..n {
            let Some(to) = target[at].filter(|_| self.insns[at].code == isa::JA) else {
                continue;
            };
            if to as usize > at && !keep[at + 1..to as usize].iter().any(|&k| k) {
                keep[at] = false;
            }
        }
        let mut index = Vec::with_capacity(n + 1);
        let mut next = 0u32;
        for &k in &keep {
            index.push(next);
            next += u32::from(k);
        }
        index.push(next);
        let mut out = Vec::with_capacity(next as usize);
        for at in (0..n).filter(|&at| keep[at]) {
            let mut insn = self.insns[at];
            if let Some(to) = target[at] {
                let delta = i64::from(index[to as usize]) - i64::from(index[at]) - 1;
                match insn.code {
                    isa::CALL => insn.imm = i32::try_from(delta).map_err(|_| AsmError::Far)?,
                    _ => insn.off = i16::try_from(delta).map_err(|_| AsmError::Far)?,
                }
            }
            out.push(insn);
        }
        let subs = self.subs.iter().filter_map(|(label, name, global)| {
            let at = self.labels.get(label.0 as usize).copied().flatten()? as usize;
            keep.get(at)?.then(|| Subprog {
                start: index[at],
                name: name.clone(),
                global: *global,
            })
        });
        let subs = subs.collect();
        let mut lines: Vec<(u32, ClauseId, Span)> = Vec::new();
        for &(at, clause, span) in &self.lines {
            let at = index.get(at as usize).copied().unwrap_or(next);
            match lines.last_mut() {
                Some(last) if last.0 == at => *last = (at, clause, span),
                _ => lines.push((at, clause, span)),
            }
        }
        Ok((out, subs, lines))
    }

    /// Which instructions can be reached from the first.
    fn reach(&self, target: &[Option<u32>]) -> Vec<bool> {
        let n = self.insns.len();
        let mut reached = vec![false; n];
        let mut work = vec![0usize];
        while let Some(mut at) = work.pop() {
            while at < n && !reached[at] {
                reached[at] = true;
                let insn = self.insns[at];
                if let Some(to) = target[at] {
                    work.push(to as usize);
                }
                if insn.code == isa::LD_IMM64 && at + 1 < n {
                    reached[at + 1] = true;
                    at += 1;
                }
                if matches!(insn.code, isa::JA | isa::EXIT) {
                    break;
                }
                at += 1;
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreachable_code_goes() {
        let mut a = Asm::default();
        let (end, dead) = (a.label(), a.label());
        a.imm(R::R0, 0);
        a.ja(end);
        a.bind(dead);
        a.imm(R::R0, 0x1_0000_0000);
        a.ja(dead);
        a.bind(end);
        a.exit();
        let (insns, ..) = a.finish().unwrap();
        assert_eq!(insns.len(), 2);
        assert_eq!(insns[1].code, isa::EXIT);
    }

    #[test]
    fn far_jumps_are_refused() {
        let mut a = Asm::default();
        let end = a.label();
        a.jmp(Cond::Eq, R::R1, 0, end);
        for _ in 0..40_000 {
            a.imm(R::R0, 0);
        }
        a.bind(end);
        a.exit();
        assert_eq!(a.finish().unwrap_err(), AsmError::Far);
    }

    #[test]
    fn calls_and_branches_resolve() {
        let mut a = Asm::default();
        let (sub, skip) = (a.label(), a.label());
        a.jmp(Cond::Ne, R::R1, 5, skip);
        a.call_sub(sub);
        a.bind(skip);
        a.exit();
        a.begin_sub(sub, "s".to_owned());
        a.imm(R::R0, 7);
        a.exit();
        let (insns, subs, _) = a.finish().unwrap();
        assert_eq!((insns[0].off, insns[1].imm), (1, 1));
        assert_eq!((subs.len(), subs[0].start), (1, 3));
    }
}
