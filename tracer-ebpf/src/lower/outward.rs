//! What reaches beyond tracing: signals, delays, writes to the traced process.

use super::LowerError;
use super::entry::Source;
use super::fun::{FaultAddr, Fun, Sub};
use super::op::{Code, Val, Want};
use super::var::Mem;
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::{Fault, Subr};
use dsl::program::Difo;

/// `chill()` may take so much of each second of a CPU, as in DTrace.
const CHILL_MAX: i32 = 500_000_000;
const SECOND: i32 = 1_000_000_000;
/// Bytes for each CPU's account: when its second began, nanoseconds spent in it.
pub const CHILL_STRIDE: u32 = 64;
/// A loop is ended by the kernel after eight million rounds or a quarter of a second, so there are several.
const CHILL_LOOPS: u32 = 16;

impl Fun<'_, '_> {
    /// `raise()`: the signal goes to the process that is current.
    pub fn signal(&mut self, signal: &Difo) -> Result<(), LowerError> {
        let v = self.difo(signal, Want::Value)?;
        if !self.reachable {
            return Ok(());
        }
        self.clobber()?;
        self.load_num(v, R::R1)?;
        self.done_with(v);
        self.call(Service::SendSignal)
    }

    /// `return()`: the kernel lets it only where errors may be injected.
    pub fn override_return(&mut self, value: &Difo) -> Result<(), LowerError> {
        if !matches!(self.source, Source::Regs { ret: false }) {
            return Err(self.err(
                "return() can only be used where a function is entered, by fbt probes that are kprobes",
            ));
        }
        if !self.cx.caps.services.has(Service::OverrideReturn) {
            return Err(self.err(
                "return() is refused: this kernel is built without error injection for BPF (CONFIG_BPF_KPROBE_OVERRIDE)",
            ));
        }
        let v = self.difo(value, Want::Value)?;
        if !self.reachable {
            return Ok(());
        }
        self.clobber()?;
        self.load_num(v, R::R2)?;
        self.done_with(v);
        self.asm.mov(R::R1, R::R6);
        self.call(Service::OverrideReturn)
    }

    /// `chill()`: more than is allowed is an illegal operation.
    pub fn chill(&mut self, ns: &Difo) -> Result<(), LowerError> {
        if !self.cx.caps.may_goto {
            return Err(
                self.err("chill() needs loops that this kernel's BPF has not (Linux 6.9 has)")
            );
        }
        let v = self.difo(ns, Want::Value)?;
        if !self.reachable {
            return Ok(());
        }
        self.clobber()?;
        let too_long = self.fault(Fault::IllOp, FaultAddr::Zero, -1);
        self.load_num(v, R::R1)?;
        self.done_with(v);
        self.jmp(Cond::Gt, R::R1, CHILL_MAX, too_long);
        self.call_sub(Sub::Chill);
        self.jmp(Cond::Ne, R::R0, 0, too_long);
        Ok(())
    }

