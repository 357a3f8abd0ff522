//! Aggregations: the key, the look-up, and what each function does to its data. Updates are atomic: a firing may be
//! interrupted by another that updates the same value.

use super::LowerError;
use super::fun::{Fun, Sub};
use super::op::{Val, Want};
use super::var::Mem;
use crate::asm::Label;
use crate::image::DropKind;
use crate::isa::{self, Alu, Cond, R, Size};
use crate::layout;
use crate::service::Service;
use dsl::dif::BuiltinVar;
use dsl::program::{AggFunc, AggId, Datum, Difo};

/// `BPF_NOEXIST`.
const NOEXIST: u64 = 1;
/// Attempts at a compare-and-exchange; each failure means that another firing came between.
const TRIES: u32 = 3;

impl<'a, 'b> Fun<'a, 'b> {
    /// `@agg[keys] = func(value, weight)`.
    pub fn aggregate(
        &mut self,
        agg: AggId,
        keys: &[Datum],
        value: Option<&Difo>,
        weight: Option<&Difo>,
    ) -> Result<(), LowerError> {
        let Some(layout) = self.cx.aggs.get(agg.0 as usize).cloned() else {
            return Err(self.err("internal: unknown aggregation"));
        };
        let key = self.key(&layout, keys)?;
        if !self.reachable {
            return Ok(());
        }
        let value = match value {
            Some(d) => self.difo(d, Want::Value)?,
            None => Val::Const(1),
        };
        let weight = match weight {
            Some(d) => self.difo(d, Want::Value)?,
            None => Val::Const(1),
        };
        if !self.reachable {
            return Ok(());
        }
        self.clobber()?;
        // What needs a call, or more registers than an update has, comes first.
        let value = match layout.func {
            AggFunc::Quantize => {
                self.quantize(value)?;
                self.keep_r0(value)?
            }
            AggFunc::Lquantize { base, step, levels } => {
                self.lquantize(value, base, step, levels)?;
                self.keep_r0(value)?
            }
            AggFunc::Llquantize {
                factor,
                low,
                high,
                nsteps,
            } => {
                let orders = layout::llquantize(factor, low, high, nsteps);
                self.llquantize(value, &orders)?;
                self.keep_r0(value)?
            }
            AggFunc::Count
            | AggFunc::Sum
            | AggFunc::Min
            | AggFunc::Max
            | AggFunc::Avg
            | AggFunc::Stddev => value,
        };
        let done = self.asm.label();
        self.look_up(&layout, key, done)?;
        self.update(layout.func, value, weight)?;
        if layout.keys.is_empty() && layout::marked(layout.func) {
            self.asm.st(Size::D, R::R0, 8, 1);
        }
        self.asm.bind(done);
        self.done_with(value);
        self.done_with(weight);
        if let Key::Built(m) = key {
            self.give_back(m, layout.key_size);
        }
        Ok(())
    }

    /// r0 becomes the value in place of the old one.
    fn keep_r0(&mut self, old: Val) -> Result<Val, LowerError> {
        self.done_with(old);
        let r = self.alloc(true)?;
        self.asm.mov(r, R::R0);
        self.pinned.clear();
        Ok(Val::Rt(self.value_in(r)))
    }

    fn key(&mut self, layout: &crate::image::AggLayout, keys: &[Datum]) -> Result<Key, LowerError> {
        if layout.keys.is_empty() {
            return Ok(Key::None);
        }
        // A lone name is its own key, where it lies.
        if let ([Datum::Str { difo }], [field]) = (keys, &layout.keys[..]) {
            let v = self.difo(difo, Want::Value)?;
            if v == Val::Comm && field.bytes == 16 {
                return Ok(Key::Built(Mem::Stack(self.comm()?))).map(|_| Key::Comm);
            }
            if let Val::Probe(name) = v
                && let super::fun::ProbeSel::Slot(_) = self.probe
                && self.cx.probe_table(name).1 == field.bytes
            {
                return Ok(Key::Probe(name));
            }
            let place = self.place(layout.key_size)?;
            if self.reachable {
                self.put_string(v, place, field.bytes, -1)?;
            }
            self.done_with(v);
            return Ok(Key::Built(place));
        }
        let place = self.place(layout.key_size)?;
        let used: u32 = layout.keys.iter().map(|k| k.bytes).sum();
        if used != layout.key_size {
            self.zero(place, layout.key_size)?;
        }
        for (datum, field) in keys.iter().zip(&layout.keys) {
            let at = place.plus(field.off);
            match datum {
                Datum::Int { difo, .. } => {
                    let v = self.difo(difo, Want::Value)?;
                    if !self.reachable {
                        break;
                    }
                    self.load_num(v, R::R0)?;
                    let (base, o) = self.mem_at(at, R::R1);
                    self.asm.stx(Size::of(field.bytes), base, o, R::R0);
                    self.done_with(v);
                }
                Datum::Str { difo } => {
                    let v = self.difo(difo, Want::Value)?;
                    if self.reachable {
                        self.put_string(v, at, field.bytes, -1)?;
                    }
                    self.done_with(v);
                }
                Datum::Bytes { difo, size, .. } => {
                    let v = self.difo(difo, Want::Value)?;
                    if self.reachable {
                        self.put_bytes(v, at, *size, -1)?;
                    }
                    self.done_with(v);
                }
                Datum::Stack { .. } => self.key_stack(at, field.bytes, false)?,
                Datum::Ustack { .. } => {
                    self.key_pid(at)?;
                    self.key_stack(at.plus(8), field.bytes - 8, true)?;
                }
                Datum::Sym { difo, kind } => {
                    let v = self.difo(difo, Want::Value)?;
                    if !self.reachable {
                        break;
                    }
                    self.load_num(v, R::R0)?;
                    let (base, o) = self.mem_at(at, R::R1);
                    self.asm.stx(Size::D, base, o, R::R0);
                    self.done_with(v);
                    if layout::user_sym(*kind) {
                        self.key_pid(at.plus(8))?;
                    }
                }
            }
            if !self.reachable {
                break;
            }
        }
        Ok(Key::Built(place))
    }

