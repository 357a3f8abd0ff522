//! Expressions to instructions. Operators stand in `op.rs`.

use super::{Cg, Failed, Label, R0, Tmp, var_id};
use crate::check::tree::{Arith, Bits, Cmp, TExpr, TKind, VarIdx};
use crate::diag::{Diag, Tag};
use crate::dif::op::{Insn, Op, PUSH_INT, PUSH_STRING};
use crate::dif::{BuiltinVar, Subr};
use crate::program::Scope;
use crate::types::{IntShape, TypeId};

/// A value and whether the bits beyond its type's size already are what its type says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Val {
    pub t: Tmp,
    pub exact: bool,
}

/// Where an assignment goes, with what had to be evaluated to know it.
pub(super) enum Dest {
    Var(VarIdx),
    Assoc(VarIdx, Vec<(Tmp, bool)>),
    Mem(Tmp, u32),
    /// So many bytes are copied there.
    Copy(Tmp, u32),
    /// A member of type string.
    Str(Tmp),
    Bits(Tmp, Bits),
}

pub(super) const LOADS: [[Op; 2]; 4] = [
    [Op::Ldub, Op::Ldsb],
    [Op::Lduh, Op::Ldsh],
    [Op::Lduw, Op::Ldsw],
    [Op::Ldx, Op::Ldx],
];

/// 1, 2, 4, 8 → 0, 1, 2, 3.
fn log2(size: u32) -> usize {
    (size.trailing_zeros() as usize).min(3)
}

/// The load of an integer.
pub(super) fn load_op(size: u32, signed: bool) -> Op {
    LOADS
        .get(log2(size))
        .and_then(|r| r.get(usize::from(signed)))
        .copied()
        .unwrap_or(Op::Ldx)
}

fn store_op(size: u32) -> Op {
    [Op::Stb, Op::Sth, Op::Stw, Op::Stx]
        .get(log2(size))
        .copied()
        .unwrap_or(Op::Stx)
}

impl Cg<'_, '_> {
    fn is_string(&self, e: &TExpr) -> bool {
        self.types.is_string(e.ty)
    }

    pub(super) fn shape(&self, ty: TypeId) -> IntShape {
        self.types.shape(ty).unwrap_or(IntShape {
            size: 8,
            signed: true,
        })
    }

    /// Evaluates for a value; what has none (a void expression) gives zero.
    pub(super) fn need(&mut self, e: &TExpr) -> Result<Val, Failed> {
        match self.value(e)? {
            Some(v) => Ok(v),
            None => {
                let (t, r) = self.new_tmp(false)?;
                self.setx(0, r)?;
                Ok(Val { t, exact: true })
            }
        }
    }

    /// Evaluates. `None`: it has no value.
    pub(super) fn value(&mut self, e: &TExpr) -> Result<Option<Val>, Failed> {
        let outer = self.span;
        if !e.span.is_none() {
            self.span = e.span;
        }
        let v = self.value_inner(e);
        self.span = outer;
        v
    }

