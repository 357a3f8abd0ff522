//! One DIF object to code: the walk over its instructions, arithmetic, branches, loads and stores.

use super::LowerError;
use super::flow::{self, Alloc, F0, F1, Flow, NV, Sv};
use super::fun::{FaultAddr, Fun, Value, ValueId};
use crate::asm::{Label, Src};
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::op::VAR_USER;
use dsl::dif::{BuiltinVar, Fault, Insn, Op, Shape};
use dsl::program::Difo;
use std::collections::HashMap;

/// A DIFO being lowered.
pub struct Code<'d> {
    /// The object.
    pub difo: &'d Difo,
    /// What is known of it.
    pub flow: Flow,
    /// Scratch of each allocating instruction: offset and size.
    pub bufs: HashMap<u32, (u32, u32)>,
    pub(super) labels: Vec<Option<Label>>,
}

/// An operand of an instruction.
#[derive(Clone, Copy, Debug)]
pub enum Opnd {
    /// Known without running.
    Known(Sv),
    /// A run-time value.
    Val(ValueId),
}

/// What a DIFO's value is wanted for.
#[derive(Clone, Copy, Debug)]
pub enum Want {
    /// The value.
    Value,
    /// Control goes to the first label if it is not 0, else to the second.
    Branch(Label, Label),
}

/// A DIFO's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Val {
    /// A number.
    Const(u64),
    /// A string constant: offset in the rodata, length without the NUL.
    Str(u32, u32),
    /// `execname`.
    Comm,
    /// A name of the probe.
    Probe(BuiltinVar),
    /// A place of the scratch, and the room there.
    Buf(u32, u32),
    /// A kept built-in.
    Builtin(BuiltinVar),
    /// Run-time value; the holder has a reference.
    Rt(ValueId),
}

impl<'a, 'b> Fun<'a, 'b> {
    /// Lowers a DIFO. With [`Want::Value`] the result is there, with [`Want::Branch`] control has gone elsewhere.
    pub fn difo(&mut self, difo: &Difo, want: Want) -> Result<Val, LowerError> {
        let flow = Flow::new(difo).map_err(|e| self.err(format!("malformed DIF: {e}")))?;
        let n = flow.insns.len();
        let mut c = Code {
            difo,
            flow,
            bufs: HashMap::new(),
            labels: vec![None; n],
        };
        let end = self.asm.label();
        let mut result = Ret::new(&c.flow);
        self.watch_elements(&c)?;
        for at in 0..n {
            self.enter(&mut c, at)?;
            if !self.reachable || c.flow.before[at].is_none() {
                continue;
            }
            self.pinned.clear();
            if let Some(&span) = difo.spans.get(at) {
                self.place.span = span;
            }
            let insn = c.flow.insns[at];
            if insn.op == Op::Ret {
                self.ret(&c, at, want, &mut result, end)?;
            } else if insn.op.shape() == Shape::Label {
                self.branch(&mut c, at, want, &mut result, end)?;
            } else if c.flow.needed(at) {
                self.insn(&mut c, at, insn)?;
            }
            self.forget(c.flow.live[at + 1]);
        }
        self.pinned.clear();
        if matches!(want, Want::Value) {
            self.bind(end);
        }
        let val = self.result(&c, result)?;
        self.forget(0);
        for (_, slot, _) in std::mem::take(&mut self.elements) {
            self.frame.free(slot, 8);
        }
        for home in &mut self.homes {
            if let Some(slot) = home.take()
                && !self
                    .values
                    .iter()
                    .any(|v| v.refs > 0 && v.slot == Some(slot))
            {
                self.frame.free(slot, 8);
            }
        }
        Ok(val)
    }

    fn result(&mut self, c: &Code<'_>, r: Ret) -> Result<Val, LowerError> {
        Ok(match r.known {
            Some(sv) => self.val(c, sv)?,
            None => match (r.direct, r.slot) {
                (Some(id), _) => Val::Rt(id),
                (None, Some(slot)) => {
                    self.values.push(Value {
                        reg: None,
                        slot: Some(slot),
                        refs: 1,
                    });
                    Val::Rt(self.values.len() - 1)
                }
                // Every way through it faults.
                (None, None) => Val::Const(0),
            },
        })
    }

