//! The subprograms on strings, each emitted once per program.
//!
//! A loop of a subprogram counts in a register that nothing else depends on, and keeps what it works on (positions in the
//! strings) in scratch memory, from where it comes back as a number that the verifier knows nothing of and that is bounded
//! afresh each time: so all ways through one round look the same to it. Where a whole word can be looked at at once, it is.

use super::LowerError;
use super::fun::{Fun, LOOP_MEM, Sub};
use super::string::{Arg, StrSub};
use super::{kstruct, search};
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;

const ONES: u64 = 0x0101_0101_0101_0101;
const LOW7: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH: u64 = 0x8080_8080_8080_8080;

impl<'a, 'b> Fun<'a, 'b> {
    // Subprograms.

    /// Emits one.
    pub fn sub_string(&mut self, label: Label, s: StrSub) -> Result<(), LowerError> {
        if !self.cx.caps.bounded_loops && !matches!(s, StrSub::Inet4 | StrSub::Inet6) {
            return Err(self
                .err("this kernel's BPF has no loops (Linux 5.3), which string subroutines need"));
        }
        self.asm.begin_sub(label, format!("{s:?}").to_lowercase());
        if self.cx.global_subs() {
            self.enter_global(s)?;
        }
        self.mem_slot = self.block(8)?;
        self.asm.stx(Size::D, R::FP, self.mem_slot, R::R5);
        match s {
            StrSub::Strcmp => self.sub_strcmp(),
            StrSub::Strchr => self.sub_strchr(),
            StrSub::Strrchr => self.sub_strrchr(),
            StrSub::Toupper => self.sub_case(b'a', b'z'),
            StrSub::Tolower => self.sub_case(b'A', b'Z'),
            StrSub::Lltostr => self.sub_lltostr(),
            StrSub::Strtoll => self.sub_strtoll(),
            StrSub::Inet4 => self.sub_inet4(),
            StrSub::Strstr | StrSub::Index | StrSub::IndexAt | StrSub::Rindex => self.sub_search(s),
            StrSub::Basename => self.sub_basename(),
            StrSub::Dirname => self.sub_dirname(),
            StrSub::Strtok => self.sub_strtok(),
            StrSub::Cleanpath => self.sub_cleanpath(),
            StrSub::Inet6 => self.sub_inet6(),
            StrSub::Link => self.sub_link(),
            StrSub::Memstr => self.sub_memstr(),
            StrSub::SearchTable => self.sub_search_table(),
            StrSub::Json => self.sub_json(),
            StrSub::JsonRound => self.sub_json_round(),
            StrSub::CleanpathRound => self.sub_cleanpath_round(),
            StrSub::DPath => self.sub_dpath()?,
            StrSub::Progenyof => self.sub_progenyof()?,
        }
        Ok(())
    }

    /// The beginning of a global subprogram: r5, its firing's key, becomes the loops' memory, and the places pointers. One that is
    /// not inside can't be; the verifier wants to see it.
    fn enter_global(&mut self, s: StrSub) -> Result<(), LowerError> {
        self.asm.is_global();
        // Whatever place a caller has taken, as much as the subprogram can reach lies behind it.
        self.reach = self.reach.max(self.room(s));
        let last = self.scratch_max as i32;
        let (found, gone) = (self.asm.label(), self.asm.label());
        let regs = [
            (R::R6, R::R1),
            (R::R7, R::R2),
            (R::R8, R::R3),
            (R::R9, R::R4),
        ];
        let args = || s.args().iter().zip(regs);
        for (_, (kept, r)) in args() {
            self.asm.mov(kept, r);
        }
        let key = self.block(8)?;
        let scratch = self.cx.scratch_map();
        self.asm.stx(Size::W, R::FP, key, R::R5);
        self.asm.map(R::R1, scratch);
        self.stack_ptr(R::R2, key);
        self.call(Service::MapLookup)?;
        self.frame.free(key, 8);
        self.asm.jmp(Cond::Ne, R::R0, 0, found);
        self.asm.bind(gone);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(found);
        for (&arg, (kept, r)) in args() {
            if arg == Arg::Place {
                self.asm.jmp(Cond::Gt, kept, last, gone);
                self.asm.alu(Alu::Add, kept, R::R0);
            }
            self.asm.mov(r, kept);
        }
        self.asm.mov(R::R5, R::R0);
        self.asm.alu(Alu::Add, R::R5, LOOP_MEM as i32);
        Ok(())
    }