    fn value_inner(&mut self, e: &TExpr) -> Result<Option<Val>, Failed> {
        let exact = |t| Ok(Some(Val { t, exact: true }));
        match &e.kind {
            TKind::Int(v) => {
                let (t, r) = self.new_tmp(false)?;
                self.setx(*v, r)?;
                let exact = crate::check::normalize(*v, self.shape(e.ty)) == *v;
                Ok(Some(Val { t, exact }))
            }
            TKind::Str(bytes) => {
                let (t, r) = self.new_tmp(true)?;
                self.sets(bytes, r)?;
                exact(t)
            }
            TKind::Builtin(var) => {
                let (t, r) = self.new_tmp(self.is_string(e))?;
                self.emit(Insn::wide(Op::Ldgs, *var as u16, r))?;
                exact(t)
            }
            TKind::BuiltinArray(var, index) => self.builtin_array(e, *var, index).map(Some),
            TKind::Var(v) => {
                let op = match self.scope(*v) {
                    Scope::Global => Op::Ldgs,
                    Scope::Thread => Op::Ldts,
                    Scope::Clause => Op::Ldls,
                };
                let (t, r) = self.new_tmp(self.is_string(e))?;
                self.emit(Insn::wide(op, var_id(*v), r))?;
                // Globals and clause-locals have their storage from the start.
                if op == Op::Ldts && self.is_object_pointer(e, *v) {
                    self.fault_in(*v, (Op::Stts, Op::Ldts), r)?;
                }
                exact(t)
            }
            TKind::Assoc(v, keys) => {
                let keys = self.keys(keys)?;
                let t =
                    self.load_assoc(*v, &keys, self.is_string(e), self.is_object_pointer(e, *v))?;
                self.free_keys(keys);
                exact(t)
            }
            TKind::Load(addr) => {
                let a = self.need(addr)?;
                let s = self.shape(e.ty);
                let t = self.load(a.t, load_op(s.size, s.signed))?;
                exact(t)
            }
            TKind::BitField(addr, bits) => {
                let a = self.need(addr)?;
                if bits.beyond() == 0 {
                    let unit = self.load(a.t, load_op(bits.unit, false))?;
                    let t = self.extract(unit, *bits)?;
                    return exact(t);
                }
                let t = self.load_bits(a.t, *bits)?;
                self.free(a.t);
                exact(t)
            }
            TKind::At(addr) => self.value(addr),
            TKind::Offset(base, by) => {
                let (mut base, mut by) = (base, *by);
                while let TKind::Offset(inner, more) = &base.kind {
                    by = by.wrapping_add(*more);
                    base = inner;
                }
                let b = self.need(base)?;
                if by == 0 {
                    return Ok(Some(b));
                }
                self.binary_const(Op::Add, b.t, by)
                    .map(|t| Some(Val { t, exact: true }))
            }
            TKind::PtrAdd {
                ptr,
                index,
                size,
                neg,
            } => {
                let p = self.need(ptr)?;
                let i = self.need(index)?;
                let i = self.widen(
                    i,
                    index.ty,
                    IntShape {
                        size: 8,
                        signed: true,
                    },
                )?;
                let i = self.scale(i, i64::from(*size))?;
                exact(self.alu(if *neg { Op::Sub } else { Op::Add }, p.t, i)?)
            }
            TKind::PtrDiff { l, r, size } => {
                let a = self.need(l)?;
                let b = self.need(r)?;
                let d = self.alu(Op::Sub, a.t, b.t)?;
                exact(if *size == 1 {
                    d
                } else {
                    self.binary_const(Op::Sdiv, d, i64::from(*size))?
                })
            }
            TKind::Neg(x) => {
                let v = self.need(x)?;
                let v = self.widen(v, x.ty, self.shape(e.ty))?;
                let r = self.reg(v)?;
                self.free(v);
                self.unpin();
                let (t, rd) = self.new_tmp(false)?;
                self.emit(Insn::r(Op::Sub, R0, r, rd))?;
                Ok(Some(Val {
                    t,
                    exact: self.shape(e.ty).size == 8,
                }))
            }
            TKind::BitNot(x) => {
                let v = self.need(x)?;
                let v = self.widen(v, x.ty, self.shape(e.ty))?;
                let r = self.reg(v)?;
                self.free(v);
                self.unpin();
                let (t, rd) = self.new_tmp(false)?;
                self.emit(Insn::r(Op::Not, r, 0, rd))?;
                Ok(Some(Val {
                    t,
                    exact: self.shape(e.ty).size == 8,
                }))
            }
            TKind::Arith(op, l, r) => self.arith(e.ty, *op, l, r).map(Some),
            TKind::LogNot(_)
            | TKind::Compare { .. }
            | TKind::StrCompare { .. }
            | TKind::LogAnd(..)
            | TKind::LogOr(..) => exact(self.truth_value(e)?),
            TKind::LogXor(l, r) => {
                let a = self.truth_value(l)?;
                let b = self.truth_value(r)?;
                exact(self.alu(Op::Xor, a, b)?)
            }
            TKind::Cond(c, a, b) => self.conditional(e, c, a, b),
            TKind::Comma(a, b) => {
                self.discard(a)?;
                self.value(b)
            }
            TKind::Convert(x) => self.conversion(e, x),
            TKind::Assign(lv, rhs) => {
                let v = self.need(rhs)?;
                let t = self.exact_tmp(v, rhs.ty)?;
                let dest = self.dest(lv)?;
                self.store(dest, t)?;
                exact(t)
            }
            TKind::AssignOp {
                lv,
                op,
                rhs,
                common,
            } => self.assign_op(lv, *op, rhs, *common).map(Some),
            TKind::IncDec { lv, by, prefix } => self.inc_dec(lv, *by, *prefix).map(Some),
            TKind::Call(subr, args) => self.call(e, *subr, args),
            TKind::MemRef(address, bytes) => {
                let a = self.need(address)?;
                let n = self.need(bytes)?;
                let (t, r) = self.new_tmp(false)?;
                self.setx(16, r)?;
                self.emit(Insn::r(Op::Allocs, r, 0, r))?;
                for (value, at) in [(a.t, 0), (n.t, 8)] {
                    let (to, rt) = self.new_tmp(false)?;
                    self.setx(at, rt)?;
                    let base = self.reg(t)?;
                    self.emit(Insn::r(Op::Add, base, rt, rt))?;
                    let r = self.reg(value)?;
                    let rt = self.reg(to)?;
                    self.emit(Insn::r(Op::Stx, r, 0, rt))?;
                    self.unpin();
                    self.free(to);
                }
                self.free(n.t);
                self.free(a.t);
                exact(t)
            }
            TKind::Xlate(_) => Err(Box::new(Diag::new(
                Tag::D_XLATE_DYN,
                e.span,
                "a translated value has members but is no object: it cannot be stored, traced or compared",
            ))),
            TKind::Error => {
                Err(self.fail("internal: expression with errors reached code generation"))
            }
        }
    }