    /// A known value in terms of the program.
    pub fn val(&mut self, c: &Code<'_>, sv: Sv) -> Result<Val, LowerError> {
        Ok(match sv {
            Sv::Const(v) => Val::Const(v),
            Sv::Str(off) => {
                let bytes = c.difo.strtab.get(off as usize..).unwrap_or(&[]);
                let len = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
                let at = self.cx.intern(bytes.get(..len).unwrap_or(&[]));
                Val::Str(at, len as u32)
            }
            Sv::Comm => Val::Comm,
            Sv::Probe(v) => Val::Probe(v),
            Sv::Builtin(v) => Val::Builtin(v),
            Sv::Buf { at, add } => {
                let Some(&(off, size)) = c.bufs.get(&at) else {
                    return Err(self.err("internal: buffer without a place"));
                };
                let place = i64::from(off) + i64::from(add);
                match u32::try_from(place) {
                    Ok(p) => Val::Buf(p, (off + size).saturating_sub(p)),
                    Err(_) => Val::Buf(0, 0),
                }
            }
            Sv::Rt => return Err(self.err("internal: value not known")),
        })
    }

    /// An operand in terms of the program.
    pub fn opnd_val(&mut self, c: &Code<'_>, o: Opnd) -> Result<Val, LowerError> {
        match o {
            Opnd::Known(sv) => self.val(c, sv),
            Opnd::Val(id) => Ok(Val::Rt(id)),
        }
    }

    /// What a DIF register (or the like) holds before instruction `at`.
    pub fn opnd(&self, c: &Code<'_>, at: usize, name: usize) -> Opnd {
        let sv = match &c.flow.before[at] {
            Some(b) => b.sv[name],
            None => Sv::Const(0),
        };
        match (sv, self.names[name]) {
            (Sv::Rt, Some(id)) => Opnd::Val(id),
            (Sv::Rt, None) => Opnd::Known(Sv::Const(0)),
            _ => Opnd::Known(sv),
        }
    }
    /// Of a register field.
    pub fn reg_opnd(&self, c: &Code<'_>, at: usize, r: u8) -> Opnd {
        self.opnd(c, at, usize::from(r & 7))
    }

    /// Loads a value, as a number, into a register.
    pub fn load_num(&mut self, val: Val, dst: R) -> Result<(), LowerError> {
        match val {
            Val::Const(v) => self.asm.imm(dst, v),
            Val::Rt(id) => self.fetch(id, dst),
            Val::Builtin(v) => self.builtin_load(v, dst)?,
            Val::Str(..) | Val::Comm | Val::Probe(_) | Val::Buf(..) => {
                self.load_ptr(val, dst)?;
                self.launder(dst);
            }
        }
        Ok(())
    }

    /// Loads a value into a register, as something to read from: a pointer where it is one.
    pub fn load_ptr(&mut self, val: Val, dst: R) -> Result<(), LowerError> {
        match val {
            Val::Const(_) | Val::Rt(_) | Val::Builtin(_) => self.load_num(val, dst)?,
            Val::Str(off, _) => {
                let map = self.cx.rodata();
                self.asm.map_value(dst, map, off);
            }
            Val::Comm => {
                let slot = self.comm()?;
                self.stack_ptr(dst, slot);
            }
            Val::Probe(v) => self.probe_ptr(v, dst)?,
            Val::Buf(off, _) => self.scratch_ptr(dst, off),
        }
        Ok(())
    }

    /// Loads an operand as a number.
    pub fn opnd_num(&mut self, c: &Code<'_>, o: Opnd, dst: R) -> Result<(), LowerError> {
        let v = self.opnd_val(c, o)?;
        self.load_num(v, dst)
    }

    /// An operand as a source: an immediate, its register, or loaded into `tmp`.
    pub fn opnd_src(&mut self, c: &Code<'_>, o: Opnd, tmp: R) -> Result<Src, LowerError> {
        match o {
            Opnd::Known(Sv::Const(v)) => {
                if let Ok(v) = i32::try_from(v as i64) {
                    return Ok(Src::Imm(v));
                }
            }
            Opnd::Val(id) => {
                if let Some(r) = self.values[id].reg {
                    return Ok(Src::Reg(r));
                }
            }
            Opnd::Known(_) => {}
        }
        self.opnd_num(c, o, tmp)?;
        Ok(Src::Reg(tmp))
    }

