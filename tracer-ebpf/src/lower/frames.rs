//! `caller`, `stackdepth` and their like: kernel and user stacks as numbers.
//!
//! Where a tracepoint's program has no registers of what it looks at, its stack begins within the tracing machinery. How
//! many frames that is depends on the kernel and on what else is attached: they are told by their addresses, which the back
//! end knows ([`super::LowerOpts::trampolines`]).

use super::LowerError;
use super::fun::Fun;
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};
use crate::layout::SPARE_FRAMES;
use crate::service::Service;

/// Frames that are counted at the most.
const MOST: u32 = 127;

impl Fun<'_, '_> {
    /// Number of frames, or one of them (0 if there are not so many), into r0.
    pub(super) fn frames(&mut self, user: bool, nth: Option<u32>) -> Result<(), LowerError> {
        let ranges = match user {
            true => Vec::new(),
            false => self.trampolines(),
        };
        let spare = if ranges.is_empty() {
            0
        } else {
            u32::from(SPARE_FRAMES)
        };
        let bytes = 8 * (nth.map_or(MOST, |n| n + 1) + spare);
        let buf = self.scratch(bytes);
        let (size, skipped) = (self.block(8)?, self.block(8)?);
        self.asm.st(Size::D, R::FP, skipped, 0);
        self.asm.mov(R::R1, R::R6);
        self.scratch_ptr(R::R2, buf);
        self.asm.imm(R::R3, u64::from(bytes));
        self.asm.imm(R::R4, self.source.stack_flags(user));
        self.call(Service::GetStack)?;
        let [some, none, done, counted] = [(); 4].map(|()| self.asm.label());
        self.asm.jmp(Cond::Sgt, R::R0, 0, some);
        self.asm.bind(none);
        self.asm.imm(R::R0, 0);
        self.asm.ja(done);
        self.asm.bind(some);
        self.asm.alu(Alu::Rsh, R::R0, 3);
        self.asm.stx(Size::D, R::FP, size, R::R0);
        for frame in 0..spare {
            let (base, o) = self.scratch_at(buf + 8 * frame, R::R1);
            self.asm.ldx(Size::D, R::R0, base, o);
            let ours = self.asm.label();
            self.within(&ranges, ours, counted);
            self.asm.bind(ours);
            self.asm.st(Size::D, R::FP, skipped, frame as i32 + 1);
        }
        self.asm.bind(counted);
        self.asm.ldx(Size::D, R::R0, R::FP, size);
        self.asm.ldx(Size::D, R::R2, R::FP, skipped);
        match nth {
            None => {
                // What is skipped has been counted.
                self.asm.alu(Alu::Sub, R::R0, R::R2);
            }
            Some(n) => {
                self.asm.mov(R::R3, R::R2);
                self.asm.alu(Alu::Add, R::R3, n as i32);
                self.asm.jmp(Cond::Le, R::R0, R::R3, none);
                for frame in 0..=spare {
                    let other = self.asm.label();
                    self.asm.jmp(Cond::Ne, R::R2, frame as i32, other);
                    let (base, o) = self.scratch_at(buf + 8 * (frame + n), R::R1);
                    self.asm.ldx(Size::D, R::R0, base, o);
                    self.asm.ja(done);
                    self.asm.bind(other);
                }
                self.asm.imm(R::R0, 0);
            }
        }
        self.asm.bind(done);
        self.frame.free(size, 8);
        self.frame.free(skipped, 8);
        Ok(())
    }

    /// Where the tracepoint's machinery lies, ascending.
    fn trampolines(&self) -> Vec<(u64, u64)> {
        let of = |name: &String| self.cx.opts.trampolines.get(name);
        self.tracepoint
            .as_ref()
            .and_then(of)
            .cloned()
            .unwrap_or_default()
    }

    /// Goes to `yes` if the address in r0 is in one of the ranges, else to `no`: a tree of comparisons.
    fn within(&mut self, ranges: &[(u64, u64)], yes: Label, no: Label) {
        match ranges {
            [] => self.asm.ja(no),
            [(start, end)] => {
                self.asm.imm(R::R1, *start);
                self.asm.jmp(Cond::Lt, R::R0, R::R1, no);
                self.asm.imm(R::R1, *end);
                self.asm.jmp(Cond::Ge, R::R0, R::R1, no);
                self.asm.ja(yes);
            }
            _ => {
                let (low, high) = ranges.split_at(ranges.len() / 2);
                let upper = self.asm.label();
                if let Some((start, _)) = high.first() {
                    self.asm.imm(R::R1, *start);
                    self.asm.jmp(Cond::Ge, R::R0, R::R1, upper);
                }
                self.within(low, yes, no);
                self.asm.bind(upper);
                self.within(high, yes, no);
            }
        }
    }
}