    /// Bytes that a subprogram reaches from any of its places.
    fn room(&self, s: StrSub) -> u32 {
        let string = self.cx.string_room() + 16;
        string.max(match s {
            StrSub::Strstr
            | StrSub::Index
            | StrSub::IndexAt
            | StrSub::Rindex
            | StrSub::SearchTable => search::work(self.cx.string_room()),
            // The verifier doesn't see that a name that begins late is short.
            StrSub::DPath => kstruct::work::BYTES + kstruct::NAME_MAX as u32,
            // The text of an address, a number's digits.
            _ => 128,
        })
    }

    /// A round of a loop whose body is a global subprogram, so that the verifier goes through it once: r7, r8, r9 and the loops'
    /// memory hold all there is. It gives 0 for another round, 1 or 2 for these.
    pub(super) fn round_apart(&mut self, s: StrSub, one: Label, two: Label) {
        self.asm.mov(R::R1, R::R7);
        self.asm.mov(R::R2, R::R8);
        self.asm.mov(R::R3, R::R9);
        self.asm.ldx(Size::D, R::R5, R::FP, self.mem_slot);
        self.call_str_from(s);
        self.asm.jmp(Cond::Eq, R::R0, 1, one);
        self.asm.jmp(Cond::Eq, R::R0, 2, two);
    }

    /// The end of such a subprogram.
    pub(super) fn end_round(&mut self, ways: [Label; 3]) {
        for (n, way) in ways.into_iter().enumerate() {
            if ways[..n].contains(&way) {
                continue;
            }
            self.asm.bind(way);
            self.asm.imm(R::R0, n as u64);
            self.asm.exit();
        }
    }

    /// Bytes that word loops look at: `strsize`, rounded up.
    fn span(&self) -> i32 {
        self.cx.opts.strsize.next_multiple_of(8) as i32
    }

    /// A counted loop over offsets 0, `step` … below `end`: r6 counts. The body may leave by a jump; r3 is lost
    /// from round to round.
    ///
    /// With `may_goto` the count comes from memory each time, unknown but bounded: the verifier sees the same state again
    /// and is done. Without, it counts along.
    pub fn each(&mut self, end: i32, step: i32, body: impl FnOnce(&mut Self, Label)) {
        let (top, next, out) = (self.asm.label(), self.asm.label(), self.asm.label());
        if self.cx.caps.may_goto {
            let mem = self.mem_slot;
            self.asm.ldx(Size::D, R::R6, R::FP, mem);
            self.asm.st(Size::D, R::R6, 0, 0);
            self.asm.bind(top);
            self.asm.may_goto(out);
            self.asm.ldx(Size::D, R::R6, R::FP, mem);
            self.asm.ldx(Size::D, R::R6, R::R6, 0);
            self.asm.jmp(Cond::Gt, R::R6, end - step, out);
            body(self, next);
            self.asm.bind(next);
            self.asm.ldx(Size::D, R::R3, R::FP, mem);
            self.asm.ldx(Size::D, R::R6, R::R3, 0);
            self.asm.alu(Alu::Add, R::R6, step);
            self.asm.stx(Size::D, R::R3, 0, R::R6);
            self.asm.ja(top);
        } else {
            self.asm.imm(R::R6, 0);
            self.asm.bind(top);
            body(self, next);
            self.asm.bind(next);
            self.asm.alu(Alu::Add, R::R6, step);
            self.asm.jmp(Cond::Lt, R::R6, end, top);
        }
        self.asm.bind(out);
    }

    /// dst = the high bit of each byte of `w` that is zero (only the lowest is certain). Uses `t`.
    fn has_zero(&mut self, dst: R, w: R, t: R) {
        let a = &mut self.asm;
        a.mov(dst, w);
        a.imm(t, ONES);
        a.alu(Alu::Sub, dst, t);
        a.mov(t, w);
        a.alu(Alu::Xor, t, -1);
        a.alu(Alu::And, dst, t);
        a.imm(t, HIGH);
        a.alu(Alu::And, dst, t);
    }

    /// r = 0x80 << 8k: becomes k.
    fn byte_index(&mut self, r: R, t: R) {
        let a = &mut self.asm;
        a.alu(Alu::Sub, r, 1);
        a.imm(t, ONES);
        a.alu(Alu::And, r, t);
        a.alu(Alu::Mul, r, t);
        a.alu(Alu::Rsh, r, 56);
        a.alu(Alu::Sub, r, 1);
    }

    /// r = its lowest set bit. Uses `t`.
    fn lowest_bit(&mut self, r: R, t: R) {
        self.asm.mov(t, r);
        self.asm.neg(t);
        self.asm.alu(Alu::And, r, t);
    }