    /// Keeps an operand's register from being taken.
    fn pin(&mut self, o: Opnd) {
        if let Opnd::Val(id) = o
            && let Some(r) = self.values[id].reg
        {
            self.pinned.push(r);
        }
    }

    /// The name now stands for this value.
    pub fn define(&mut self, name: usize, id: ValueId) {
        if let Some(old) = self.names[name].replace(id) {
            self.release(old);
        }
    }

    /// The name stands for what another one does.
    fn alias(&mut self, name: usize, o: Opnd) {
        match o {
            Opnd::Val(id) => {
                self.values[id].refs += 1;
                self.define(name, id);
            }
            Opnd::Known(_) => {
                if let Some(old) = self.names[name].take() {
                    self.release(old);
                }
            }
        }
    }

    /// Drops all names that are not live.
    fn forget(&mut self, live: u32) {
        for name in 0..NV {
            if live & (1 << name) == 0
                && let Some(id) = self.names[name].take()
            {
                self.release(id);
            }
        }
    }

    /// Whether a value made here for `name` is wanted after a call.
    pub fn over_calls(&self, c: &Code<'_>, at: usize, name: usize) -> bool {
        for j in at + 1..c.flow.insns.len() {
            if c.flow.live[j] & (1 << name) == 0 {
                return false;
            }
            if calls(c.flow.insns[j]) && c.flow.live[j + 1] & (1 << name) != 0 {
                return true;
            }
        }
        false
    }

    /// A register for the result of instruction `at`.
    pub fn dst(&mut self, c: &Code<'_>, at: usize, name: usize) -> Result<R, LowerError> {
        let over = self.over_calls(c, at, name);
        self.alloc(over)
    }

    // Instructions.