    fn key_pid(&mut self, at: Mem) -> Result<(), LowerError> {
        self.builtin_load(BuiltinVar::Pid, R::R0)?;
        let (base, o) = self.mem_at(at, R::R1);
        self.asm.stx(Size::D, base, o, R::R0);
        Ok(())
    }

    /// Frames, zero-filled behind the last (the service does that).
    fn key_stack(&mut self, at: Mem, bytes: u32, user: bool) -> Result<(), LowerError> {
        self.clobber()?;
        self.zero(at, bytes)?;
        self.asm.mov(R::R1, R::R6);
        self.mem_ptr(R::R2, at);
        self.asm.imm(R::R3, u64::from(bytes));
        self.asm.imm(R::R4, self.source.stack_flags(user));
        self.call(Service::GetStack)
    }

    fn key_ptr(&mut self, key: Key, dst: R) -> Result<(), LowerError> {
        match key {
            Key::None => self.asm.imm(dst, 0),
            Key::Built(m) => self.mem_ptr(dst, m),
            Key::Comm => {
                let slot = self.comm()?;
                self.stack_ptr(dst, slot);
            }
            Key::Probe(v) => self.probe_ptr(v, dst)?,
        }
        Ok(())
    }

    /// The address of the value into r0; made where it is not there.
    fn look_up(
        &mut self,
        layout: &crate::image::AggLayout,
        key: Key,
        done: Label,
    ) -> Result<(), LowerError> {
        if let Key::None = key {
            let slot = self.block(8)?;
            self.asm.st(Size::W, R::FP, slot, 0);
            self.asm.map(R::R1, layout.map);
            self.stack_ptr(R::R2, slot);
            self.call(Service::MapLookup)?;
            self.asm.jmp(Cond::Eq, R::R0, 0, done);
            self.frame.free(slot, 8);
            return Ok(());
        }
        let have = self.asm.label();
        let find = |f: &mut Self| -> Result<(), LowerError> {
            f.key_ptr(key, R::R2)?;
            f.asm.map(R::R1, layout.map);
            f.call(Service::MapLookup)?;
            f.asm.jmp(Cond::Ne, R::R0, 0, have);
            Ok(())
        };
        find(self)?;
        let zeros = self.cx.zeros(layout.words * 8);
        self.key_ptr(key, R::R2)?;
        self.asm.map(R::R1, layout.map);
        self.asm.map_value(R::R3, zeros, 0);
        self.asm.imm(R::R4, NOEXIST);
        self.call(Service::MapUpdate)?;
        // Another firing may have made it meanwhile: whether it is there is what counts.
        find(self)?;
        self.drop(DropKind::Aggregation)?;
        self.asm.ja(done);
        self.asm.bind(have);
        Ok(())
    }