    /// Evaluates for the effect.
    fn discard(&mut self, e: &TExpr) -> Result<(), Failed> {
        if let Some(v) = self.value(e)? {
            self.free(v.t);
        }
        Ok(())
    }

    fn scope(&self, v: VarIdx) -> Scope {
        self.vars.get(v).map_or(Scope::Global, |v| v.scope)
    }

    fn builtin_array(&mut self, e: &TExpr, var: BuiltinVar, index: &TExpr) -> Result<Val, Failed> {
        let i = self.need(index)?;
        let ri = self.reg(i.t)?;
        self.free(i.t);
        self.unpin();
        let (t, rd) = self.new_tmp(self.is_string(e))?;
        self.emit(Insn::r(Op::Ldga, var as u16 as u8, ri, rd))?;
        // Raw arguments are 64 bits wide, whatever the probe's prototype says.
        let s = self.shape(e.ty);
        let t = if s.size < 8 { self.normalize(t, s)? } else { t };
        Ok(Val { t, exact: true })
    }

    fn load(&mut self, addr: Tmp, op: Op) -> Result<Tmp, Failed> {
        let ra = self.reg(addr)?;
        self.free(addr);
        self.unpin();
        let (t, rd) = self.new_tmp(false)?;
        self.emit(Insn::r(op, ra, 0, rd))?;
        Ok(t)
    }

    /// The bit-field at an address, which is kept.
    fn load_bits(&mut self, addr: Tmp, b: Bits) -> Result<Tmp, Failed> {
        let unit = self.load_keep(addr, load_op(b.unit, false))?;
        let beyond = b.beyond();
        if beyond == 0 {
            return self.extract(unit, b);
        }
        let low = self.binary_const(Op::Srl, unit, i64::from(b.lo))?;
        let high = self.load_ninth(addr)?;
        let high = self.binary_const(Op::Sll, high, i64::from(64 - b.lo))?;
        let all = self.alu(Op::Or, low, high)?;
        self.extract(all, Bits { lo: 0, ..b })
    }

    /// The byte behind a unit of eight.
    fn load_ninth(&mut self, addr: Tmp) -> Result<Tmp, Failed> {
        let at = self.ninth(addr)?;
        self.load(at, Op::Ldub)
    }

    fn ninth(&mut self, addr: Tmp) -> Result<Tmp, Failed> {
        let (at, r) = self.new_tmp(false)?;
        self.setx(8, r)?;
        let (ra, r) = (self.reg(addr)?, self.reg(at)?);
        self.emit(Insn::r(Op::Add, ra, r, r))?;
        self.unpin();
        Ok(at)
    }