    /// One instruction. Exhaustive: a new opcode has to be given code here.
    fn insn(&mut self, c: &mut Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        // The result is known: nothing to compute, unless doing so has an effect.
        if let Some(before) = &c.flow.before[at]
            && defines(i)
            && !acts(i.op)
            && flow::result(i, at, before, c.difo) != Sv::Rt
            && !matches!(i.op, Op::Mov)
        {
            match flow::result(i, at, before, c.difo) {
                Sv::Builtin(v) => drop(self.builtin_read(v)?),
                // Read where it is met, so that using it makes no calls.
                Sv::Comm => drop(self.comm()?),
                _ => {}
            }
            self.alias(rd, Opnd::Known(Sv::Const(0)));
            return Ok(());
        }
        match i.op {
            Op::Or => self.alu(c, at, i, Alu::Or),
            Op::Xor => self.alu(c, at, i, Alu::Xor),
            Op::And => self.alu(c, at, i, Alu::And),
            Op::Sll => self.alu(c, at, i, Alu::Lsh),
            Op::Srl => self.alu(c, at, i, Alu::Rsh),
            Op::Sra => self.alu(c, at, i, Alu::Arsh),
            Op::Sub => self.alu(c, at, i, Alu::Sub),
            Op::Add => self.alu(c, at, i, Alu::Add),
            Op::Mul => self.alu(c, at, i, Alu::Mul),
            Op::Udiv => self.div(c, at, i, Alu::Div, false),
            Op::Urem => self.div(c, at, i, Alu::Mod, false),
            Op::Sdiv => self.div(c, at, i, Alu::Div, true),
            Op::Srem => self.div(c, at, i, Alu::Mod, true),
            Op::Not => {
                let a = self.reg_opnd(c, at, i.r1);
                self.pin(a);
                let d = self.dst(c, at, rd)?;
                self.opnd_num(c, a, d)?;
                self.asm.alu(Alu::Xor, d, -1);
                let v = self.value_in(d);
                self.define(rd, v);
                Ok(())
            }
            Op::Mov => {
                let o = self.reg_opnd(c, at, i.r1);
                self.alias(rd, o);
                Ok(())
            }
            Op::Cmp => {
                let (a, b) = (self.reg_opnd(c, at, i.r1), self.reg_opnd(c, at, i.r2));
                self.alias(F0, a);
                self.alias(F1, b);
                Ok(())
            }
            Op::Tst => {
                let a = self.reg_opnd(c, at, i.r1);
                self.alias(F0, a);
                self.alias(F1, Opnd::Known(Sv::Const(0)));
                Ok(())
            }
            Op::Scmp => {
                let d = self.scmp(c, at, i)?;
                let v = self.value_in(d);
                self.define(F0, v);
                self.alias(F1, Opnd::Known(Sv::Const(0)));
                Ok(())
            }
            Op::Ba
            | Op::Be
            | Op::Bne
            | Op::Bg
            | Op::Bgu
            | Op::Bge
            | Op::Bgeu
            | Op::Bl
            | Op::Blu
            | Op::Ble
            | Op::Bleu
            | Op::Ret => Ok(()),
            Op::Ldsb
            | Op::Ldsh
            | Op::Ldsw
            | Op::Ldub
            | Op::Lduh
            | Op::Lduw
            | Op::Ldx
            | Op::Rldsb
            | Op::Rldsh
            | Op::Rldsw
            | Op::Rldub
            | Op::Rlduh
            | Op::Rlduw
            | Op::Rldx => {
                let (size, signed) = flow::kernel_load(i.op).unwrap_or((8, false));
                self.load(c, at, i, size, signed, Service::ProbeReadKernel)
            }
            Op::Uldsb | Op::Uldsh | Op::Uldsw | Op::Uldub | Op::Ulduh | Op::Ulduw | Op::Uldx => {
                let (size, signed) = flow::user_load(i.op).unwrap_or((8, false));
                self.load(c, at, i, size, signed, Service::ProbeReadUser)
            }
            Op::Stb => self.store(c, at, i, 1),
            Op::Sth => self.store(c, at, i, 2),
            Op::Stw => self.store(c, at, i, 4),
            Op::Stx => self.store(c, at, i, 8),
            Op::Nop | Op::Popts | Op::Flushts => Ok(()),
            Op::Setx | Op::Sets => Err(self.err("malformed DIF: table index out of range")),
            Op::Ldga => self.builtin_array(c, at, i),
            Op::Ldgs if i.imm16() < VAR_USER => self.builtin_scalar(c, at, i),
            Op::Ldgs | Op::Ldts | Op::Ldls | Op::Ldgaa | Op::Ldtaa => self.load_var(c, at, i),
            Op::Stgs | Op::Stts | Op::Stls | Op::Stgaa | Op::Sttaa => self.store_var(c, at, i),
            Op::Ldta | Op::Xlate | Op::Xlarg => {
                let fault = self.fault(Fault::IllOp, FaultAddr::Zero, 4 * at as i32);
                self.ja(fault);
                Ok(())
            }
            Op::Call => self.subr(c, at, i),
            Op::Pushtr | Op::Pushtv => {
                let depth = c.flow.before[at].as_ref().map_or(0, |b| b.depth);
                if depth >= dsl::dif::op::NTUPREGS {
                    let fault = self.fault(Fault::TupOflow, FaultAddr::Zero, 4 * at as i32);
                    self.ja(fault);
                    return Ok(());
                }
                let o = self.reg_opnd(c, at, i.rd);
                self.alias(flow::tuple(depth), o);
                Ok(())
            }
            Op::Allocs => self.allocs(c, at, i),
            Op::Copys => {
                let (src, size, dst) = (
                    self.reg_opnd(c, at, i.r1),
                    self.reg_opnd(c, at, i.r2),
                    self.reg_opnd(c, at, i.rd),
                );
                self.copy(c, at, src, size, dst, Service::ProbeReadKernel)
            }
        }
    }

    /// `rd = r1 op r2`, with `r1`'s register taken over where it is not wanted any more.
    fn alu(&mut self, c: &Code<'_>, at: usize, i: Insn, op: Alu) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        let (mut a, mut b) = (self.reg_opnd(c, at, i.r1), self.reg_opnd(c, at, i.r2));
        let commutes = matches!(op, Alu::Add | Alu::Mul | Alu::And | Alu::Or | Alu::Xor);
        if commutes && matches!(a, Opnd::Known(_)) {
            std::mem::swap(&mut a, &mut b);
        }
        self.pin(a);
        self.pin(b);
        let d = self.left(c, at, a, b, rd)?;
        let mut src = self.opnd_src(c, b, R::R1)?;
        if let (Alu::Lsh | Alu::Rsh | Alu::Arsh, Src::Imm(n)) = (op, src) {
            src = Src::Imm(n & 63);
        }
        self.asm.alu(op, d, src);
        let v = self.value_in(d);
        self.define(rd, v);
        Ok(())
    }

