//! Searching a string for another: `strstr`, `index`, `rindex`.

use super::fun::Fun;
use super::string::StrSub;
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};

/// Steps from one look at whether the search is over to the next.
const STEPS: i32 = 8;

/// Where the work memory has what: result, position, and a table of u16, whose first entry is written where there is nothing
/// to write.
const BEST: i16 = 0;
const POS: i16 = 8;
const TABLE: i16 = 16;
/// The entry for the first byte of `sub`.
const FIRST: i16 = TABLE + 2;

/// Bytes of work memory for strings of up to `room` bytes, a power of two.
pub fn work(room: u32) -> u32 {
    TABLE as u32 + 2 * (room + 2)
}

/// Each step moves i, or j back: twice the length is enough.
fn rounds(room: u32) -> i32 {
    (2 * room as i32 + STEPS - 1) / STEPS * STEPS
}

/// What a step does beside going on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Fills the table, `sub` being the text.
    Table,
    /// Stays where `sub` has been found.
    First,
    /// Notes where `sub` has been found.
    Last,
}

impl<'a, 'b> Fun<'a, 'b> {
    /// (r1 = s, r2 = sub, r3 = work, r4 = pos) -> offset or −1. Knuth–Morris–Pratt: linear in both strings.
    ///
    /// A step has no branch, and a search that is over stays where it is: the verifier, which goes through every round where
    /// there is no `may_goto`, finds one way through each, and branches only where a round of steps ends. Positions are
    /// bounded by a mask, so the strings must be readable up to a power of two.
    ///
    /// r1 = i, the position in the text; r2 = j, how much of `sub` ends there. The table has for each j one more than what j
    /// becomes when the next byte differs, and 0 where i moves on instead.
    pub fn sub_search(&mut self, s: StrSub) {
        let a = &mut self.asm;
        a.mov(R::R7, R::R1);
        a.mov(R::R8, R::R2);
        a.mov(R::R9, R::R3);
        a.stx(Size::D, R::R9, POS, R::R4);
        a.st(Size::D, R::R9, BEST, -1);
        let (search, over, give) = (a.label(), a.label(), a.label());
        self.before_search(s, give);
        match self.cx.global_subs() {
            // Else the verifier would go through the search once for each round in which the table can be done.
            true => {
                self.asm.mov(R::R1, R::R8);
                self.asm.mov(R::R2, R::R9);
                self.asm.ldx(Size::D, R::R5, R::FP, self.mem_slot);
                self.call_str_from(StrSub::SearchTable);
            }
            false => self.fill_table(search),
        }
        self.asm.bind(search);
        match s {
            StrSub::IndexAt => self.asm.ldx(Size::D, R::R1, R::R9, POS),
            _ => self.unknown(R::R1, 0),
        }
        self.unknown(R::R2, 0);
        let step = match s {
            StrSub::Rindex => Step::Last,
            _ => Step::First,
        };
        self.each(rounds(self.cx.opts.strsize), STEPS, |f, _| {
            (0..STEPS).for_each(|_| f.search_step(R::R7, step));
            f.asm.jmp(Cond::Eq, R::R3, 0, over);
        });
        self.asm.bind(over);
        if step == Step::First {
            self.masked_byte(R::R3, R::R8, R::R2);
            self.asm.jmp(Cond::Ne, R::R3, 0, give);
            self.asm.alu(Alu::Sub, R::R1, R::R2);
            self.asm.stx(Size::D, R::R9, BEST, R::R1);
        }
        self.asm.bind(give);
        self.asm.ldx(Size::D, R::R0, R::R9, BEST);
        self.asm.exit();
    }