    /// The field within its unit: up against the top, then down with or without the sign.
    fn extract(&mut self, unit: Tmp, b: Bits) -> Result<Tmp, Failed> {
        let up = 64u32.saturating_sub(b.lo + b.width);
        let down = 64u32.saturating_sub(b.width);
        let t = if up == 0 {
            unit
        } else {
            self.binary_const(Op::Sll, unit, i64::from(up))?
        };
        if down == 0 {
            return Ok(t);
        }
        self.binary_const(if b.signed { Op::Sra } else { Op::Srl }, t, i64::from(down))
    }

    // ---- associative arrays -------------------------------------------------------------------------------------

    fn keys(&mut self, keys: &[TExpr]) -> Result<Vec<(Tmp, bool)>, Failed> {
        let mut out = Vec::with_capacity(keys.len());
        for k in keys {
            let v = self.need(k)?;
            let string = self.is_string(k);
            let t = if string {
                v.t
            } else {
                self.exact_tmp(v, k.ty)?
            };
            out.push((t, string));
        }
        Ok(out)
    }

    fn free_keys(&mut self, keys: Vec<(Tmp, bool)>) {
        for (t, _) in keys.into_iter().rev() {
            self.free(t);
        }
    }

    /// Pushes values that have been evaluated: nothing between here and the use may touch the tuple stack.
    fn push(&mut self, keys: &[(Tmp, bool)]) -> Result<(), Failed> {
        for (t, string) in keys {
            let r = self.reg(*t)?;
            if *string {
                let size = self.free_reg()?;
                self.setx(i64::from(self.strsize), size)?;
                self.emit(Insn::r(Op::Pushtr, PUSH_STRING, size, r))?;
            } else {
                self.emit(Insn::r(Op::Pushtv, PUSH_INT, R0, r))?;
            }
            self.unpin();
        }
        Ok(())
    }

    fn load_assoc(
        &mut self,
        v: VarIdx,
        keys: &[(Tmp, bool)],
        string: bool,
        object: bool,
    ) -> Result<Tmp, Failed> {
        self.push(keys)?;
        let (load, store) = match self.scope(v) {
            Scope::Thread => (Op::Ldtaa, Op::Sttaa),
            Scope::Global | Scope::Clause => (Op::Ldgaa, Op::Stgaa),
        };
        let (t, r) = self.new_tmp(string)?;
        self.emit(Insn::wide(load, var_id(v), r))?;
        if object {
            self.fault_in(v, (store, load), r)?;
        }
        self.emit(Insn::r(Op::Flushts, 0, 0, 0))?;
        Ok(t)
    }

    /// Whether a variable that holds a struct or an array is used by its address, to get at a part of it.
    fn is_object_pointer(&self, e: &TExpr, v: VarIdx) -> bool {
        let holds = self.vars.get(v).map_or(TypeId::ERROR, |v| v.ty);
        self.types.is_pointer(e.ty) && (self.types.is_sou(holds) || self.types.is_array(holds))
    }

    /// An element or thread-local that nobody has stored to has no address: it is stored, all zeros, and loaded again.
    /// Needs no register beside the one that holds the address.
    fn fault_in(&mut self, v: VarIdx, (store, load): (Op, Op), r: u8) -> Result<(), Failed> {
        let holds = self.vars.get(v).map_or(TypeId::ERROR, |v| v.ty);
        let size = self.types.size_of(holds).unwrap_or(0);
        let there = self.label();
        self.emit(Insn::r(Op::Tst, r, 0, 0))?;
        self.branch(Op::Bne, there)?;
        self.setx(i64::from(size), r)?;
        self.emit(Insn::r(Op::Allocs, r, 0, r))?;
        self.emit(Insn::wide(store, var_id(v), r))?;
        self.emit(Insn::wide(load, var_id(v), r))?;
        self.bind(there);
        Ok(())
    }

    // ---- assignment ---------------------------------------------------------------------------------------------

    /// Evaluates what is needed to know where an lvalue is.
    fn dest(&mut self, lv: &TExpr) -> Result<Dest, Failed> {
        Ok(match &lv.kind {
            TKind::Var(v) => Dest::Var(*v),
            TKind::Assoc(v, keys) => Dest::Assoc(*v, self.keys(keys)?),
            TKind::Load(addr) => Dest::Mem(self.need(addr)?.t, self.shape(lv.ty).size),
            TKind::BitField(addr, bits) => Dest::Bits(self.need(addr)?.t, *bits),
            TKind::At(addr) if self.types.is_string(lv.ty) => Dest::Str(self.need(addr)?.t),
            TKind::At(addr) => {
                Dest::Copy(self.need(addr)?.t, self.types.size_of(lv.ty).unwrap_or(0))
            }
            _ => return Err(self.fail("operator = requires modifiable lvalue as an operand")),
        })
    }