    /// A register with the first operand, which the result may overwrite.
    fn left(
        &mut self,
        c: &Code<'_>,
        at: usize,
        a: Opnd,
        b: Opnd,
        rd: usize,
    ) -> Result<R, LowerError> {
        if let Opnd::Val(id) = a
            && let Some(r) = self.values[id].reg
            && !matches!(b, Opnd::Val(other) if other == id)
        {
            let live = c.flow.live[at + 1];
            let wanted =
                (0..NV).any(|n| n != rd && live & (1 << n) != 0 && self.names[n] == Some(id));
            let suits = r.0 > 5 || !self.over_calls(c, at, rd);
            if !wanted && suits {
                self.values[id].reg = None;
                return Ok(r);
            }
        }
        let d = self.dst(c, at, rd)?;
        self.opnd_num(c, a, d)?;
        Ok(d)
    }

    /// Division: zero faults, and signed division goes by magnitudes (no engine has it below ISA v4), without branches.
    fn div(
        &mut self,
        c: &Code<'_>,
        at: usize,
        i: Insn,
        op: Alu,
        signed: bool,
    ) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        let (a, b) = (self.reg_opnd(c, at, i.r1), self.reg_opnd(c, at, i.r2));
        self.pin(a);
        self.pin(b);
        let zero = self.fault(Fault::DivZero, FaultAddr::Zero, 4 * at as i32);
        if let Opnd::Known(Sv::Const(0)) = b {
            self.ja(zero);
            return Ok(());
        }
        self.opnd_num(c, b, R::R1)?;
        if !matches!(b, Opnd::Known(Sv::Const(_))) {
            self.jmp(Cond::Eq, R::R1, 0, zero);
        }
        let d = self.left(c, at, a, b, rd)?;
        if signed {
            self.magnitude(R::R1, R::R2);
            self.magnitude(d, R::R3);
            if op == Alu::Div {
                self.asm.alu(Alu::Xor, R::R3, R::R2);
            }
            self.asm.alu(op, d, R::R1);
            self.asm.alu(Alu::Xor, d, R::R3);
            self.asm.alu(Alu::Sub, d, R::R3);
        } else {
            self.asm.alu(op, d, R::R1);
        }
        let v = self.value_in(d);
        self.define(rd, v);
        Ok(())
    }

    /// `r = |r|`; `sign` = −1 or 0.
    fn magnitude(&mut self, r: R, sign: R) {
        self.asm.mov(sign, r);
        self.asm.alu(Alu::Arsh, sign, 63);
        self.asm.alu(Alu::Xor, r, sign);
        self.asm.alu(Alu::Sub, r, sign);
    }

    /// Sign-extends the low `size` bytes.
    pub fn sign_extend(&mut self, r: R, size: u32) {
        if size < 8 {
            let bits = 64 - 8 * size as i32;
            self.asm.alu(Alu::Lsh, r, bits);
            self.asm.alu(Alu::Arsh, r, bits);
        }
    }

    /// A load: from our own scratch directly, from anywhere else by a service that can fail.
    fn load(
        &mut self,
        c: &Code<'_>,
        at: usize,
        i: Insn,
        size: u32,
        signed: bool,
        service: Service,
    ) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        let o = self.reg_opnd(c, at, i.r1);
        let val = self.opnd_val(c, o)?;
        if let (Val::Buf(off, room), Service::ProbeReadKernel) = (val, service)
            && size <= room
        {
            let d = self.dst(c, at, rd)?;
            let (base, off) = self.scratch_at(off, R::R1);
            self.asm.ldx(Size::of(size), d, base, off);
            if signed {
                self.sign_extend(d, size);
            }
            let v = self.value_in(d);
            self.define(rd, v);
            return Ok(());
        }
        self.clobber()?;
        let tmp = self.block(8)?;
        self.load_ptr(val, R::R3)?;
        self.stack_ptr(R::R1, tmp);
        self.asm.imm(R::R2, u64::from(size));
        self.read_or_fault(service, val, 4 * at as i32)?;
        let d = self.dst(c, at, rd)?;
        self.asm.ldx(Size::of(size), d, R::FP, tmp);
        if signed {
            self.sign_extend(d, size);
        }
        self.frame.free(tmp, 8);
        let v = self.value_in(d);
        self.define(rd, v);
        Ok(())
    }

    /// The address to report, of a value that has been read from.
    pub fn fault_addr(&self, val: Val) -> FaultAddr {
        match val {
            Val::Const(v) => FaultAddr::Const(v),
            Val::Rt(id) => self.addr_of(id),
            Val::Builtin(v) => match self.kept.get(&v) {
                Some(&slot) => FaultAddr::Slot(slot),
                None => FaultAddr::Zero,
            },
            Val::Str(..) | Val::Comm | Val::Probe(_) | Val::Buf(..) => FaultAddr::Zero,
        }
    }

    /// The call of a service that reads, with its arguments in place; where that fails, a fault with the address.
    pub fn read_or_fault(
        &mut self,
        service: Service,
        from: Val,
        off: i32,
    ) -> Result<(), LowerError> {
        self.call(service)?;
        let addr = self.fault_addr(from);
        let fault = self.fault(Fault::BadAddr, addr, off);
        let failed = match service {
            Service::ProbeReadKernelStr | Service::ProbeReadUserStr => Cond::Slt,
            _ => Cond::Ne,
        };
        self.jmp(failed, R::R0, 0, fault);
        Ok(())
    }

    fn store(&mut self, c: &Code<'_>, at: usize, i: Insn, size: u32) -> Result<(), LowerError> {
        let (value, dst) = (self.reg_opnd(c, at, i.r1), self.reg_opnd(c, at, i.rd));
        let dst = self.opnd_val(c, dst)?;
        let value = self.opnd_val(c, value)?;
        if let Val::Buf(off, room) = dst
            && size <= room
        {
            self.load_num(value, R::R0)?;
            let (base, off) = self.scratch_at(off, R::R1);
            self.asm.stx(Size::of(size), base, off, R::R0);
            return Ok(());
        }
        self.writable(dst, size, 4 * at as i32)?;
        self.load_num(value, R::R0)?;
        self.asm.stx(Size::of(size), R::R1, 0, R::R0);
        Ok(())
    }

    /// Where an allocating instruction's scratch is.
    pub fn place_buf(&mut self, c: &mut Code<'_>, at: usize, size: u32) -> u32 {
        let off = self.scratch(size);
        c.bufs.insert(at as u32, (off, size));
        off
    }

    /// Bytes that an allocation takes; `None`: known at run time only.
    pub fn alloc_bytes(&self, a: Alloc) -> Option<u32> {
        match a {
            Alloc::String => Some(self.cx.opts.strsize.next_multiple_of(8)),
            Alloc::Fixed(n) => Some(n),
            Alloc::Dynamic => None,
        }
    }
}

