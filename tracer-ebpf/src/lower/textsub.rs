//! More subprograms that make text: addresses of the network, paths without detours, memory made printable.

use super::fun::Fun;
use super::string::StrSub;
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};

/// What `cleanpath` keeps in the loops' memory.
mod clean {
    pub const I: i16 = 8;
    pub const O: i16 = 16;
    /// Where the component's slash is.
    pub const SLASH: i16 = 24;
    /// Before the first slash.
    pub const FIRST: i16 = 32;
    pub const BACK: i16 = 40;
    /// The text has ended.
    pub const LAST: i16 = 48;
}

impl Fun<'_, '_> {
    /// (r1 = memory, r2 = bytes, r3 = character): NULs become the character, but the last byte becomes one.
    pub(super) fn sub_memstr(&mut self) {
        let out = self.asm.label();
        self.asm.mov(R::R7, R::R3);
        let end = self.cx.opts.strsize.next_multiple_of(8) as i32;
        self.each(end, 8, |f, _| {
            f.asm.jmp(Cond::Ge, R::R6, R::R2, out);
            f.asm.mov(R::R3, R::R1);
            f.asm.alu(Alu::Add, R::R3, R::R6);
            f.asm.ldx(Size::D, R::R8, R::R3, 0);
            f.zero_bytes(R::R9, R::R8, R::R4);
            f.asm.alu(Alu::Rsh, R::R9, 7);
            f.asm.alu(Alu::Mul, R::R9, R::R7);
            f.asm.alu(Alu::Or, R::R8, R::R9);
            f.asm.stx(Size::D, R::R3, 0, R::R8);
        });
        self.asm.bind(out);
        let limit = self.cx.opts.strsize as i32 - 1;
        let fine = self.asm.label();
        self.asm.alu(Alu::Sub, R::R2, 1);
        self.asm.jmp(Cond::Le, R::R2, limit, fine);
        self.asm.imm(R::R2, limit as u64);
        self.asm.bind(fine);
        self.asm.alu(Alu::Add, R::R1, R::R2);
        self.asm.st(Size::B, R::R1, 0, 0);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// r4 = a digit's value: its character.
    fn hex_digit(&mut self) {
        let small = self.asm.label();
        self.asm.jmp(Cond::Le, R::R4, 9, small);
        self.asm.alu(Alu::Add, R::R4, i32::from(b'a' - b'0') - 10);
        self.asm.bind(small);
        self.asm.alu(Alu::Add, R::R4, i32::from(b'0'));
    }

    /// (r1 = bytes, r2 = how many, r3 = out): `aa:bb:…`.
    pub(super) fn sub_link(&mut self) {
        let out = self.asm.label();
        self.asm.mov(R::R7, R::R3);
        self.asm.imm(R::R8, 0);
        self.each(20, 1, |f, _| {
            f.asm.jmp(Cond::Ge, R::R6, R::R2, out);
            f.asm.mov(R::R3, R::R1);
            f.asm.alu(Alu::Add, R::R3, R::R6);
            f.asm.ldx(Size::B, R::R9, R::R3, 0);
            f.asm.mov(R::R5, R::R6);
            f.asm.alu(Alu::Mul, R::R5, 3);
            f.asm.alu(Alu::Add, R::R5, R::R7);
            for (at, shift) in [(0, 4), (1, 0)] {
                f.asm.mov(R::R4, R::R9);
                f.asm.alu(Alu::Rsh, R::R4, shift);
                f.asm.alu(Alu::And, R::R4, 15);
                f.hex_digit();
                f.asm.stx(Size::B, R::R5, at, R::R4);
            }
            f.asm.st(Size::B, R::R5, 2, i32::from(b':'));
        });
        self.asm.bind(out);
        // Instead of the last colon.
        let fine = self.asm.label();
        self.asm.alu(Alu::Sub, R::R2, 1);
        self.asm.jmp(Cond::Le, R::R2, 19, fine);
        self.asm.imm(R::R2, 19);
        self.asm.bind(fine);
        self.asm.alu(Alu::Mul, R::R2, 3);
        self.asm.alu(Alu::Add, R::R7, R::R2);
        self.asm.st(Size::B, R::R7, 2, 0);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// (r1 = 16 bytes, r2 = out of 64): as RFC 5952 writes it.
    pub(super) fn sub_inet6(&mut self) {
        const RUN: i16 = 8;
        const LONGEST: i16 = 16;
        const START: i16 = 24;
        const END: i16 = 32;
        let plain = self.asm.label();
        let a = &mut self.asm;
        a.mov(R::R7, R::R1);
        a.mov(R::R8, R::R2);
        a.mov(R::R9, R::R5);
        // ::ffff:a.b.c.d
        a.ldx(Size::D, R::R1, R::R7, 0);
        a.jmp(Cond::Ne, R::R1, 0, plain);
        a.ldx(Size::W, R::R1, R::R7, 8);
        a.imm(R::R2, 0xffff_0000);
        a.jmp(Cond::Ne, R::R1, R::R2, plain);
        for (k, b) in b"::ffff:".iter().enumerate() {
            a.st(Size::B, R::R8, k as i16, i32::from(*b));
        }
        a.ldx(Size::W, R::R1, R::R7, 12);
        a.mov(R::R2, R::R8);
        a.alu(Alu::Add, R::R2, 7);
        a.mov(R::R5, R::R9);
        self.call_str_from(StrSub::Inet4);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(plain);
        // The first of the longest runs of zeros, if it is of two or more.
        for slot in [RUN, LONGEST, START, END] {
            self.asm.st(Size::D, R::R9, slot, 0);
        }
        for group in 0..8_i16 {
            let a = &mut self.asm;
            let (zero, next) = (a.label(), a.label());
            a.ldx(Size::H, R::R1, R::R7, 2 * group);
            a.jmp(Cond::Eq, R::R1, 0, zero);
            a.st(Size::D, R::R9, RUN, 0);
            a.ja(next);
            a.bind(zero);
            a.ldx(Size::D, R::R1, R::R9, RUN);
            a.alu(Alu::Add, R::R1, 1);
            a.stx(Size::D, R::R9, RUN, R::R1);
            a.ldx(Size::D, R::R2, R::R9, LONGEST);
            a.jmp(Cond::Le, R::R1, R::R2, next);
            a.stx(Size::D, R::R9, LONGEST, R::R1);
            a.st(Size::D, R::R9, END, i32::from(group) + 1);
            a.imm(R::R2, group as u64 + 1);
            a.alu(Alu::Sub, R::R2, R::R1);
            a.stx(Size::D, R::R9, START, R::R2);
            a.bind(next);
        }
        let (long, go) = (self.asm.label(), self.asm.label());
        self.asm.ldx(Size::D, R::R1, R::R9, LONGEST);
        self.asm.jmp(Cond::Ge, R::R1, 2, long);
        self.asm.st(Size::D, R::R9, START, 9);
        self.asm.st(Size::D, R::R9, END, 9);
        self.asm.bind(long);
        self.asm.ja(go);
        self.asm.bind(go);
        // RUN: where the next character goes.
        self.asm.st(Size::D, R::R9, RUN, 0);
        for group in 0..8_i16 {
            let [outside, first, number, next] = [(); 4].map(|()| self.asm.label());
            let g = i32::from(group);
            self.asm.ldx(Size::D, R::R1, R::R9, START);
            self.asm.ldx(Size::D, R::R2, R::R9, END);
            self.asm.jmp(Cond::Gt, R::R1, g, outside);
            self.asm.jmp(Cond::Le, R::R2, g, outside);
            self.asm.jmp(Cond::Ne, R::R1, g, next);
            for _ in 0..2 {
                self.asm.imm(R::R4, u64::from(b':'));
                self.put_6();
            }
            self.asm.ja(next);
            self.asm.bind(outside);
            if group > 0 {
                // Behind a run its colons stand already.
                self.asm.jmp(Cond::Eq, R::R2, g, first);
                self.asm.imm(R::R4, u64::from(b':'));
                self.put_6();
            }
            self.asm.bind(first);
            for (shift, at_least) in [(12, 0x1000), (8, 0x100), (4, 0x10), (0, 0)] {
                let skip = self.asm.label();
                self.asm.ldx(Size::H, R::R4, R::R7, 2 * group);
                self.asm.to_be(R::R4, 16);
                self.asm.jmp(Cond::Lt, R::R4, at_least, skip);
                self.asm.alu(Alu::Rsh, R::R4, shift);
                self.asm.alu(Alu::And, R::R4, 15);
                self.hex_digit();
                self.put_6();
                self.asm.bind(skip);
            }
            self.asm.bind(number);
            self.asm.bind(next);
        }
        self.asm.imm(R::R4, 0);
        self.put_6();
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// The character in r4 goes to r8, where the count in r9's first slot says.
    fn put_6(&mut self) {
        self.asm.ldx(Size::D, R::R3, R::R9, 8);
        self.asm.alu(Alu::And, R::R3, 63);
        self.asm.mov(R::R5, R::R8);
        self.asm.alu(Alu::Add, R::R5, R::R3);
        self.asm.stx(Size::B, R::R5, 0, R::R4);
        self.asm.alu(Alu::Add, R::R3, 1);
        self.asm.stx(Size::D, R::R9, 8, R::R3);
    }

    /// (r1 = s, r2 = out). Components are copied with the slash before them, and looked at when they end; `..` takes bytes
    /// back, one in each round, up to the slash before. So the rounds are twice the bytes at the most.
    pub(super) fn sub_cleanpath(&mut self) {
        use clean::*;
        let strsize = self.cx.opts.strsize as i32;
        let a = &mut self.asm;
        a.mov(R::R7, R::R1);
        a.mov(R::R8, R::R2);
        a.mov(R::R9, R::R5);
        for slot in [I, O, SLASH, BACK, LAST] {
            a.st(Size::D, R::R9, slot, 0);
        }
        a.st(Size::D, R::R9, FIRST, 1);
        let done = a.label();
        self.each(2 * strsize + 2, 1, |f, next| match f.cx.global_subs() {
            true => f.round_apart(StrSub::CleanpathRound, done, done),
            false => f.cleanpath_round(next, done),
        });
        self.asm.bind(done);
        self.path_byte(O, 0);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// (r1 = path, r2 = out) -> [`Fun::round_apart`].
    pub(super) fn sub_cleanpath_round(&mut self) {
        let [next, done] = [(); 2].map(|()| self.asm.label());
        self.asm.mov(R::R7, R::R1);
        self.asm.mov(R::R8, R::R2);
        self.asm.mov(R::R9, R::R5);
        self.cleanpath_round(next, done);
        self.end_round([next, done, done]);
    }

    /// r7 = path, r8 = out, r9 = the loops' memory.
    fn cleanpath_round(&mut self, next: Label, done: Label) {
        use clean::*;
        let [forward, ended, later, back, stop, open] = [(); 6].map(|()| self.asm.label());
        let [one, keep, drop, up, not_last] = [(); 5].map(|()| self.asm.label());
        self.asm.ldx(Size::D, R::R1, R::R9, BACK);
        self.asm.jmp(Cond::Eq, R::R1, 0, forward);
        // Back to the slash before.
        self.asm.bind(back);
        self.asm.ldx(Size::D, R::R1, R::R9, O);
        self.asm.jmp(Cond::Eq, R::R1, 0, stop);
        self.asm.alu(Alu::Sub, R::R1, 1);
        self.asm.stx(Size::D, R::R9, O, R::R1);
        self.byte_of(R::R8, R::R1, R::R2);
        self.asm.jmp(Cond::Ne, R::R2, i32::from(b'/'), next);
        self.asm.bind(stop);
        self.asm.st(Size::D, R::R9, BACK, 0);
        self.asm.ldx(Size::D, R::R1, R::R9, LAST);
        self.asm.jmp(Cond::Eq, R::R1, 0, open);
        self.path_byte(O, u64::from(b'/'));
        self.asm.ja(done);
        // The next byte.
        self.asm.bind(forward);
        self.asm.ldx(Size::D, R::R1, R::R9, I);
        self.byte_of(R::R7, R::R1, R::R2);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R9, I, R::R1);
        self.asm.jmp(Cond::Eq, R::R2, 0, ended);
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'/'), later);
        self.asm.mov(R::R4, R::R2);
        self.path_put(O);
        self.asm.ja(next);
        self.asm.bind(ended);
        self.asm.st(Size::D, R::R9, LAST, 1);
        self.asm.bind(later);
        // A component has ended: r1 = its slash, r3 = its bytes with the slash.
        self.asm.ldx(Size::D, R::R1, R::R9, FIRST);
        self.asm.st(Size::D, R::R9, FIRST, 0);
        self.asm.jmp(Cond::Ne, R::R1, 0, keep);
        self.asm.ldx(Size::D, R::R1, R::R9, SLASH);
        self.asm.ldx(Size::D, R::R3, R::R9, O);
        self.asm.alu(Alu::Sub, R::R3, R::R1);
        self.asm.jmp(Cond::Eq, R::R3, 1, drop);
        self.asm.jmp(Cond::Gt, R::R3, 3, keep);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.byte_of(R::R8, R::R1, R::R2);
        self.asm.jmp(Cond::Ne, R::R2, i32::from(b'.'), keep);
        self.asm.jmp(Cond::Eq, R::R3, 2, drop);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.byte_of(R::R8, R::R1, R::R2);
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'.'), up);
        self.asm.ja(keep);
        self.asm.bind(drop);
        self.asm.ldx(Size::D, R::R1, R::R9, LAST);
        self.asm.jmp(Cond::Eq, R::R1, 0, one);
        self.asm.ja(done);
        self.asm.bind(one);
        self.asm.ldx(Size::D, R::R1, R::R9, SLASH);
        self.asm.stx(Size::D, R::R9, O, R::R1);
        self.asm.ja(open);
        self.asm.bind(up);
        self.asm.ldx(Size::D, R::R1, R::R9, SLASH);
        self.asm.stx(Size::D, R::R9, O, R::R1);
        self.asm.st(Size::D, R::R9, BACK, 1);
        self.asm.ja(next);
        self.asm.bind(keep);
        self.asm.ldx(Size::D, R::R1, R::R9, LAST);
        self.asm.jmp(Cond::Eq, R::R1, 0, not_last);
        self.asm.ja(done);
        self.asm.bind(not_last);
        self.asm.bind(open);
        self.asm.ldx(Size::D, R::R1, R::R9, O);
        self.asm.stx(Size::D, R::R9, SLASH, R::R1);
        self.path_byte(O, u64::from(b'/'));
    }

    /// dst = byte at base + idx, which is cut to what a string has.
    pub(super) fn byte_of(&mut self, base: R, idx: R, dst: R) {
        let limit = self.cx.opts.strsize as i32 - 1;
        let fine = self.asm.label();
        self.asm.jmp(Cond::Le, idx, limit, fine);
        self.asm.imm(idx, limit as u64);
        self.asm.bind(fine);
        self.asm.mov(dst, base);
        self.asm.alu(Alu::Add, dst, idx);
        self.asm.ldx(Size::B, dst, dst, 0);
    }

    fn path_byte(&mut self, pos: i16, byte: u64) {
        self.asm.imm(R::R4, byte);
        self.path_put(pos);
    }

    /// out[position] = r4, and on.
    fn path_put(&mut self, pos: i16) {
        let limit = self.cx.opts.strsize as i32 - 1;
        let fine = self.asm.label();
        self.asm.ldx(Size::D, R::R1, R::R9, pos);
        self.asm.jmp(Cond::Le, R::R1, limit, fine);
        self.asm.imm(R::R1, limit as u64);
        self.asm.bind(fine);
        self.asm.mov(R::R2, R::R8);
        self.asm.alu(Alu::Add, R::R2, R::R1);
        self.asm.stx(Size::B, R::R2, 0, R::R4);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R9, pos, R::R1);
    }
}