    /// What stands there now. Keeps what `dest` holds.
    fn fetch(&mut self, dest: &Dest, lv: &TExpr) -> Result<Tmp, Failed> {
        let string = self.is_string(lv);
        match dest {
            Dest::Var(_) => Ok(self.need(lv)?.t),
            Dest::Assoc(v, keys) => self.load_assoc(*v, keys, string, false),
            // Only `=` copies objects, and it does not ask.
            Dest::Copy(..) | Dest::Str(_) => Err(self.fail("operator requires a scalar operand")),
            Dest::Mem(addr, _) => {
                let s = self.shape(lv.ty);
                self.load_keep(*addr, load_op(s.size, s.signed))
            }
            Dest::Bits(addr, bits) => self.load_bits(*addr, *bits),
        }
    }

    fn load_keep(&mut self, addr: Tmp, op: Op) -> Result<Tmp, Failed> {
        let ra = self.reg(addr)?;
        let (t, rd) = self.new_tmp(false)?;
        self.emit(Insn::r(op, ra, 0, rd))?;
        self.unpin();
        Ok(t)
    }

    /// Stores, and gives up what `dest` holds. The value stays.
    fn store(&mut self, dest: Dest, value: Tmp) -> Result<(), Failed> {
        match dest {
            Dest::Var(v) => {
                let op = match self.scope(v) {
                    Scope::Global => Op::Stgs,
                    Scope::Thread => Op::Stts,
                    Scope::Clause => Op::Stls,
                };
                let r = self.reg(value)?;
                self.emit(Insn::wide(op, var_id(v), r))?;
            }
            Dest::Assoc(v, keys) => {
                self.push(&keys)?;
                let op = if self.scope(v) == Scope::Thread {
                    Op::Sttaa
                } else {
                    Op::Stgaa
                };
                let r = self.reg(value)?;
                self.emit(Insn::wide(op, var_id(v), r))?;
                self.emit(Insn::r(Op::Flushts, 0, 0, 0))?;
                self.free_keys(keys);
            }
            Dest::Mem(addr, size) => {
                let (r, ra) = (self.reg(value)?, self.reg(addr)?);
                self.emit(Insn::r(store_op(size), r, 0, ra))?;
                self.free(addr);
            }
            Dest::Str(addr) => {
                let padded = self.padded(value)?;
                let dest = Dest::Copy(addr, self.strsize);
                self.store(dest, padded)?;
                self.free(padded);
            }
            Dest::Copy(addr, bytes) => {
                let (size, rs) = self.new_tmp(false)?;
                self.setx(i64::from(bytes), rs)?;
                let (r, rs, ra) = (self.reg(value)?, self.reg(size)?, self.reg(addr)?);
                self.emit(Insn::r(Op::Copys, r, rs, ra))?;
                self.free(size);
                self.free(addr);
            }
            Dest::Bits(addr, b) => {
                let width = b.width - b.beyond();
                let mask = u64::MAX.checked_shr(64 - width).unwrap_or(0) << b.lo;
                self.store_bits(addr, value, b.unit, mask, (Op::Sll, b.lo))?;
                if b.beyond() > 0 {
                    let mask = (1 << b.beyond()) - 1;
                    let at = self.ninth(addr)?;
                    self.store_bits(at, value, 1, mask, (Op::Srl, width))?;
                    self.free(at);
                }
                self.free(addr);
            }
        }
        self.unpin();
        Ok(())
    }