    /// Updates the data at r0, which stays there. r1–r3 are free.
    fn update(&mut self, func: AggFunc, value: Val, weight: Val) -> Result<(), LowerError> {
        let add = Alu::Add as i32;
        match func {
            AggFunc::Count => {
                self.asm.imm(R::R1, 1);
                self.asm.atomic(add, R::R0, 0, R::R1);
            }
            AggFunc::Sum => {
                self.load_num(value, R::R1)?;
                self.asm.atomic(add, R::R0, 0, R::R1);
            }
            AggFunc::Avg => {
                self.load_num(value, R::R1)?;
                self.asm.imm(R::R2, 1);
                self.asm.atomic(add, R::R0, 0, R::R2);
                self.asm.atomic(add, R::R0, 8, R::R1);
            }
            AggFunc::Min | AggFunc::Max => {
                self.load_num(value, R::R1)?;
                self.asm.imm(R::R2, 1 << 63);
                self.asm.alu(Alu::Xor, R::R1, R::R2);
                if func == AggFunc::Min {
                    self.asm.alu(Alu::Xor, R::R1, -1);
                }
                self.raise();
            }
            AggFunc::Stddev => {
                self.load_num(value, R::R1)?;
                self.stddev();
            }
            AggFunc::Quantize | AggFunc::Lquantize { .. } | AggFunc::Llquantize { .. } => {
                let last = layout::words(func) as i32 - 1;
                let fine = self.asm.label();
                self.load_num(value, R::R1)?;
                // It always is; the verifier wants to see it.
                self.asm.jmp(Cond::Le, R::R1, last, fine);
                self.asm.imm(R::R1, 0);
                self.asm.bind(fine);
                self.asm.alu(Alu::Lsh, R::R1, 3);
                self.asm.alu(Alu::Add, R::R0, R::R1);
                self.load_num(weight, R::R1)?;
                self.asm.atomic(add, R::R0, 0, R::R1);
            }
        }
        Ok(())
    }

    /// *r0 = the greater of it and r1, unsigned.
    fn raise(&mut self) {
        let done = self.asm.label();
        self.asm.mov(R::R2, R::R0);
        self.asm.ldx(Size::D, R::R0, R::R2, 0);
        if self.cx.caps.atomic_fetch {
            for _ in 0..TRIES {
                self.asm.jmp(Cond::Ge, R::R0, R::R1, done);
                self.asm.mov(R::R3, R::R0);
                self.asm.atomic(isa::CMPXCHG, R::R2, 0, R::R1);
                self.asm.jmp(Cond::Eq, R::R0, R::R3, done);
            }
        } else {
            self.asm.jmp(Cond::Ge, R::R0, R::R1, done);
            self.asm.stx(Size::D, R::R2, 0, R::R1);
        }
        self.asm.bind(done);
        self.asm.mov(R::R0, R::R2);
    }

    /// {count, sum, sum of squares low, high} at r0 for the value in r1.
    fn stddev(&mut self) {
        let a = &mut self.asm;
        let add = Alu::Add as i32;
        a.imm(R::R2, 1);
        a.atomic(add, R::R0, 0, R::R2);
        a.atomic(add, R::R0, 8, R::R1);
        // |v|
        a.mov(R::R2, R::R1);
        a.alu(Alu::Arsh, R::R2, 63);
        a.alu(Alu::Xor, R::R1, R::R2);
        a.alu(Alu::Sub, R::R1, R::R2);
        // v = h·2^32 + l; v² = h²·2^64 + 2hl·2^32 + l².
        a.mov(R::R3, R::R1);
        a.alu(Alu::Rsh, R::R3, 32);
        a.alu32(Alu::Mov, R::R1, R::R1);
        a.mov(R::R2, R::R3);
        a.alu(Alu::Mul, R::R2, R::R1); // hl
        a.alu(Alu::Mul, R::R1, R::R1); // l²
        a.alu(Alu::Mul, R::R3, R::R3); // h²
        a.mov(R::R4, R::R2);
        a.alu(Alu::Rsh, R::R4, 31);
        a.alu(Alu::Add, R::R3, R::R4); // the upper part of 2hl
        a.alu(Alu::Lsh, R::R2, 33); // the lower
        let no_carry = a.label();
        a.alu(Alu::Add, R::R1, R::R2);
        a.jmp(Cond::Ge, R::R1, R::R2, no_carry);
        a.alu(Alu::Add, R::R3, 1);
        a.bind(no_carry);
        // 128-bit add of r3:r1.
        let no_carry = a.label();
        if self.cx.caps.atomic_fetch {
            let a = &mut self.asm;
            a.mov(R::R2, R::R1);
            a.atomic(add | isa::FETCH, R::R0, 16, R::R2); // r2 = what was there
            a.alu(Alu::Add, R::R2, R::R1);
        } else {
            let a = &mut self.asm;
            a.ldx(Size::D, R::R2, R::R0, 16);
            a.alu(Alu::Add, R::R2, R::R1);
            a.stx(Size::D, R::R0, 16, R::R2);
        }
        let a = &mut self.asm;
        a.jmp(Cond::Ge, R::R2, R::R1, no_carry);
        a.alu(Alu::Add, R::R3, 1);
        a.bind(no_carry);
        a.atomic(add, R::R0, 24, R::R3);
    }

    // Buckets, into r0.

