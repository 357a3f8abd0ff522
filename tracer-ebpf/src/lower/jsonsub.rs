//! `json()`: one automaton over the text and the path, a byte or a change of state in each round.

use super::LowerError;
use super::fun::Fun;
use super::op::Code;
use super::string::StrSub;
use crate::asm::Label;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;

/// Work area.
mod work {
    pub const STATE: i16 = 0;
    /// In the text.
    pub const POS: i16 = 8;
    /// In the path.
    pub const PATH: i16 = 16;
    pub const DEPTH: i16 = 24;
    /// Elements of an array still to be skipped.
    pub const COUNT: i16 = 32;
    /// Where the value begins.
    pub const START: i16 = 40;
    /// In the path, while a name is compared.
    pub const NAME: i16 = 48;
    /// Where a skipped value leads.
    pub const BACK: i16 = 56;
    /// Nothing of the path has been followed yet.
    pub const FIRST: i16 = 64;
    /// The name is equal so far.
    pub const SAME: i16 = 72;
    pub const DIGITS: i16 = 80;
    pub const BYTES: u32 = 88;
}

/// What is expected. From [`SKIP`] on blanks may come first.
mod state {
    /// In a string that is skipped.
    pub const TEXT: i32 = 0;
    /// Behind a backslash there.
    pub const TEXT_ESCAPE: i32 = 1;
    /// In a member's name.
    pub const NAME: i32 = 2;
    pub const NAME_ESCAPE: i32 = 3;
    /// In a number or word.
    pub const ATOM: i32 = 4;
    /// In the path, an index.
    pub const INDEX: i32 = 5;
    /// In the path, what comes next.
    pub const PATH: i32 = 6;
    /// A value that is skipped, or a part of it.
    pub const SKIP: i32 = 7;
    pub const OBJECT: i32 = 8;
    pub const MEMBER: i32 = 9;
    pub const COLON: i32 = 10;
    pub const NEXT_MEMBER: i32 = 11;
    pub const ARRAY: i32 = 12;
    pub const ELEMENT: i32 = 13;
    pub const NEXT_ELEMENT: i32 = 14;
    /// The value that is wanted.
    pub const VALUE: i32 = 15;
    pub const DONE: i32 = 16;
}

/// Where a round can lead.
#[derive(Clone, Copy)]
struct Ways {
    next: Label,
    /// There is no such element.
    none: Label,
    done: Label,
}