    /// (r1 = a, r2 = b) -> −1, 0, 1.
    fn sub_strcmp(&mut self) {
        let (differ, equal) = (self.asm.label(), self.asm.label());
        let end = self.span();
        self.each(end, 8, |f, _| {
            f.asm.mov(R::R3, R::R1);
            f.asm.alu(Alu::Add, R::R3, R::R6);
            f.asm.ldx(Size::D, R::R8, R::R3, 0);
            f.asm.mov(R::R3, R::R2);
            f.asm.alu(Alu::Add, R::R3, R::R6);
            f.asm.ldx(Size::D, R::R9, R::R3, 0);
            f.asm.jmp(Cond::Ne, R::R8, R::R9, differ);
            f.has_zero(R::R3, R::R8, R::R4);
            f.asm.jmp(Cond::Ne, R::R3, 0, equal);
        });
        self.asm.bind(equal);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(differ);
        // Equal all the same if both end before the first difference.
        self.has_zero(R::R3, R::R8, R::R4);
        self.lowest_bit(R::R3, R::R4);
        self.asm.mov(R::R5, R::R8);
        self.asm.alu(Alu::Xor, R::R5, R::R9);
        self.lowest_bit(R::R5, R::R4);
        let go = self.asm.label();
        self.asm.jmp(Cond::Eq, R::R3, 0, go);
        self.asm.jmp(Cond::Lt, R::R3, R::R5, equal);
        self.asm.bind(go);
        self.asm.to_be(R::R8, 64);
        self.asm.to_be(R::R9, 64);
        let less = self.asm.label();
        self.asm.imm(R::R0, -1i64 as u64);
        self.asm.jmp(Cond::Lt, R::R8, R::R9, less);
        self.asm.imm(R::R0, 1);
        self.asm.bind(less);
        self.asm.exit();
    }

    /// r2 = byte in every place of the word, from its value. Uses r3.
    fn spread(&mut self) {
        self.asm.imm(R::R3, ONES);
        self.asm.alu(Alu::Mul, R::R2, R::R3);
    }

    /// (r1 = s, r2 = c) -> offset or −1.
    fn sub_strchr(&mut self) {
        self.spread();
        let (found, none) = (self.asm.label(), self.asm.label());
        let end = self.span();
        self.each(end, 8, |f, _| {
            f.asm.mov(R::R3, R::R1);
            f.asm.alu(Alu::Add, R::R3, R::R6);
            f.asm.ldx(Size::D, R::R8, R::R3, 0);
            f.asm.mov(R::R9, R::R8);
            f.asm.alu(Alu::Xor, R::R9, R::R2);
            f.has_zero(R::R3, R::R8, R::R4);
            f.has_zero(R::R5, R::R9, R::R4);
            f.asm.mov(R::R0, R::R3);
            f.asm.alu(Alu::Or, R::R0, R::R5);
            f.asm.jmp(Cond::Ne, R::R0, 0, found);
        });
        self.asm.bind(none);
        self.asm.imm(R::R0, -1i64 as u64);
        self.asm.exit();
        self.asm.bind(found);
        self.lowest_bit(R::R0, R::R4);
        self.asm.alu(Alu::And, R::R5, R::R0);
        self.asm.jmp(Cond::Eq, R::R5, 0, none);
        self.byte_index(R::R0, R::R4);
        self.asm.alu(Alu::Add, R::R0, R::R6);
        self.asm.exit();
    }

    /// dst = the high bit of exactly those bytes of `w` that are zero. Uses `t`.
    pub(super) fn zero_bytes(&mut self, dst: R, w: R, t: R) {
        let a = &mut self.asm;
        a.imm(t, LOW7);
        a.mov(dst, w);
        a.alu(Alu::And, dst, t);
        a.alu(Alu::Add, dst, t);
        a.alu(Alu::Or, dst, w);
        a.alu(Alu::Or, dst, t);
        a.alu(Alu::Xor, dst, -1);
    }