    /// Some bits of a unit, from a value that is shifted to where they are. Keeps both.
    fn store_bits(
        &mut self,
        addr: Tmp,
        value: Tmp,
        unit: u32,
        mask: u64,
        (shift, by): (Op, u32),
    ) -> Result<(), Failed> {
        let old = self.load_keep(addr, load_op(unit, false))?;
        let old = self.binary_const(Op::And, old, !mask as i64)?;
        let r = self.reg(value)?;
        let (new, rn) = self.new_tmp(false)?;
        self.emit(Insn::r(Op::Mov, r, 0, rn))?;
        self.unpin();
        let new = if by == 0 {
            new
        } else {
            self.binary_const(shift, new, i64::from(by))?
        };
        let new = self.binary_const(Op::And, new, mask as i64)?;
        let all = self.alu(Op::Or, old, new)?;
        let (r, ra) = (self.reg(all)?, self.reg(addr)?);
        self.emit(Insn::r(store_op(unit), r, 0, ra))?;
        self.unpin();
        self.free(all);
        Ok(())
    }

    /// The string in scratch of its own, zeros behind it: what a member of type string holds, so that structs with the same
    /// strings are the same bytes. Keeps the value.
    fn padded(&mut self, value: Tmp) -> Result<Tmp, Failed> {
        self.push(&[(value, true)])?;
        let (len, r) = self.new_tmp(false)?;
        self.emit(Insn::wide(Op::Call, Subr::Strlen as u16, r))?;
        self.emit(Insn::r(Op::Flushts, 0, 0, 0))?;
        let bytes = self.binary_const(Op::Add, len, 1)?;
        let (room, rr) = self.new_tmp(false)?;
        self.setx(i64::from(self.strsize), rr)?;
        self.emit(Insn::r(Op::Allocs, rr, 0, rr))?;
        let (rv, rb, rr) = (self.reg(value)?, self.reg(bytes)?, self.reg(room)?);
        self.emit(Insn::r(Op::Copys, rv, rb, rr))?;
        self.unpin();
        self.free(bytes);
        Ok(room)
    }

    fn assign_op(
        &mut self,
        lv: &TExpr,
        op: Arith,
        rhs: &TExpr,
        common: TypeId,
    ) -> Result<Val, Failed> {
        let r = self.need(rhs)?;
        let dest = self.dest(lv)?;
        let old = self.fetch(&dest, lv)?;
        let v = self.arith_vals(
            common,
            op,
            (
                Val {
                    t: old,
                    exact: true,
                },
                lv.ty,
            ),
            (r, rhs.ty),
        )?;
        let t = self.coerce(v, common, lv.ty)?;
        self.store(dest, t)?;
        Ok(Val { t, exact: true })
    }

    fn inc_dec(&mut self, lv: &TExpr, by: i64, prefix: bool) -> Result<Val, Failed> {
        let dest = self.dest(lv)?;
        let old = self.fetch(&dest, lv)?;
        let ro = self.reg(old)?;
        let (step, rs) = self.new_tmp(false)?;
        self.setx(by, rs)?;
        let (new, rn) = self.new_tmp(false)?;
        self.emit(Insn::r(Op::Add, ro, rs, rn))?;
        self.unpin();
        self.free(step);
        let new = self.coerce(
            Val {
                t: new,
                exact: self.shape(lv.ty).size == 8,
            },
            lv.ty,
            lv.ty,
        )?;
        self.store(dest, new)?;
        let (keep, drop) = if prefix { (new, old) } else { (old, new) };
        self.free(drop);
        Ok(Val {
            t: keep,
            exact: true,
        })
    }

    // ---- subroutines --------------------------------------------------------------------------------------------

    fn call(&mut self, e: &TExpr, subr: Subr, args: &[TExpr]) -> Result<Option<Val>, Failed> {
        // Arguments are evaluated first and pushed together, because an argument may be a call itself.
        let args = self.keys(args)?;
        self.push(&args)?;
        self.free_keys(args);
        let (t, r) = self.new_tmp(self.is_string(e))?;
        self.emit(Insn::wide(Op::Call, subr as u16, r))?;
        self.emit(Insn::r(Op::Flushts, 0, 0, 0))?;
        Ok(Some(Val { t, exact: true }))
    }

    // ---- branches -----------------------------------------------------------------------------------------------