    fn quantize(&mut self, value: Val) -> Result<(), LowerError> {
        let (neg, zero, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.load_num(value, R::R1)?;
        self.asm.jmp(Cond::Slt, R::R1, 0, neg);
        self.asm.jmp(Cond::Eq, R::R1, 0, zero);
        self.call_sub(Sub::Log2);
        self.asm.alu(Alu::Add, R::R0, 64);
        self.asm.ja(done);
        self.asm.bind(zero);
        self.asm.imm(R::R0, 63);
        self.asm.ja(done);
        self.asm.bind(neg);
        self.asm.neg(R::R1);
        self.call_sub(Sub::Log2);
        // −2^63 goes with −2^62.
        let fine = self.asm.label();
        self.asm.jmp(Cond::Le, R::R0, 62, fine);
        self.asm.imm(R::R0, 62);
        self.asm.bind(fine);
        self.asm.imm(R::R1, 62);
        self.asm.alu(Alu::Sub, R::R1, R::R0);
        self.asm.mov(R::R0, R::R1);
        self.asm.bind(done);
        Ok(())
    }

    /// r0 = index of r1's highest bit. Without branches: one way through it for the verifier.
    pub fn sub_log2(&mut self, label: Label) {
        self.asm.begin_sub(label, "log2".to_owned());
        let a = &mut self.asm;
        a.imm(R::R0, 0);
        for k in [5, 4, 3, 2, 1, 0] {
            // r2 = 2^k if anything is set from there up.
            a.mov(R::R2, R::R1);
            a.alu(Alu::Rsh, R::R2, 1 << k);
            a.neg(R::R2);
            a.alu(Alu::Rsh, R::R2, 63);
            a.alu(Alu::Lsh, R::R2, k);
            a.alu(Alu::Rsh, R::R1, R::R2);
            a.alu(Alu::Add, R::R0, R::R2);
        }
        a.exit();
    }

    fn lquantize(
        &mut self,
        value: Val,
        base: i32,
        step: u16,
        levels: u16,
    ) -> Result<(), LowerError> {
        let (over, done) = (self.asm.label(), self.asm.label());
        self.load_num(value, R::R1)?;
        // The value counts as a 32-bit one.
        self.sign_extend(R::R1, 4);
        self.asm.imm(R::R0, 0);
        self.asm.imm(R::R2, i64::from(base) as u64);
        self.asm.jmp(Cond::Slt, R::R1, R::R2, done);
        self.asm.alu(Alu::Sub, R::R1, R::R2);
        self.asm.alu(Alu::Div, R::R1, i32::from(step.max(1)));
        self.asm.jmp(Cond::Ge, R::R1, i32::from(levels), over);
        self.asm.mov(R::R0, R::R1);
        self.asm.alu(Alu::Add, R::R0, 1);
        self.asm.ja(done);
        self.asm.bind(over);
        self.asm.imm(R::R0, u64::from(levels) + 1);
        self.asm.bind(done);
        Ok(())
    }

    /// By the size of the value; a negative one has a bucket of its own for each (`layout::llquantize_top`).
    fn llquantize(&mut self, value: Val, orders: &[layout::Order]) -> Result<(), LowerError> {
        let (done, placed) = (self.asm.label(), self.asm.label());
        let top = layout::llquantize_top(orders);
        self.load_num(value, R::R1)?;
        self.asm.imm(R::R0, 0);
        let Some(first) = orders.first() else {
            return Ok(());
        };
        // |v|, unsigned: −2^63 has one as well.
        self.asm.mov(R::R3, R::R1);
        self.asm.alu(Alu::Arsh, R::R3, 63);
        self.asm.alu(Alu::Xor, R::R1, R::R3);
        self.asm.alu(Alu::Sub, R::R1, R::R3);
        self.asm.imm(R::R2, first.from);
        self.asm.jmp(Cond::Lt, R::R1, R::R2, done);
        for o in orders {
            let above = self.asm.label();
            self.asm.imm(R::R2, o.limit);
            self.asm.jmp(Cond::Ge, R::R1, R::R2, above);
            self.asm.imm(R::R2, o.width.max(1));
            self.asm.alu(Alu::Div, R::R1, R::R2);
            self.asm.mov(R::R0, R::R1);
            self.asm
                .alu(Alu::Add, R::R0, o.base as i32 - o.skipped as i32);
            self.asm.ja(placed);
            self.asm.bind(above);
        }
        self.asm.imm(R::R0, u64::from(top));
        self.asm.bind(placed);
        self.asm.imm(R::R2, u64::from(top));
        self.asm.alu(Alu::And, R::R3, R::R2);
        self.asm.alu(Alu::Add, R::R0, R::R3);
        self.asm.bind(done);
        Ok(())
    }
}

/// Where an aggregation's key is.
#[derive(Clone, Copy, Debug)]
enum Key {
    None,
    Built(Mem),
    Comm,
    Probe(BuiltinVar),
}