/// How the `ret`s of a DIFO give their value.
pub struct Ret {
    pub(super) single: bool,
    pub(super) known: Option<Sv>,
    pub(super) direct: Option<ValueId>,
    pub(super) slot: Option<i16>,
}

impl Ret {
    fn new(flow: &Flow) -> Ret {
        Ret {
            single: flow.rets.len() == 1,
            known: None,
            direct: None,
            slot: None,
        }
    }
}

/// Whether the instruction makes calls, for choosing registers.
fn calls(i: Insn) -> bool {
    match i.op.shape() {
        Shape::R2 => !matches!(i.op, Op::Not | Op::Mov),
        Shape::Cmp => i.op == Op::Scmp,
        Shape::Call | Shape::LoadArray => true,
        Shape::LoadVar => i.op != Op::Ldls,
        Shape::StoreVar => !matches!(i.op, Op::Stls),
        Shape::R3 => i.op == Op::Copys,
        _ => false,
    }
}

/// Whether it has a result in `rd`.
pub(super) fn defines(i: Insn) -> bool {
    match i.op.shape() {
        Shape::R3 => i.op != Op::Copys,
        Shape::R2 | Shape::SetX | Shape::SetS | Shape::LoadVar | Shape::LoadArray | Shape::Call => {
            true
        }
        _ => false,
    }
}

/// Whether it does something that its result's being known does not make unnecessary.
fn acts(op: Op) -> bool {
    matches!(op, Op::Call | Op::Allocs)
}
