//! Searching a string for another: `strstr`, `index`, `rindex`.

use super::fun::{Fun, Sub};
use super::string::{KMP_HEAD, StrSub};
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};

impl<'a, 'b> Fun<'a, 'b> {
    /// dst = byte at base + the position kept at work + `pos`; the position, bounded, stays in `idx`.
    fn byte_at(&mut self, dst: R, base: R, idx: R) {
        let limit = self.cx.opts.strsize as i32 - 1;
        let fine = self.asm.label();
        self.asm.jmp(Cond::Le, idx, limit, fine);
        self.asm.imm(idx, limit as u64);
        self.asm.bind(fine);
        self.asm.mov(dst, base);
        self.asm.alu(Alu::Add, dst, idx);
        self.asm.ldx(Size::B, dst, dst, 0);
    }

    /// (r1 = s, r2 = sub, r3 = work, r4 = pos) -> offset or −1. Knuth–Morris–Pratt: linear in both strings.
    ///
    /// Work: i, j (u64 each), result, then the failure table (u16).
    pub fn sub_search(&mut self, s: StrSub) {
        const I: i16 = 0;
        const J: i16 = 8;
        const BEST: i16 = 16;
        const POS: i16 = 24;
        let strsize = self.cx.opts.strsize as i32;
        let table = KMP_HEAD as i32;
        let a = &mut self.asm;
        a.mov(R::R7, R::R1);
        a.mov(R::R8, R::R2);
        a.mov(R::R9, R::R3);
        a.stx(Size::D, R::R9, POS, R::R4);
        a.st(Size::D, R::R9, BEST, -1);
        let (search, give) = (a.label(), a.label());
        self.before_search(s, give, (BEST, POS));
        // The table: fail[0] = 0; i = 1, j = 0.
        let a = &mut self.asm;
        a.st(Size::H, R::R9, table as i16, 0);
        a.st(Size::D, R::R9, I, 1);
        a.st(Size::D, R::R9, J, 0);
        self.each(2 * strsize, 1, |f, next| {
            f.asm.ldx(Size::D, R::R1, R::R9, I);
            f.byte_at(R::R2, R::R8, R::R1);
            f.asm.jmp(Cond::Eq, R::R2, 0, search);
            f.asm.ldx(Size::D, R::R3, R::R9, J);
            f.byte_at(R::R4, R::R8, R::R3);
            let (same, back) = (f.asm.label(), f.asm.label());
            f.asm.jmp(Cond::Eq, R::R2, R::R4, same);
            f.asm.jmp(Cond::Ne, R::R3, 0, back);
            f.set_fail(table);
            f.asm.ja(next);
            f.asm.bind(back);
            f.get_fail(table);
            f.asm.stx(Size::D, R::R9, J, R::R3);
            f.asm.ja(next);
            f.asm.bind(same);
            f.asm.alu(Alu::Add, R::R3, 1);
            f.asm.stx(Size::D, R::R9, J, R::R3);
            f.set_fail(table);
        });
        self.asm.bind(search);
        self.asm.st(Size::D, R::R9, J, 0);
        let start = self.asm.label();
        self.asm.st(Size::D, R::R9, I, 0);
        if s == StrSub::IndexAt {
            self.asm.ldx(Size::D, R::R1, R::R9, POS);
            self.asm.stx(Size::D, R::R9, I, R::R1);
        }
        self.asm.bind(start);
        self.each(2 * strsize + 2, 1, |f, next| {
            let (missing, more, back, same) =
                (f.asm.label(), f.asm.label(), f.asm.label(), f.asm.label());
            f.asm.ldx(Size::D, R::R3, R::R9, J);
            f.byte_at(R::R4, R::R8, R::R3);
            f.asm.ldx(Size::D, R::R1, R::R9, I);
            f.asm.jmp(Cond::Ne, R::R4, 0, more);
            // The whole of `sub` is there: it ends at i.
            f.asm.mov(R::R5, R::R1);
            f.asm.alu(Alu::Sub, R::R5, R::R3);
            if s == StrSub::Rindex {
                f.asm.ldx(Size::D, R::R2, R::R9, POS);
                f.asm.jmp(Cond::Sgt, R::R5, R::R2, give);
                f.asm.stx(Size::D, R::R9, BEST, R::R5);
                f.get_fail(table);
                f.asm.stx(Size::D, R::R9, J, R::R3);
                f.asm.ja(next);
            } else {
                f.asm.stx(Size::D, R::R9, BEST, R::R5);
                f.asm.ja(give);
            }
            f.asm.bind(more);
            f.byte_at(R::R2, R::R7, R::R1);
            f.asm.jmp(Cond::Eq, R::R2, 0, give);
            f.asm.jmp(Cond::Eq, R::R2, R::R4, same);
            f.asm.jmp(Cond::Ne, R::R3, 0, back);
            f.asm.alu(Alu::Add, R::R1, 1);
            f.asm.stx(Size::D, R::R9, I, R::R1);
            f.asm.ja(next);
            f.asm.bind(back);
            f.get_fail(table);
            f.asm.stx(Size::D, R::R9, J, R::R3);
            f.asm.ja(next);
            f.asm.bind(same);
            f.asm.alu(Alu::Add, R::R1, 1);
            f.asm.stx(Size::D, R::R9, I, R::R1);
            f.asm.alu(Alu::Add, R::R3, 1);
            f.asm.stx(Size::D, R::R9, J, R::R3);
            f.asm.bind(missing);
        });
        self.asm.bind(give);
        self.asm.ldx(Size::D, R::R0, R::R9, BEST);
        self.asm.exit();
    }