    /// (r1 = s, r2 = c) -> offset of the last, or −1. r7 = offset of the last word with a hit, r0 = its hits.
    fn sub_strrchr(&mut self) {
        let (out, any) = (self.asm.label(), self.asm.label());
        // The NUL counts: it is found by looking for it.
        self.asm.jmp(Cond::Ne, R::R2, 0, any);
        self.asm.ldx(Size::D, R::R5, R::FP, self.mem_slot);
        self.call_str_from(StrSub::Strchr);
        self.asm.exit();
        self.asm.bind(any);
        self.spread();
        self.asm.imm(R::R7, 0);
        self.asm.imm(R::R0, 0);
        let end = self.span();
        self.each(end, 8, |f, next| {
            let whole = f.asm.label();
            f.asm.mov(R::R3, R::R1);
            f.asm.alu(Alu::Add, R::R3, R::R6);
            f.asm.ldx(Size::D, R::R8, R::R3, 0);
            f.asm.mov(R::R9, R::R8);
            f.asm.alu(Alu::Xor, R::R9, R::R2);
            f.zero_bytes(R::R5, R::R9, R::R4);
            f.has_zero(R::R3, R::R8, R::R4);
            f.asm.jmp(Cond::Eq, R::R3, 0, whole);
            // The last word: only what is before the NUL.
            f.lowest_bit(R::R3, R::R4);
            f.asm.alu(Alu::Sub, R::R3, 1);
            f.asm.alu(Alu::And, R::R5, R::R3);
            f.asm.jmp(Cond::Eq, R::R5, 0, out);
            f.asm.mov(R::R7, R::R6);
            f.asm.mov(R::R0, R::R5);
            f.asm.ja(out);
            f.asm.bind(whole);
            f.asm.jmp(Cond::Eq, R::R5, 0, next);
            f.asm.mov(R::R7, R::R6);
            f.asm.mov(R::R0, R::R5);
        });
        self.asm.bind(out);
        let some = self.asm.label();
        self.asm.jmp(Cond::Ne, R::R0, 0, some);
        self.asm.imm(R::R0, -1i64 as u64);
        self.asm.exit();
        self.asm.bind(some);
        self.asm.mov(R::R1, R::R0);
        self.call_sub(Sub::Log2);
        self.asm.alu(Alu::Rsh, R::R0, 3);
        self.asm.alu(Alu::Add, R::R0, R::R7);
        self.asm.exit();
    }