    /// (r1 = sub, r2 = work).
    pub(super) fn sub_search_table(&mut self) {
        self.asm.mov(R::R8, R::R1);
        self.asm.mov(R::R9, R::R2);
        let done = self.asm.label();
        self.fill_table(done);
        self.asm.bind(done);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// For `sub` at r8, in the work memory at r9.
    fn fill_table(&mut self, done: Label) {
        self.asm.st(Size::H, R::R9, FIRST, 0);
        self.asm.st(Size::H, R::R9, FIRST + 2, 1);
        self.unknown(R::R1, 1);
        self.unknown(R::R2, 0);
        self.each(rounds(self.needle_room), STEPS, |f, _| {
            (0..STEPS).for_each(|_| f.search_step(R::R8, Step::Table));
            f.asm.jmp(Cond::Eq, R::R3, 0, done);
        });
    }

    /// r = a number, by way of memory: one that the verifier knew would be followed through all its values.
    fn unknown(&mut self, r: R, number: i32) {
        self.asm.ldx(Size::D, R::R5, R::FP, self.mem_slot);
        self.asm.st(Size::D, R::R5, 8, number);
        self.asm.ldx(Size::D, r, R::R5, 8);
    }

    /// dst = byte `idx` of the string at `base`.
    pub(super) fn masked_byte(&mut self, dst: R, base: R, idx: R) {
        let mask = self.cx.string_room() as i32 - 1;
        self.asm.mov(dst, idx);
        self.asm.alu(Alu::And, dst, mask);
        self.asm.alu(Alu::Add, dst, base);
        self.asm.ldx(Size::B, dst, dst, 0);
    }

    /// r, of so many bits: becomes 1 if it is not 0.
    fn not_zero(&mut self, r: R, bits: i32) {
        self.asm.alu(Alu::Add, r, (1 << bits) - 1);
        self.asm.alu(Alu::Rsh, r, bits);
    }

    /// One step. r3 = −1 if there is more to do, else 0.
    fn search_step(&mut self, text: R, step: Step) {
        let mask = self.cx.string_room() as i32 - 1;
        if step == Step::Last {
            self.note_found();
        }
        // r0 = the table's entry for j, r3 = sub[j], r4 = text[i], r5 = 1 if they differ.
        let a = &mut self.asm;
        a.mov(R::R0, R::R2);
        a.alu(Alu::And, R::R0, mask);
        a.mov(R::R3, R::R8);
        a.alu(Alu::Add, R::R3, R::R0);
        a.ldx(Size::B, R::R3, R::R3, 0);
        a.alu(Alu::Lsh, R::R0, 1);
        a.alu(Alu::Add, R::R0, R::R9);
        a.ldx(Size::H, R::R0, R::R0, FIRST);
        self.masked_byte(R::R4, text, R::R1);
        self.asm.mov(R::R5, R::R3);
        self.asm.alu(Alu::Xor, R::R5, R::R4);
        self.not_zero(R::R5, 8);
        // r3 = 1 if there is more: the text is not at its end, nor `sub` where that ends the search.
        self.not_zero(R::R4, 8);
        match step {
            Step::First => {
                self.not_zero(R::R3, 8);
                self.asm.alu(Alu::And, R::R3, R::R4);
            }
            Step::Table | Step::Last => self.asm.mov(R::R3, R::R4),
        }
        // i moves on, unless the bytes differ and a shorter beginning of `sub` ends here; r4 = by how much.
        self.asm.mov(R::R4, R::R0);
        self.not_zero(R::R4, 16);
        let a = &mut self.asm;
        a.alu(Alu::Sub, R::R0, R::R4);
        a.alu(Alu::And, R::R4, R::R5);
        a.alu(Alu::Xor, R::R4, 1);
        a.alu(Alu::And, R::R4, R::R3);
        a.alu(Alu::Add, R::R1, R::R4);
        // j is one more, or what the table says.
        a.alu(Alu::Sub, R::R0, R::R2);
        a.neg(R::R5);
        a.alu(Alu::And, R::R0, R::R5);
        a.alu(Alu::Add, R::R5, 1);
        a.alu(Alu::Add, R::R0, R::R5);
        a.neg(R::R3);
        a.alu(Alu::And, R::R0, R::R3);
        a.alu(Alu::Add, R::R2, R::R0);
        if step == Step::Table {
            // The entry for the new i, if it is new; else the one that nobody reads.
            a.neg(R::R4);
            a.mov(R::R0, R::R1);
            a.alu(Alu::And, R::R0, mask);
            a.alu(Alu::Add, R::R0, 1);
            a.alu(Alu::And, R::R0, R::R4);
            a.alu(Alu::Lsh, R::R0, 1);
            a.alu(Alu::Add, R::R0, R::R9);
            a.mov(R::R5, R::R2);
            a.alu(Alu::Add, R::R5, 1);
            a.stx(Size::H, R::R0, TABLE, R::R5);
        }
    }

    /// If the whole of `sub` ends at i, and began no later than asked for: that is the best so far.
    fn note_found(&mut self) {
        self.masked_byte(R::R3, R::R8, R::R2);
        self.not_zero(R::R3, 8);
        let a = &mut self.asm;
        a.alu(Alu::Sub, R::R3, 1);
        a.mov(R::R0, R::R1);
        a.alu(Alu::Sub, R::R0, R::R2);
        a.ldx(Size::D, R::R5, R::R9, POS);
        a.alu(Alu::Sub, R::R5, R::R0);
        a.alu(Alu::Arsh, R::R5, 63);
        a.alu(Alu::Xor, R::R5, -1);
        a.alu(Alu::And, R::R5, R::R3);
        a.ldx(Size::D, R::R4, R::R9, BEST);
        a.alu(Alu::Xor, R::R0, R::R4);
        a.alu(Alu::And, R::R0, R::R5);
        a.alu(Alu::Xor, R::R0, R::R4);
        a.stx(Size::D, R::R9, BEST, R::R0);
    }

    /// The cases of `index` and `rindex` that the search proper doesn't see: empty strings, positions out of range.
    fn before_search(&mut self, s: StrSub, give: Label) {
        let (some, search) = (self.asm.label(), self.asm.label());
        let strsize = self.cx.opts.strsize as i32;
        self.asm.ldx(Size::B, R::R2, R::R8, 0);
        self.asm.ldx(Size::B, R::R1, R::R7, 0);
        let a = &mut self.asm;
        match s {
            StrSub::Strstr => {
                a.jmp(Cond::Ne, R::R2, 0, search);
                a.st(Size::D, R::R9, BEST, 0);
                a.ja(give);
            }
            StrSub::Index | StrSub::IndexAt | StrSub::Rindex => {
                // Two empty strings: 0. An empty `s` without: nothing is found, but for `index` with a position see below.
                a.jmp(Cond::Ne, R::R2, 0, some);
                a.jmp(Cond::Ne, R::R1, 0, some);
                a.st(Size::D, R::R9, BEST, 0);
                a.ja(give);
            }
            _ => {}
        }
        self.asm.bind(some);
        match s {
            StrSub::Index => {
                let a = &mut self.asm;
                a.jmp(Cond::Ne, R::R2, 0, search);
                // Empty in something: at 0.
                a.st(Size::D, R::R9, BEST, 0);
                a.ja(give);
            }
            StrSub::IndexAt => {
                let (positive, inside) = (self.asm.label(), self.asm.label());
                self.asm.ldx(Size::D, R::R4, R::R9, POS);
                self.asm.jmp(Cond::Sge, R::R4, 0, positive);
                self.asm.st(Size::D, R::R9, POS, 0);
                self.asm.bind(positive);
                // r0 = the length of `s`.
                self.length(R::R7);
                self.asm.ldx(Size::D, R::R4, R::R9, POS);
                self.asm.ldx(Size::B, R::R2, R::R8, 0);
                self.asm.jmp(Cond::Lt, R::R4, R::R0, inside);
                self.asm.jmp(Cond::Ne, R::R2, 0, give);
                self.asm.stx(Size::D, R::R9, BEST, R::R0);
                self.asm.ja(give);
                self.asm.bind(inside);
                self.asm.jmp(Cond::Ne, R::R2, 0, search);
                self.asm.stx(Size::D, R::R9, BEST, R::R4);
                self.asm.ja(give);
            }
            StrSub::Rindex => {
                let (positive, cut) = (self.asm.label(), self.asm.label());
                self.asm.ldx(Size::D, R::R4, R::R9, POS);
                self.asm.jmp(Cond::Sge, R::R4, 0, positive);
                self.asm.jmp(Cond::Ne, R::R2, 0, give);
                self.asm.st(Size::D, R::R9, BEST, 0);
                self.asm.ja(give);
                self.asm.bind(positive);
                self.asm.jmp(Cond::Sle, R::R4, strsize, cut);
                self.asm.st(Size::D, R::R9, POS, strsize);
                self.asm.bind(cut);
                self.asm.jmp(Cond::Ne, R::R2, 0, search);
                // Empty in something: at the position, the end at most.
                self.length(R::R7);
                let fits = self.asm.label();
                self.asm.ldx(Size::D, R::R4, R::R9, POS);
                self.asm.jmp(Cond::Le, R::R4, R::R0, fits);
                self.asm.mov(R::R4, R::R0);
                self.asm.bind(fits);
                self.asm.stx(Size::D, R::R9, BEST, R::R4);
                self.asm.ja(give);
            }
            _ => {}
        }
        self.asm.bind(search);
    }

    /// r0 = length of the string at `s`.
    fn length(&mut self, s: R) {
        self.asm.mov(R::R1, s);
        self.asm.imm(R::R2, 0);
        self.asm.ldx(Size::D, R::R5, R::FP, self.mem_slot);
        self.call_str_from(StrSub::Strchr);
    }
}