    /// The cases of `index` and `rindex` that the search proper doesn't see: empty strings, positions out of range.
    fn before_search(&mut self, s: StrSub, give: Label, (best, pos): (i16, i16)) {
        let (some, search) = (self.asm.label(), self.asm.label());
        let strsize = self.cx.opts.strsize as i32;
        self.asm.ldx(Size::B, R::R2, R::R8, 0);
        self.asm.ldx(Size::B, R::R1, R::R7, 0);
        let a = &mut self.asm;
        match s {
            StrSub::Strstr => {
                a.jmp(Cond::Ne, R::R2, 0, search);
                a.st(Size::D, R::R9, best, 0);
                a.ja(give);
            }
            StrSub::Index | StrSub::IndexAt | StrSub::Rindex => {
                // Two empty strings: 0. An empty `s` without: nothing is found, but for `index` with a position see below.
                a.jmp(Cond::Ne, R::R2, 0, some);
                a.jmp(Cond::Ne, R::R1, 0, some);
                a.st(Size::D, R::R9, best, 0);
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
                a.st(Size::D, R::R9, best, 0);
                a.ja(give);
            }
            StrSub::IndexAt => {
                let (positive, inside) = (self.asm.label(), self.asm.label());
                self.asm.ldx(Size::D, R::R4, R::R9, pos);
                self.asm.jmp(Cond::Sge, R::R4, 0, positive);
                self.asm.st(Size::D, R::R9, pos, 0);
                self.asm.bind(positive);
                // r0 = the length of `s`.
                self.length(R::R7);
                self.asm.ldx(Size::D, R::R4, R::R9, pos);
                self.asm.ldx(Size::B, R::R2, R::R8, 0);
                self.asm.jmp(Cond::Lt, R::R4, R::R0, inside);
                self.asm.jmp(Cond::Ne, R::R2, 0, give);
                self.asm.stx(Size::D, R::R9, best, R::R0);
                self.asm.ja(give);
                self.asm.bind(inside);
                self.asm.jmp(Cond::Ne, R::R2, 0, search);
                self.asm.stx(Size::D, R::R9, best, R::R4);
                self.asm.ja(give);
            }
            StrSub::Rindex => {
                let (positive, cut) = (self.asm.label(), self.asm.label());
                self.asm.ldx(Size::D, R::R4, R::R9, pos);
                self.asm.jmp(Cond::Sge, R::R4, 0, positive);
                self.asm.jmp(Cond::Ne, R::R2, 0, give);
                self.asm.st(Size::D, R::R9, best, 0);
                self.asm.ja(give);
                self.asm.bind(positive);
                self.asm.jmp(Cond::Sle, R::R4, strsize, cut);
                self.asm.st(Size::D, R::R9, pos, strsize);
                self.asm.bind(cut);
                self.asm.jmp(Cond::Ne, R::R2, 0, search);
                // Empty in something: at the position, the end at most.
                self.length(R::R7);
                let fits = self.asm.label();
                self.asm.ldx(Size::D, R::R4, R::R9, pos);
                self.asm.jmp(Cond::Le, R::R4, R::R0, fits);
                self.asm.mov(R::R4, R::R0);
                self.asm.bind(fits);
                self.asm.stx(Size::D, R::R9, best, R::R4);
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
        self.call_sub(Sub::Str(StrSub::Strchr));
    }

    /// fail[i] = j and i += 1, with i in r1, j in r3.
    fn set_fail(&mut self, table: i32) {
        let limit = self.cx.opts.strsize as i32;
        let fine = self.asm.label();
        self.asm.jmp(Cond::Lt, R::R1, limit, fine);
        self.asm.imm(R::R1, limit as u64 - 1);
        self.asm.bind(fine);
        self.asm.mov(R::R4, R::R1);
        self.asm.alu(Alu::Lsh, R::R4, 1);
        self.asm.alu(Alu::Add, R::R4, R::R9);
        self.asm.stx(Size::H, R::R4, table as i16, R::R3);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R9, 0, R::R1);
    }

    /// r3 = fail[r3 − 1].
    fn get_fail(&mut self, table: i32) {
        let limit = self.cx.opts.strsize as i32;
        let fine = self.asm.label();
        self.asm.alu(Alu::Sub, R::R3, 1);
        self.asm.jmp(Cond::Lt, R::R3, limit, fine);
        self.asm.imm(R::R3, 0);
        self.asm.bind(fine);
        self.asm.alu(Alu::Lsh, R::R3, 1);
        self.asm.alu(Alu::Add, R::R3, R::R9);
        self.asm.ldx(Size::H, R::R3, R::R3, table as i16);
    }
}
