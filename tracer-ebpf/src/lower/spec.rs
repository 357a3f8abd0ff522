//! Speculations: which of them are in use. What is recorded speculatively goes through the ring like everything else, and
//! waits at the consumer for its commit or discard.
//!
//! A speculation is a word: its lowest bit says that it is in use, the others count how often it was taken. The record of
//! a clause that speculates, commits or discards carries a *token*: that count and the number that D knows. So a record
//! that was on its way when its speculation ended is never taken for one of the next use of the same number.

use super::LowerError;
use super::fun::{Fun, Sub};
use super::op::Want;
use super::var::Mem;
use crate::asm::Label;
use crate::image::DropKind;
use crate::isa::{Alu, Cond, FETCH, R, Size};
use dsl::program::Datum;

/// What is done with speculations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpecSub {
    /// `speculation()`: r0 = a free one's number, now taken, or 0.
    Take,
    /// `speculate()`: (r1 = number) -> token, 0 where that number is none in use.
    Use,
    /// `commit()`, `discard()`: the same, and it is free from then on.
    End,
}

/// `BPF_CMPXCHG`: r0 = what was there, replaced if it was r0.
const CMPXCHG: i32 = 0xf0 | FETCH;

impl Fun<'_, '_> {
    /// The token of a speculation, into a record.
    pub fn spec_token(&mut self, at: Mem, id: &Datum, sub: SpecSub) -> Result<(), LowerError> {
        let Some(difo) = id.difo() else {
            return Err(self.err("internal: a speculation without a number"));
        };
        let v = self.difo(difo, Want::Value)?;
        if !self.reachable {
            return Ok(());
        }
        self.clobber()?;
        self.load_num(v, R::R1)?;
        self.done_with(v);
        self.call_sub(Sub::Spec(sub));
        let (base, o) = self.mem_at(at, R::R1);
        self.asm.stx(Size::D, base, o, R::R0);
        Ok(())
    }

    pub(super) fn sub_spec(&mut self, label: Label, sub: SpecSub) -> Result<(), LowerError> {
        let name = match sub {
            SpecSub::Take => "speculation",
            SpecSub::Use => "speculate",
            SpecSub::End => "end_spec",
        };
        self.asm.begin_sub(label, name.to_owned());
        let n = self.cx.opts.nspec as i32;
        let none = self.asm.label();
        if n > 0 {
            match sub {
                SpecSub::Take => self.spec_take(n),
                SpecSub::Use | SpecSub::End => self.spec_token_of(n, none, sub == SpecSub::End),
            }
        }
        self.asm.bind(none);
        if sub == SpecSub::Take {
            self.asm.imm(R::R1, DropKind::SpecUnavail as u64);
            self.call_sub(Sub::Drop);
        }
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        Ok(())
    }

    /// r1 = the word with the number that is in `index`.
    fn spec_word(&mut self, index: R) {
        let map = self.cx.speculations();
        self.asm.map_value(R::R1, map, 0);
        self.asm.mov(R::R2, index);
        self.asm.alu(Alu::Lsh, R::R2, 3);
        self.asm.alu(Alu::Add, R::R1, R::R2);
    }

    /// The word at r1 becomes r4, if it is still r3: else goes elsewhere.
    fn spec_replace(&mut self, taken: Label) {
        if self.cx.caps.atomic_fetch {
            self.asm.mov(R::R0, R::R3);
            self.asm.atomic(CMPXCHG, R::R1, 0, R::R4);
            self.asm.jmp(Cond::Ne, R::R0, R::R3, taken);
        } else {
            self.asm.stx(Size::D, R::R1, 0, R::R4);
        }
    }

    fn spec_take(&mut self, n: i32) {
        let (top, next) = (self.asm.label(), self.asm.label());
        self.asm.imm(R::R7, 0);
        self.asm.bind(top);
        self.spec_word(R::R7);
        self.asm.ldx(Size::D, R::R3, R::R1, 0);
        self.asm.mov(R::R2, R::R3);
        self.asm.alu(Alu::And, R::R2, 1);
        self.asm.jmp(Cond::Ne, R::R2, 0, next);
        // In use, and the next count.
        self.asm.mov(R::R4, R::R3);
        self.asm.alu(Alu::Add, R::R4, 3);
        self.spec_replace(next);
        self.asm.mov(R::R0, R::R7);
        self.asm.alu(Alu::Add, R::R0, 1);
        self.asm.exit();
        self.asm.bind(next);
        self.asm.alu(Alu::Add, R::R7, 1);
        self.asm.jmp(Cond::Lt, R::R7, n, top);
    }

    fn spec_token_of(&mut self, n: i32, none: Label, end: bool) {
        self.asm.mov(R::R7, R::R1);
        self.asm.alu(Alu::Sub, R::R7, 1);
        self.asm.jmp(Cond::Ge, R::R7, n, none);
        self.spec_word(R::R7);
        self.asm.ldx(Size::D, R::R3, R::R1, 0);
        self.asm.mov(R::R2, R::R3);
        self.asm.alu(Alu::And, R::R2, 1);
        self.asm.jmp(Cond::Eq, R::R2, 0, none);
        if end {
            self.asm.mov(R::R4, R::R3);
            self.asm.alu(Alu::Sub, R::R4, 1);
            self.spec_replace(none);
        }
        self.asm.mov(R::R0, R::R3);
        self.asm.alu(Alu::Rsh, R::R0, 1);
        self.asm.alu(Alu::Lsh, R::R0, 32);
        self.asm.alu(Alu::Add, R::R7, 1);
        self.asm.alu(Alu::Or, R::R0, R::R7);
        self.asm.exit();
    }
}