impl Fun<'_, '_> {
    /// `json(text, path)`: NULL where there is no such element.
    pub(super) fn json(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
    ) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let text = self.arg_val(c, at, 0)?;
        let text = self.string_arg(text, off)?;
        let path = self.arg_val(c, at, 1)?;
        let path = self.string_arg(path, off)?;
        let work = self.scratch(work::BYTES);
        let out = self.scratch(strsize + 8);
        let [none, start, end] = [(); 3].map(|()| self.asm.label());
        let result = self.block(8)?;
        self.asm.st(Size::D, R::FP, result, 0);
        self.place_ptr(text, R::R1);
        self.place_ptr(path, R::R2);
        self.scratch_ptr(R::R3, work);
        self.call_str(StrSub::Json);
        self.asm.jmp(Cond::Eq, R::R0, 0, none);
        // The value lies from r4 on, in r5 bytes.
        let (base, o) = self.scratch_at(work, R::R1);
        self.asm.ldx(Size::D, R::R4, base, o + work::START);
        self.asm.ldx(Size::D, R::R5, base, o + work::POS);
        self.asm.alu(Alu::Sub, R::R5, R::R4);
        let limit = strsize as i32 - 1;
        self.asm.jmp(Cond::Le, R::R4, limit, start);
        self.asm.imm(R::R4, limit as u64);
        self.asm.bind(start);
        self.asm.jmp(Cond::Le, R::R5, limit, end);
        self.asm.imm(R::R5, limit as u64);
        self.asm.bind(end);
        self.place_ptr(text, R::R3);
        self.asm.alu(Alu::Add, R::R3, R::R4);
        self.asm.mov(R::R2, R::R5);
        self.asm.alu(Alu::Add, R::R2, 1);
        self.scratch_ptr(R::R1, out);
        self.call(Service::ProbeReadKernelStr)?;
        self.account(strsize.next_multiple_of(8), at);
        self.scratch_ptr(R::R0, out);
        self.launder(R::R0);
        self.asm.stx(Size::D, R::FP, result, R::R0);
        self.asm.bind(none);
        self.asm.ldx(Size::D, R::R0, R::FP, result);
        self.frame.free(result, 8);
        self.result_r0(c, at, rd)
    }

    /// (r1 = text, r2 = path, r3 = work) -> whether there is such an element: from START to POS, without its quotes.
    pub(super) fn sub_json(&mut self) {
        use work::*;
        let a = &mut self.asm;
        a.mov(R::R7, R::R1);
        a.mov(R::R8, R::R2);
        a.mov(R::R9, R::R3);
        for slot in (0..BYTES as i16).step_by(8) {
            let value = match slot {
                STATE => state::PATH,
                FIRST => 1,
                _ => 0,
            };
            a.st(Size::D, R::R9, slot, value);
        }
        let (none, done) = (a.label(), a.label());
        // At the most two rounds for a byte.
        let rounds = 4 * self.cx.opts.strsize as i32 + 16;
        self.each(rounds, 1, |f, next| match f.cx.global_subs() {
            true => f.round_apart(StrSub::JsonRound, none, done),
            false => f.json_round(Ways { next, none, done }),
        });
        self.asm.bind(none);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        self.asm.bind(done);
        // Without the quotes.
        let bare = self.asm.label();
        self.asm.ldx(Size::D, R::R1, R::R9, START);
        self.byte_of(R::R7, R::R1, R::R2);
        self.asm.jmp(Cond::Ne, R::R2, i32::from(b'"'), bare);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R9, START, R::R1);
        self.asm.ldx(Size::D, R::R1, R::R9, POS);
        self.asm.alu(Alu::Sub, R::R1, 1);
        self.asm.stx(Size::D, R::R9, POS, R::R1);
        self.asm.bind(bare);
        self.asm.imm(R::R0, 1);
        self.asm.exit();
    }

    /// (r1 = text, r2 = path, r3 = work) -> [`Fun::round_apart`].
    pub(super) fn sub_json_round(&mut self) {
        let [next, none, done] = [(); 3].map(|()| self.asm.label());
        self.asm.mov(R::R7, R::R1);
        self.asm.mov(R::R8, R::R2);
        self.asm.mov(R::R9, R::R3);
        self.json_round(Ways { next, none, done });
        self.end_round([next, none, done]);
    }

    /// The state becomes this; the next round.
    fn to(&mut self, state: i32, w: Ways) {
        self.asm.st(Size::D, R::R9, work::STATE, state);
        self.asm.ja(w.next);
    }

    /// Past the byte, whose position is in r1.
    fn past(&mut self) {
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R9, work::POS, R::R1);
    }

    /// This byte (in r2) and no other: past it, and on in that state.
    fn only(&mut self, byte: u8, state: i32, w: Ways) {
        self.asm.jmp(Cond::Ne, R::R2, i32::from(byte), w.none);
        self.past();
        self.to(state, w);
    }

    /// The state that a skipped value leads to, or on with what is around it.
    fn skipped(&mut self, w: Ways) {
        let inside = self.asm.label();
        self.asm.ldx(Size::D, R::R4, R::R9, work::DEPTH);
        self.asm.jmp(Cond::Ne, R::R4, 0, inside);
        self.asm.ldx(Size::D, R::R4, R::R9, work::BACK);
        self.asm.stx(Size::D, R::R9, work::STATE, R::R4);
        self.asm.jmp(Cond::Eq, R::R4, state::DONE, w.done);
        self.asm.ja(w.next);
        self.asm.bind(inside);
        self.to(state::SKIP, w);
    }

    /// A value is to be skipped.
    fn skip(&mut self, back: i32, w: Ways) {
        self.asm.st(Size::D, R::R9, work::DEPTH, 0);
        self.asm.st(Size::D, R::R9, work::BACK, back);
        self.to(state::SKIP, w);
    }

    fn json_round(&mut self, w: Ways) {
        use work::*;
        let [blanks, names, path, atom] = [(); 4].map(|()| self.asm.label());
        self.asm.ldx(Size::D, R::R1, R::R9, POS);
        self.masked_byte(R::R2, R::R7, R::R1);
        self.asm.ldx(Size::D, R::R4, R::R9, STATE);
        // A verifier that goes through all rounds goes here first, and keeps each branch in mind until it comes back: so
        // there are two only. Neither the end nor a quote nor a backslash: none of the factors is 0.
        let other = self.asm.label();
        self.asm.jmp(Cond::Ne, R::R4, state::TEXT, other);
        self.asm.mov(R::R5, R::R2);
        self.asm.alu(Alu::Xor, R::R5, i32::from(b'"'));
        self.asm.mov(R::R0, R::R2);
        self.asm.alu(Alu::Xor, R::R0, i32::from(b'\\'));
        self.asm.alu(Alu::Mul, R::R5, R::R0);
        self.asm.alu(Alu::Mul, R::R5, R::R2);
        self.asm.jmp(Cond::Eq, R::R5, 0, other);
        self.past();
        self.asm.ja(w.next);
        self.asm.bind(other);
        self.asm.jmp(Cond::Ge, R::R4, state::SKIP, blanks);
        self.asm.jmp(Cond::Ge, R::R4, state::INDEX, path);
        self.asm.jmp(Cond::Eq, R::R4, state::ATOM, atom);
        self.asm.jmp(Cond::Ge, R::R4, state::NAME, names);
        let [escaped, end, escape] = [(); 3].map(|()| self.asm.label());
        self.asm.jmp(Cond::Eq, R::R2, 0, w.none);
        self.asm.jmp(Cond::Eq, R::R4, state::TEXT_ESCAPE, escaped);
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'"'), end);
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'\\'), escape);
        self.asm.bind(escaped);
        self.past();
        self.to(state::TEXT, w);
        self.asm.bind(escape);
        self.past();
        self.to(state::TEXT_ESCAPE, w);
        self.asm.bind(end);
        self.past();
        self.skipped(w);
        self.asm.bind(names);
        self.json_name(w);
        self.asm.bind(atom);
        let more = self.asm.label();
        self.if_atom(more);
        self.skipped(w);
        self.asm.bind(more);
        self.past();
        self.asm.ja(w.next);
        self.asm.bind(path);
        self.json_path(w);
        self.asm.bind(blanks);
        let blank = self.asm.label();
        for b in *b" \t\n\r" {
            self.asm.jmp(Cond::Eq, R::R2, i32::from(b), blank);
        }
        self.json_structure(w);
        self.asm.bind(blank);
        self.past();
        self.asm.ja(w.next);
    }

    /// Goes there if r2 is a byte of a number or a word. r5 is lost.
    fn if_atom(&mut self, yes: Label) {
        for b in *b"-+." {
            self.asm.jmp(Cond::Eq, R::R2, i32::from(b), yes);
        }
        self.asm.mov(R::R5, R::R2);
        self.asm.alu(Alu::Sub, R::R5, i32::from(b'0'));
        self.asm.jmp(Cond::Le, R::R5, 9, yes);
        self.asm.mov(R::R5, R::R2);
        self.asm.alu(Alu::Or, R::R5, 0x20);
        self.asm.alu(Alu::Sub, R::R5, i32::from(b'a'));
        self.asm.jmp(Cond::Le, R::R5, 25, yes);
    }

    /// r4 = byte of the path at the position kept in `slot`, which is in r3.
    fn path_at(&mut self, slot: i16) {
        self.asm.ldx(Size::D, R::R3, R::R9, slot);
        self.masked_byte(R::R4, R::R8, R::R3);
    }

    /// A member's name, compared with the path's.
    fn json_name(&mut self, w: Ways) {
        use work::*;
        let [end, differs, same, escape, go, plain] = [(); 6].map(|()| self.asm.label());
        self.asm.jmp(Cond::Eq, R::R2, 0, w.none);
        self.asm.mov(R::R5, R::R4);
        self.path_at(NAME);
        self.asm.jmp(Cond::Eq, R::R5, state::NAME_ESCAPE, go);
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'"'), end);
        self.asm.bind(go);
        for b in *b".[" {
            self.asm.jmp(Cond::Eq, R::R4, i32::from(b), differs);
        }
        self.asm.jmp(Cond::Ne, R::R4, R::R2, differs);
        self.asm.alu(Alu::Add, R::R3, 1);
        self.asm.stx(Size::D, R::R9, NAME, R::R3);
        self.asm.ja(same);
        self.asm.bind(differs);
        self.asm.st(Size::D, R::R9, SAME, 0);
        self.asm.bind(same);
        self.past();
        self.asm.jmp(Cond::Eq, R::R5, state::NAME_ESCAPE, plain);
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'\\'), escape);
        self.asm.bind(plain);
        self.to(state::NAME, w);
        self.asm.bind(escape);
        self.to(state::NAME_ESCAPE, w);
        // The path's name has to end as well.
        self.asm.bind(end);
        let whole = self.asm.label();
        for b in *b"\0.[" {
            self.asm.jmp(Cond::Eq, R::R4, i32::from(b), whole);
        }
        self.asm.st(Size::D, R::R9, SAME, 0);
        self.asm.bind(whole);
        self.past();
        self.to(state::COLON, w);
    }

    /// The path: `[n]` or a name.
    fn json_path(&mut self, w: Ways) {
        use work::*;
        let [index, bracket, name, dotted, digit, close] = [(); 6].map(|()| self.asm.label());
        self.asm.mov(R::R5, R::R4);
        self.path_at(PATH);
        self.asm.jmp(Cond::Eq, R::R5, state::INDEX, index);
        self.asm.jmp(Cond::Eq, R::R4, i32::from(b'['), bracket);
        let value = self.asm.label();
        self.asm.jmp(Cond::Eq, R::R4, 0, value);
        self.asm.ldx(Size::D, R::R5, R::R9, FIRST);
        self.asm.jmp(Cond::Ne, R::R5, 0, name);
        self.asm.jmp(Cond::Eq, R::R4, i32::from(b'.'), dotted);
        self.asm.ja(w.none);
        self.asm.bind(dotted);
        self.asm.alu(Alu::Add, R::R3, 1);
        self.asm.stx(Size::D, R::R9, PATH, R::R3);
        self.path_at(PATH);
        self.asm.bind(name);
        for b in *b"\0.[" {
            self.asm.jmp(Cond::Eq, R::R4, i32::from(b), w.none);
        }
        self.to(state::OBJECT, w);
        self.asm.bind(bracket);
        self.asm.alu(Alu::Add, R::R3, 1);
        self.asm.stx(Size::D, R::R9, PATH, R::R3);
        self.asm.st(Size::D, R::R9, COUNT, 0);
        self.asm.st(Size::D, R::R9, DIGITS, 0);
        self.to(state::INDEX, w);
        self.asm.bind(value);
        self.to(state::VALUE, w);
        self.asm.bind(index);
        self.asm.alu(Alu::Add, R::R3, 1);
        self.asm.stx(Size::D, R::R9, PATH, R::R3);
        self.asm.jmp(Cond::Eq, R::R4, i32::from(b']'), close);
        self.asm.alu(Alu::Sub, R::R4, i32::from(b'0'));
        self.asm.jmp(Cond::Le, R::R4, 9, digit);
        self.asm.ja(w.none);
        self.asm.bind(digit);
        self.asm.ldx(Size::D, R::R5, R::R9, COUNT);
        self.asm.alu(Alu::Mul, R::R5, 10);
        self.asm.alu(Alu::Add, R::R5, R::R4);
        self.asm.stx(Size::D, R::R9, COUNT, R::R5);
        self.asm.st(Size::D, R::R9, DIGITS, 1);
        // More than 32 bits hold is no index.
        self.asm.alu(Alu::Rsh, R::R5, 32);
        self.asm.jmp(Cond::Ne, R::R5, 0, w.none);
        self.asm.ja(w.next);
        self.asm.bind(close);
        self.asm.ldx(Size::D, R::R5, R::R9, DIGITS);
        self.asm.jmp(Cond::Eq, R::R5, 0, w.none);
        self.to(state::ARRAY, w);
    }

    /// What stands between names, numbers and strings.
    fn json_structure(&mut self, w: Ways) {
        use work::*;
        let states = [
            state::SKIP,
            state::OBJECT,
            state::MEMBER,
            state::COLON,
            state::NEXT_MEMBER,
            state::ARRAY,
            state::ELEMENT,
            state::NEXT_ELEMENT,
        ];
        let labels = states.map(|_| self.asm.label());
        for (state, label) in states.iter().zip(labels) {
            self.asm.jmp(Cond::Eq, R::R4, *state, label);
        }
        // The value that is wanted.
        self.asm.stx(Size::D, R::R9, START, R::R1);
        self.skip(state::DONE, w);
        for (state, label) in states.into_iter().zip(labels) {
            self.asm.bind(label);
            match state {
                state::SKIP => self.json_skip(w),
                state::OBJECT => self.only(b'{', state::MEMBER, w),
                state::NEXT_MEMBER => self.only(b',', state::MEMBER, w),
                state::ARRAY => self.only(b'[', state::ELEMENT, w),
                state::NEXT_ELEMENT => self.only(b',', state::ELEMENT, w),
                state::MEMBER => {
                    self.asm.ldx(Size::D, R::R3, R::R9, PATH);
                    self.asm.stx(Size::D, R::R9, NAME, R::R3);
                    self.asm.st(Size::D, R::R9, SAME, 1);
                    self.only(b'"', state::NAME, w);
                }
                state::COLON => {
                    let found = self.asm.label();
                    self.asm.jmp(Cond::Ne, R::R2, i32::from(b':'), w.none);
                    self.past();
                    self.asm.ldx(Size::D, R::R3, R::R9, SAME);
                    self.asm.jmp(Cond::Ne, R::R3, 0, found);
                    self.skip(state::NEXT_MEMBER, w);
                    self.asm.bind(found);
                    self.asm.ldx(Size::D, R::R3, R::R9, NAME);
                    self.asm.stx(Size::D, R::R9, PATH, R::R3);
                    self.asm.st(Size::D, R::R9, FIRST, 0);
                    self.to(state::PATH, w);
                }
                _ => {
                    let found = self.asm.label();
                    self.asm.ldx(Size::D, R::R3, R::R9, COUNT);
                    self.asm.jmp(Cond::Eq, R::R3, 0, found);
                    self.asm.alu(Alu::Sub, R::R3, 1);
                    self.asm.stx(Size::D, R::R9, COUNT, R::R3);
                    self.skip(state::NEXT_ELEMENT, w);
                    self.asm.bind(found);
                    self.asm.jmp(Cond::Eq, R::R2, 0, w.none);
                    self.asm.jmp(Cond::Eq, R::R2, i32::from(b']'), w.none);
                    self.asm.st(Size::D, R::R9, FIRST, 0);
                    self.to(state::PATH, w);
                }
            }
        }
    }

    /// A piece of a value that is skipped. Nesting is counted; which bracket closes which is not looked at.
    fn json_skip(&mut self, w: Ways) {
        use work::*;
        let [string, open, close, between, atom] = [(); 5].map(|()| self.asm.label());
        self.asm.jmp(Cond::Eq, R::R2, i32::from(b'"'), string);
        for (b, label) in [
            (b'{', open),
            (b'[', open),
            (b'}', close),
            (b']', close),
            (b',', between),
            (b':', between),
        ] {
            self.asm.jmp(Cond::Eq, R::R2, i32::from(b), label);
        }
        self.if_atom(atom);
        self.asm.ja(w.none);
        self.asm.bind(string);
        self.past();
        self.to(state::TEXT, w);
        self.asm.bind(atom);
        self.past();
        self.to(state::ATOM, w);
        self.asm.bind(open);
        self.past();
        self.asm.ldx(Size::D, R::R4, R::R9, DEPTH);
        self.asm.alu(Alu::Add, R::R4, 1);
        self.asm.stx(Size::D, R::R9, DEPTH, R::R4);
        self.asm.ja(w.next);
        self.asm.bind(between);
        self.asm.ldx(Size::D, R::R4, R::R9, DEPTH);
        self.asm.jmp(Cond::Eq, R::R4, 0, w.none);
        self.past();
        self.asm.ja(w.next);
        self.asm.bind(close);
        self.asm.ldx(Size::D, R::R4, R::R9, DEPTH);
        self.asm.jmp(Cond::Eq, R::R4, 0, w.none);
        self.asm.alu(Alu::Sub, R::R4, 1);
        self.asm.stx(Size::D, R::R9, DEPTH, R::R4);
        self.past();
        self.skipped(w);
    }
}