    fn conditional(
        &mut self,
        e: &TExpr,
        c: &TExpr,
        a: &TExpr,
        b: &TExpr,
    ) -> Result<Option<Val>, Failed> {
        self.move_out_all()?;
        let (no, end) = (self.label(), self.label());
        self.jump(c, no, false)?;
        let va = self.value(a)?;
        let Some(va) = va else {
            self.branch(Op::Ba, end)?;
            self.bind(no);
            self.discard(b)?;
            self.bind(end);
            return Ok(None);
        };
        let is_scalar = self.types.is_scalar(e.ty);
        let ta = if is_scalar {
            self.exact_tmp(va, a.ty)?
        } else {
            va.t
        };
        let home = self.reg(ta)?;
        self.unpin();
        self.free(ta);
        self.branch(Op::Ba, end)?;
        self.bind(no);
        let vb = self.need(b)?;
        let tb = if is_scalar {
            self.exact_tmp(vb, b.ty)?
        } else {
            vb.t
        };
        let rb = self.reg(tb)?;
        if rb != home {
            self.emit(Insn::r(Op::Mov, rb, 0, home))?;
        }
        self.unpin();
        self.free(tb);
        self.bind(end);
        // Everything else was moved out before, so the register is free at the end of both paths.
        self.tmps.push(super::TmpState {
            place: super::Place::Reg(home),
            string: self.is_string(e),
        });
        Ok(Some(Val {
            t: Tmp(self.tmps.len() - 1),
            exact: true,
        }))
    }

    /// 0 or 1.
    fn truth_value(&mut self, e: &TExpr) -> Result<Tmp, Failed> {
        if let TKind::Compare { .. } | TKind::StrCompare { .. } | TKind::LogNot(_) = &e.kind {
            let simple = match &e.kind {
                TKind::LogNot(x) => !matches!(
                    x.kind,
                    TKind::LogAnd(..) | TKind::LogOr(..) | TKind::LogNot(_)
                ),
                _ => true,
            };
            if simple {
                return self.compare_value(e);
            }
        }
        self.move_out_all()?;
        let (no, end) = (self.label(), self.label());
        self.jump(e, no, false)?;
        let (t, r) = self.new_tmp(false)?;
        self.setx(1, r)?;
        self.branch(Op::Ba, end)?;
        self.bind(no);
        self.emit(Insn::r(Op::Mov, R0, 0, r))?;
        self.bind(end);
        Ok(t)
    }

    /// Jumps to `to` where the truth of `e` is `when`; goes on otherwise. Nothing pending may be in a register.
    fn jump(&mut self, e: &TExpr, to: Label, when: bool) -> Result<(), Failed> {
        match &e.kind {
            TKind::LogNot(x) => self.jump(x, to, !when),
            TKind::LogAnd(l, r) | TKind::LogOr(l, r) => {
                // An operand that decides the whole jumps at once.
                let decides = matches!(e.kind, TKind::LogOr(..));
                if when == decides {
                    self.jump(l, to, when)?;
                    return self.jump(r, to, when);
                }
                let skip = self.label();
                self.jump(l, skip, decides)?;
                self.jump(r, to, when)?;
                self.bind(skip);
                Ok(())
            }
            _ => {
                let op = self.test(e)?;
                self.branch(if when { op } else { opposite(op) }, to)
            }
        }
    }
}

/// The branch that is taken where the given one is not.
fn opposite(op: Op) -> Op {
    match op {
        Op::Be => Op::Bne,
        Op::Bne => Op::Be,
        Op::Bg => Op::Ble,
        Op::Bgu => Op::Bleu,
        Op::Bge => Op::Bl,
        Op::Bgeu => Op::Blu,
        Op::Bl => Op::Bge,
        Op::Blu => Op::Bgeu,
        Op::Ble => Op::Bg,
        Op::Bleu => Op::Bgu,
        other => other,
    }
}

/// The branch for a comparison.
pub(super) fn branch_op(op: Cmp, signed: bool) -> Op {
    match (op, signed) {
        (Cmp::Eq, _) => Op::Be,
        (Cmp::Ne, _) => Op::Bne,
        (Cmp::Lt, true) => Op::Bl,
        (Cmp::Lt, false) => Op::Blu,
        (Cmp::Le, true) => Op::Ble,
        (Cmp::Le, false) => Op::Bleu,
        (Cmp::Gt, true) => Op::Bg,
        (Cmp::Gt, false) => Op::Bgu,
        (Cmp::Ge, true) => Op::Bge,
        (Cmp::Ge, false) => Op::Bgeu,
    }
}