    /// (r1 = s, r2 = out): bytes between `from` and `to` change their case, a word at a time.
    fn sub_case(&mut self, from: u8, to: u8) {
        let end = self.span();
        self.each(end, 8, |f, _| {
            let a = &mut f.asm;
            a.mov(R::R3, R::R1);
            a.alu(Alu::Add, R::R3, R::R6);
            a.ldx(Size::D, R::R8, R::R3, 0);
            // In each byte of 7 bits: high bit set if >= from, and if > to.
            a.imm(R::R4, LOW7);
            a.mov(R::R5, R::R8);
            a.alu(Alu::And, R::R5, R::R4);
            a.mov(R::R9, R::R5);
            a.imm(R::R4, ONES * u64::from(128 - from));
            a.alu(Alu::Add, R::R5, R::R4);
            a.imm(R::R4, ONES * u64::from(127 - to));
            a.alu(Alu::Add, R::R9, R::R4);
            a.alu(Alu::Xor, R::R5, R::R9);
            // Not those with the eighth bit.
            a.mov(R::R4, R::R8);
            a.alu(Alu::Xor, R::R4, -1);
            a.alu(Alu::And, R::R5, R::R4);
            a.imm(R::R4, HIGH);
            a.alu(Alu::And, R::R5, R::R4);
            a.alu(Alu::Rsh, R::R5, 2);
            a.alu(Alu::Xor, R::R8, R::R5);
            a.mov(R::R3, R::R2);
            a.alu(Alu::Add, R::R3, R::R6);
            a.stx(Size::D, R::R3, 0, R::R8);
        });
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// (r1 = value, r2 = base, r3 = 72 bytes) -> where the text begins. The text grows from the end.
    fn sub_lltostr(&mut self) {
        let (plain, positive) = (self.asm.label(), self.asm.label());
        let a = &mut self.asm;
        // r7 = sign, r8 = value, r9 = pointer to the last byte.
        a.imm(R::R7, 0);
        a.mov(R::R8, R::R1);
        a.jmp(Cond::Ne, R::R2, 10, plain);
        a.jmp(Cond::Sge, R::R8, 0, positive);
        a.imm(R::R7, 1);
        a.neg(R::R8);
        a.bind(positive);
        a.bind(plain);
        a.mov(R::R9, R::R3);
        a.st(Size::B, R::R9, 71, 0);
        // By way of memory: a number that is known would be followed through all its digits.
        a.stx(Size::D, R::R5, 8, R::R8);
        a.ldx(Size::D, R::R8, R::R5, 8);
        let out = self.asm.label();
        self.each(64, 1, |f, _| {
            let a = &mut f.asm;
            let letter = a.label();
            let store = a.label();
            a.mov(R::R4, R::R8);
            a.alu(Alu::Mod, R::R4, R::R2);
            a.alu(Alu::Div, R::R8, R::R2);
            a.jmp(Cond::Gt, R::R4, 9, letter);
            a.alu(Alu::Add, R::R4, i32::from(b'0'));
            a.ja(store);
            a.bind(letter);
            a.alu(Alu::Add, R::R4, i32::from(b'a') - 10);
            a.bind(store);
            a.imm(R::R5, 70);
            a.alu(Alu::Sub, R::R5, R::R6);
            a.alu(Alu::Add, R::R5, R::R9);
            a.stx(Size::B, R::R5, 0, R::R4);
            a.jmp(Cond::Eq, R::R8, 0, out);
        });
        // Only if the loop was cut short, which it never is.
        self.asm.imm(R::R6, 63);
        self.asm.bind(out);
        // r9 = the place before the first digit, r3 = the start.
        self.asm.mov(R::R3, R::R9);
        self.asm.imm(R::R9, 69);
        self.asm.alu(Alu::Sub, R::R9, R::R6);
        self.asm.alu(Alu::Add, R::R9, R::R3);
        let a = &mut self.asm;
        let (not16, not8, done) = (a.label(), a.label(), a.label());
        a.jmp(Cond::Ne, R::R2, 16, not16);
        a.st(Size::B, R::R9, 0, i32::from(b'x'));
        a.st(Size::B, R::R9, -1, i32::from(b'0'));
        a.alu(Alu::Sub, R::R9, 2);
        a.ja(done);
        a.bind(not16);
        a.jmp(Cond::Ne, R::R2, 8, not8);
        a.jmp(Cond::Eq, R::R1, 0, done);
        a.st(Size::B, R::R9, 0, i32::from(b'0'));
        a.alu(Alu::Sub, R::R9, 1);
        a.ja(done);
        a.bind(not8);
        a.jmp(Cond::Eq, R::R7, 0, done);
        a.st(Size::B, R::R9, 0, i32::from(b'-'));
        a.alu(Alu::Sub, R::R9, 1);
        a.bind(done);
        a.mov(R::R0, R::R9);
        a.alu(Alu::Sub, R::R0, R::R3);
        a.alu(Alu::Add, R::R0, 1);
        a.exit();
    }

    /// (r1 = s, r2 = base) -> number. r9 = 0: blanks, 1: after the sign, 2: in the digits, 3: behind a `0` that may be followed
    /// by an `x`.
    ///
    /// All that a round goes by comes out of the loops' memory: what the verifier learns of it in one would make the next look
    /// like another.
    fn sub_strtoll(&mut self) {
        const NUMBER: i16 = 8;
        const BASE: i16 = 16;
        const SIGN: i16 = 24;
        const STATE: i16 = 32;
        let mem = self.mem_slot;
        let out = self.asm.label();
        let end = self.cx.opts.strsize as i32;
        for slot in [NUMBER, SIGN, STATE] {
            self.asm.st(Size::D, R::R5, slot, 0);
        }
        self.asm.stx(Size::D, R::R5, BASE, R::R2);
        self.each(end, 1, |f, next| {
            let a = &mut f.asm;
            let (digits, sign, no_blank, neg) = (a.label(), a.label(), a.label(), a.label());
            a.mov(R::R3, R::R1);
            a.alu(Alu::Add, R::R3, R::R6);
            a.ldx(Size::B, R::R4, R::R3, 0);
            a.ldx(Size::D, R::R7, R::FP, mem);
            a.ldx(Size::D, R::R2, R::R7, BASE);
            a.ldx(Size::D, R::R9, R::R7, STATE);
            a.jmp(Cond::Ne, R::R9, 0, digits);
            a.jmp(Cond::Eq, R::R4, i32::from(b' '), next);
            a.jmp(Cond::Eq, R::R4, i32::from(b'\t'), next);
            a.st(Size::D, R::R7, STATE, 1);
            a.jmp(Cond::Eq, R::R4, i32::from(b'-'), neg);
            a.jmp(Cond::Ne, R::R4, i32::from(b'+'), no_blank);
            a.ja(sign);
            a.bind(neg);
            a.st(Size::D, R::R7, SIGN, 1);
            a.bind(sign);
            // In base 16 a digit `0` with `x` and a digit behind it is dropped with the `x`, below.
            a.ja(next);
            a.bind(no_blank);
            a.bind(digits);
            let (value, upper, lower, hex, take) =
                (a.label(), a.label(), a.label(), a.label(), a.label());
            // `0x`, right after the sign, in base 16, before a hex digit: 3 at the `0`, 2 at the `x`.
            a.jmp(Cond::Eq, R::R9, 3, hex);
            a.jmp(Cond::Gt, R::R9, 1, value);
            a.st(Size::D, R::R7, STATE, 2);
            a.jmp(Cond::Ne, R::R2, 16, value);
            a.jmp(Cond::Ne, R::R4, i32::from(b'0'), value);
            a.st(Size::D, R::R7, STATE, 3);
            a.ja(next);
            a.bind(hex);
            a.st(Size::D, R::R7, STATE, 2);
            a.mov(R::R5, R::R4);
            a.alu(Alu::Or, R::R5, 0x20);
            // An `x` without a digit behind it ends the number, which is 0 either way.
            a.jmp(Cond::Eq, R::R5, i32::from(b'x'), next);
            a.bind(value);
            a.alu(Alu::Sub, R::R4, i32::from(b'0'));
            a.jmp(Cond::Le, R::R4, 9, take);
            a.alu(Alu::Add, R::R4, i32::from(b'0'));
            a.mov(R::R5, R::R4);
            a.alu(Alu::Sub, R::R5, i32::from(b'a'));
            a.jmp(Cond::Le, R::R5, 25, lower);
            a.mov(R::R5, R::R4);
            a.alu(Alu::Sub, R::R5, i32::from(b'A'));
            a.jmp(Cond::Le, R::R5, 25, upper);
            a.ja(out);
            a.bind(upper);
            a.bind(lower);
            a.mov(R::R4, R::R5);
            a.alu(Alu::Add, R::R4, 10);
            a.bind(take);
            a.jmp(Cond::Ge, R::R4, R::R2, out);
            a.ldx(Size::D, R::R8, R::R7, NUMBER);
            a.alu(Alu::Mul, R::R8, R::R2);
            a.alu(Alu::Add, R::R8, R::R4);
            a.stx(Size::D, R::R7, NUMBER, R::R8);
        });
        self.asm.bind(out);
        let plus = self.asm.label();
        self.asm.ldx(Size::D, R::R3, R::FP, mem);
        self.asm.ldx(Size::D, R::R0, R::R3, NUMBER);
        self.asm.ldx(Size::D, R::R7, R::R3, SIGN);
        self.asm.jmp(Cond::Eq, R::R7, 0, plus);
        self.asm.neg(R::R0);
        self.asm.bind(plus);
        self.asm.exit();
    }

    /// (r1 = address as it lies in memory, r2 = out): `a.b.c.d`.
    fn sub_inet4(&mut self) {
        // r3 = where the next character goes; offsets are bounded again for each part.
        self.asm.imm(R::R3, 0);
        for part in 0..4 {
            let a = &mut self.asm;
            let (two, one) = (a.label(), a.label());
            a.mov(R::R4, R::R1);
            a.alu(Alu::Rsh, R::R4, 8 * part);
            a.alu(Alu::And, R::R4, 255);
            for (at_least, div, skip) in [(100, 100, two), (10, 10, one)] {
                a.jmp(Cond::Lt, R::R4, at_least, skip);
                a.mov(R::R5, R::R4);
                a.alu(Alu::Div, R::R5, div);
                a.alu(Alu::Mod, R::R5, 10);
                a.alu(Alu::Add, R::R5, i32::from(b'0'));
                put(a, R::R5);
                a.bind(skip);
            }
            a.alu(Alu::Mod, R::R4, 10);
            a.alu(Alu::Add, R::R4, i32::from(b'0'));
            put(a, R::R4);
            a.imm(R::R4, if part < 3 { u64::from(b'.') } else { 0 });
            put(a, R::R4);
        }
        self.asm.imm(R::R0, 0);
        self.asm.exit();

        /// out[r3++] = r.
        fn put(a: &mut crate::asm::Asm, r: R) {
            a.alu(Alu::And, R::R3, 15);
            a.mov(R::R0, R::R2);
            a.alu(Alu::Add, R::R0, R::R3);
            a.stx(Size::B, R::R0, 0, r);
            a.alu(Alu::Add, R::R3, 1);
        }
    }

    /// Copies bytes `from`.. (offset in r4, bounded) of r7, `count` (r5, bounded) at most, to r8, and ends the subprogram.
    fn give_part(&mut self) -> Result<(), LowerError> {
        let limit = self.cx.opts.strsize as i32 - 1;
        let (a1, a2) = (self.asm.label(), self.asm.label());
        self.asm.jmp(Cond::Le, R::R4, limit, a1);
        self.asm.imm(R::R4, 0);
        self.asm.bind(a1);
        self.asm.jmp(Cond::Le, R::R5, limit, a2);
        self.asm.imm(R::R5, limit as u64);
        self.asm.bind(a2);
        self.asm.mov(R::R3, R::R7);
        self.asm.alu(Alu::Add, R::R3, R::R4);
        self.asm.mov(R::R2, R::R5);
        self.asm.alu(Alu::Add, R::R2, 1);
        self.asm.mov(R::R1, R::R8);
        self.call(Service::ProbeReadKernelStr)?;
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        Ok(())
    }

    /// Ends the subprogram with a one-character string at r8.
    fn give_char(&mut self, ch: u8) {
        self.asm.st(Size::H, R::R8, 0, i32::from(ch));
        self.asm.imm(R::R0, 0);
        self.asm.exit();
    }

    /// (r1 = s, r2 = out). One pass: r4 = start of the last component, r5 = its length.
    fn sub_basename(&mut self) {
        self.walk_path();
        let (empty, slashes) = (self.asm.label(), self.asm.label());
        self.asm.jmp(Cond::Eq, R::R0, 0, empty);
        self.asm.jmp(Cond::Eq, R::R5, 0, slashes);
        // A failed read of our own scratch can't be.
        let _ = self.give_part();
        self.asm.bind(slashes);
        self.give_char(b'/');
        self.asm.bind(empty);
        self.give_char(b'.');
    }

    /// (r1 = s, r2 = out).
    fn sub_dirname(&mut self) {
        self.walk_path();
        let (empty, slashes, none) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.asm.jmp(Cond::Eq, R::R0, 0, empty);
        self.asm.jmp(Cond::Eq, R::R5, 0, slashes);
        // r3 = end of the component before the last, 0 where there is none.
        self.asm.jmp(Cond::Eq, R::R4, 0, none);
        self.asm.jmp(Cond::Eq, R::R3, 0, slashes);
        self.asm.mov(R::R5, R::R3);
        self.asm.imm(R::R4, 0);
        let _ = self.give_part();
        self.asm.bind(slashes);
        self.give_char(b'/');
        self.asm.bind(none);
        self.asm.bind(empty);
        self.give_char(b'.');
    }

    /// Walks over a path at r1 (then r7; out r8): r0 = first byte, r4 = start of the last component, r5 = its length,
    /// r3 = end of the one before.
    ///
    /// The positions are kept in the loops' memory.
    fn walk_path(&mut self) {
        let (start, len, prev, inside) = (8, 16, 24, 32);
        let end = self.cx.opts.strsize as i32;
        self.asm.mov(R::R7, R::R1);
        self.asm.mov(R::R8, R::R2);
        self.asm.mov(R::R9, R::R5);
        for slot in [start, len, prev, inside] {
            self.asm.st(Size::D, R::R9, slot, 0);
        }
        let out = self.asm.label();
        self.each(end, 1, |f, next| {
            let (slash, within) = (f.asm.label(), f.asm.label());
            f.asm.mov(R::R1, R::R7);
            f.asm.alu(Alu::Add, R::R1, R::R6);
            f.asm.ldx(Size::B, R::R1, R::R1, 0);
            f.asm.jmp(Cond::Eq, R::R1, 0, out);
            f.asm.jmp(Cond::Eq, R::R1, i32::from(b'/'), slash);
            f.asm.ldx(Size::D, R::R2, R::R9, inside);
            f.asm.jmp(Cond::Ne, R::R2, 0, within);
            // A component begins: the last one's end is start + length.
            f.asm.ldx(Size::D, R::R2, R::R9, start);
            f.asm.ldx(Size::D, R::R3, R::R9, len);
            f.asm.alu(Alu::Add, R::R2, R::R3);
            f.asm.stx(Size::D, R::R9, prev, R::R2);
            f.asm.stx(Size::D, R::R9, start, R::R6);
            f.asm.st(Size::D, R::R9, len, 0);
            f.asm.st(Size::D, R::R9, inside, 1);
            f.asm.bind(within);
            f.asm.ldx(Size::D, R::R3, R::R9, len);
            f.asm.alu(Alu::Add, R::R3, 1);
            f.asm.stx(Size::D, R::R9, len, R::R3);
            f.asm.ja(next);
            f.asm.bind(slash);
            f.asm.st(Size::D, R::R9, inside, 0);
        });
        self.asm.bind(out);
        self.asm.ldx(Size::B, R::R0, R::R7, 0);
        self.asm.ldx(Size::D, R::R4, R::R9, start);
        self.asm.ldx(Size::D, R::R5, R::R9, len);
        self.asm.ldx(Size::D, R::R3, R::R9, prev);
    }

    /// (r1 = state, r2 = delims, r3 = set, r4 = out) -> whether there is a token.
    ///
    /// State: u64 that is 0 or 1 + the position, then the string. Set: a bit per byte, then the token's start.
    fn sub_strtok(&mut self) {
        const START: i16 = 32;
        let strsize = self.cx.opts.strsize as i32;
        let (none, scan, token, found) = (
            self.asm.label(),
            self.asm.label(),
            self.asm.label(),
            self.asm.label(),
        );
        let a = &mut self.asm;
        a.mov(R::R7, R::R1);
        a.mov(R::R8, R::R2);
        a.mov(R::R9, R::R3);
        a.stx(Size::D, R::R9, START + 8, R::R4);
        let out = self.frame.alloc(8).unwrap_or(-8);
        self.asm.stx(Size::D, R::FP, out, R::R4);
        self.asm.ldx(Size::D, R::R1, R::R7, 0);
        self.asm.jmp(Cond::Eq, R::R1, 0, none);
        self.each(strsize, 1, |f, _| {
            f.asm.mov(R::R1, R::R8);
            f.asm.alu(Alu::Add, R::R1, R::R6);
            f.asm.ldx(Size::B, R::R1, R::R1, 0);
            f.asm.jmp(Cond::Eq, R::R1, 0, scan);
            f.set_word(R::R1);
            f.asm.ldx(Size::D, R::R3, R::R2, 0);
            f.asm.alu(Alu::Or, R::R3, R::R1);
            f.asm.stx(Size::D, R::R2, 0, R::R3);
        });
        self.asm.bind(scan);
        // Over the delimiters: the position is in memory.
        self.each(strsize, 1, |f, _| {
            f.strtok_byte(none);
            f.set_word(R::R1);
            f.asm.ldx(Size::D, R::R3, R::R2, 0);
            f.asm.alu(Alu::And, R::R3, R::R1);
            f.asm.jmp(Cond::Eq, R::R3, 0, token);
            f.strtok_step();
        });
        self.asm.bind(none);
        self.asm.st(Size::D, R::R7, 0, 0);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(token);
        self.asm.ldx(Size::D, R::R1, R::R7, 0);
        self.asm.stx(Size::D, R::R9, START, R::R1);
        self.each(strsize, 1, |f, _| {
            f.strtok_byte(found);
            f.set_word(R::R1);
            f.asm.ldx(Size::D, R::R3, R::R2, 0);
            f.asm.alu(Alu::And, R::R3, R::R1);
            f.asm.jmp(Cond::Ne, R::R3, 0, found);
            f.strtok_step();
        });
        self.asm.bind(found);
        self.asm.ldx(Size::D, R::R4, R::R9, START);
        self.asm.ldx(Size::D, R::R5, R::R7, 0);
        self.asm.alu(Alu::Sub, R::R5, R::R4);
        self.asm.alu(Alu::Sub, R::R4, 1);
        let limit = strsize - 1;
        let (a1, a2) = (self.asm.label(), self.asm.label());
        self.asm.jmp(Cond::Le, R::R4, limit, a1);
        self.asm.imm(R::R4, 0);
        self.asm.bind(a1);
        self.asm.jmp(Cond::Le, R::R5, limit, a2);
        self.asm.imm(R::R5, limit as u64);
        self.asm.bind(a2);
        self.asm.mov(R::R3, R::R7);
        self.asm.alu(Alu::Add, R::R3, R::R4);
        self.asm.alu(Alu::Add, R::R3, 8);
        self.asm.mov(R::R2, R::R5);
        self.asm.alu(Alu::Add, R::R2, 1);
        self.asm.ldx(Size::D, R::R1, R::FP, out);
        let _ = self.call(Service::ProbeReadKernelStr);
        self.asm.imm(R::R0, 1);
        self.asm.exit();
    }

    /// r1 = the byte at the state's position; its end goes to `end`.
    fn strtok_byte(&mut self, end: Label) {
        let limit = self.cx.opts.strsize as i32 - 1;
        let fine = self.asm.label();
        self.asm.ldx(Size::D, R::R1, R::R7, 0);
        self.asm.alu(Alu::Sub, R::R1, 1);
        self.asm.jmp(Cond::Le, R::R1, limit, fine);
        self.asm.imm(R::R1, limit as u64);
        self.asm.bind(fine);
        self.asm.alu(Alu::Add, R::R1, R::R7);
        self.asm.ldx(Size::B, R::R1, R::R1, 8);
        self.asm.jmp(Cond::Eq, R::R1, 0, end);
    }

    fn strtok_step(&mut self) {
        self.asm.ldx(Size::D, R::R1, R::R7, 0);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R7, 0, R::R1);
    }

    /// For the byte in r1: r2 = pointer to its word of the set, r1 = its bit.
    fn set_word(&mut self, _byte: R) {
        let a = &mut self.asm;
        a.mov(R::R3, R::R1);
        a.alu(Alu::And, R::R1, 63);
        a.alu(Alu::Rsh, R::R3, 6);
        a.alu(Alu::And, R::R3, 3);
        a.alu(Alu::Lsh, R::R3, 3);
        a.mov(R::R2, R::R9);
        a.alu(Alu::Add, R::R2, R::R3);
        a.imm(R::R4, 1);
        a.alu(Alu::Lsh, R::R4, R::R1);
        a.mov(R::R1, R::R4);
    }
}