    /// r1 = nanoseconds; r0 = 0, or 1 where this CPU has none left in this second.
    pub(super) fn sub_chill(&mut self, label: Label) -> Result<(), LowerError> {
        self.asm.begin_sub(label, "chill".to_owned());
        let (ns, account, end) = (self.block(8)?, self.block(8)?, self.block(8)?);
        let (same, none, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        let cpus = self.cx.caps.cpus.max(1);
        let map = self.cx.chill();
        self.asm.stx(Size::D, R::FP, ns, R::R1);
        self.call(Service::GetSmpProcessorId)?;
        self.asm.jmp(Cond::Ge, R::R0, cpus as i32, none);
        self.asm.alu(Alu::Mul, R::R0, CHILL_STRIDE as i32);
        self.asm.map_value(R::R1, map, 0);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.asm.stx(Size::D, R::FP, account, R::R1);
        self.call(Service::KtimeGetNs)?;
        self.asm.ldx(Size::D, R::R1, R::FP, account);
        self.asm.ldx(Size::D, R::R3, R::R1, 0);
        self.asm.mov(R::R2, R::R0);
        self.asm.alu(Alu::Sub, R::R2, R::R3);
        self.asm.jmp(Cond::Le, R::R2, SECOND, same);
        self.asm.stx(Size::D, R::R1, 0, R::R0);
        self.asm.st(Size::D, R::R1, 8, 0);
        self.asm.bind(same);
        self.asm.ldx(Size::D, R::R2, R::R1, 8);
        self.asm.ldx(Size::D, R::R3, R::FP, ns);
        self.asm.alu(Alu::Add, R::R2, R::R3);
        self.asm.jmp(Cond::Gt, R::R2, CHILL_MAX, none);
        self.asm.stx(Size::D, R::R1, 8, R::R2);
        self.asm.alu(Alu::Add, R::R0, R::R3);
        self.asm.stx(Size::D, R::FP, end, R::R0);
        for _ in 0..CHILL_LOOPS {
            self.asm.ldx(Size::D, R::R1, R::FP, end);
            self.call_sub(Sub::ChillLoop);
            self.asm.jmp(Cond::Ne, R::R0, 0, done);
        }
        self.asm.bind(done);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(none);
        self.asm.imm(R::R0, 1);
        self.asm.exit();
        Ok(())
    }

    /// r1 = when to end; r0 = whether that time has come.
    pub(super) fn sub_chill_loop(&mut self, label: Label) -> Result<(), LowerError> {
        self.asm.begin_sub(label, "chill_loop".to_owned());
        let end = self.block(8)?;
        let (top, out) = (self.asm.label(), self.asm.label());
        self.asm.stx(Size::D, R::FP, end, R::R1);
        self.asm.bind(top);
        self.asm.may_goto(out);
        self.call(Service::KtimeGetNs)?;
        self.asm.ldx(Size::D, R::R1, R::FP, end);
        self.asm.jmp(Cond::Lt, R::R0, R::R1, top);
        self.asm.imm(R::R0, 1);
        self.asm.exit();
        self.asm.bind(out);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        Ok(())
    }

    /// `copyout`, `copyoutstr`: by way of scratch, since the service wants memory that is ours.
    pub(super) fn copyout(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        s: Subr,
    ) -> Result<(), LowerError> {
        if !self.cx.caps.services.has(Service::ProbeWriteUser) {
            let text = format!(
                "{}() is refused: the kernel is locked down and lets nobody write to processes from BPF, or its BPF can't",
                s.name()
            );
            return Err(self.err(text));
        }
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let string = s == Subr::Copyoutstr;
        let limit = match string {
            true => strsize,
            false => self.cx.opts.clause_scratch(),
        };
        let (src, dst) = (self.arg_val(c, at, 0)?, self.arg_val(c, at, 1)?);
        let size = self.arg_val(c, at, 2)?;
        let done = self.asm.label();
        let full = self.fault(Fault::NoScratch, FaultAddr::Zero, off);
        let addr = self.fault_addr(dst);
        let bad = self.fault(Fault::BadAddr, addr, off);
        let tmp = self.scratch(limit);
        let n = self.block(8)?;
        self.load_num(size, R::R2)?;
        self.jmp(Cond::Eq, R::R2, 0, done);
        match string {
            true => {
                // No more than that, its NUL included.
                let fits = self.asm.label();
                self.asm.jmp(Cond::Le, R::R2, limit as i32, fits);
                self.asm.imm(R::R2, u64::from(limit));
                self.asm.bind(fits);
                self.asm.stx(Size::D, R::FP, n, R::R2);
                let room = self.string_room(src);
                self.read_string(src, Mem::Scratch(tmp), room, off)?;
                let shorter = self.asm.label();
                self.asm.ldx(Size::D, R::R3, R::FP, n);
                self.asm.jmp(Cond::Le, R::R0, R::R3, shorter);
                // It is cut: the NUL comes sooner.
                self.asm.mov(R::R0, R::R3);
                self.jmp(Cond::Gt, R::R0, limit as i32, full);
                self.scratch_ptr(R::R1, tmp);
                self.asm.alu(Alu::Add, R::R1, R::R0);
                self.asm.st(Size::B, R::R1, -1, 0);
                self.asm.bind(shorter);
                self.asm.mov(R::R3, R::R0);
            }
            false => {
                self.jmp(Cond::Gt, R::R2, limit as i32, full);
                self.asm.stx(Size::D, R::FP, n, R::R2);
                self.scratch_ptr(R::R1, tmp);
                self.load_ptr(src, R::R3)?;
                self.read_or_fault(Service::ProbeReadKernel, src, off)?;
                self.asm.ldx(Size::D, R::R3, R::FP, n);
            }
        }
        self.jmp(Cond::Eq, R::R3, 0, done);
        self.jmp(Cond::Gt, R::R3, limit as i32, full);
        self.load_dst(dst)?;
        self.scratch_ptr(R::R2, tmp);
        self.call(Service::ProbeWriteUser)?;
        self.jmp(Cond::Ne, R::R0, 0, bad);
        self.bind(done);
        self.frame.free(n, 8);
        Ok(())
    }

    /// The user address into r1, with r3 kept.
    fn load_dst(&mut self, dst: Val) -> Result<(), LowerError> {
        let keep = self.block(8)?;
        self.asm.stx(Size::D, R::FP, keep, R::R3);
        self.load_num(dst, R::R1)?;
        self.asm.ldx(Size::D, R::R3, R::FP, keep);
        self.frame.free(keep, 8);
        Ok(())
    }
}
