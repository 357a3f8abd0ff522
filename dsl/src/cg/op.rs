//! Arithmetic, conversions and comparisons.
//!
//! Registers are 64 bits wide and most C types are not. A value is *exact* when the bits beyond its type's size are the
//! sign or zeros, as the type says. Loads, variables and constants are exact; sums are not. What depends on the upper bits
//! (a comparison, a division, a shift to the right, a conversion) makes its operands exact first; the rest does not care.

use super::expr::{Val, branch_op};
use super::{Cg, Failed, R0, Tmp};
use crate::check::tree::{Arith, TExpr, TKind};
use crate::check::working_shape;
use crate::dif::op::{Insn, Op};
use crate::types::{IntShape, TypeId};

impl Cg<'_, '_> {
    /// `a op b`, both given up.
    pub(super) fn alu(&mut self, op: Op, a: Tmp, b: Tmp) -> Result<Tmp, Failed> {
        let (ra, rb) = (self.reg(a)?, self.reg(b)?);
        self.free(b);
        self.free(a);
        // The pins keep other values out of both until the instruction is there; the result may well go into one of them.
        self.unpin();
        let (t, rd) = self.new_tmp(false)?;
        self.emit(Insn::r(op, ra, rb, rd))?;
        Ok(t)
    }

    /// `a op constant`, `a` given up.
    pub(super) fn binary_const(&mut self, op: Op, a: Tmp, c: i64) -> Result<Tmp, Failed> {
        let (k, rk) = self.new_tmp(false)?;
        self.setx(c, rk)?;
        self.alu(op, a, k)
    }

    /// Times a size.
    pub(super) fn scale(&mut self, t: Tmp, size: i64) -> Result<Tmp, Failed> {
        match size {
            1 => Ok(t),
            n if n > 0 && (n as u64).is_power_of_two() => {
                self.binary_const(Op::Sll, t, i64::from(n.trailing_zeros()))
            }
            n => self.binary_const(Op::Mul, t, n),
        }
    }

    /// Makes a value exact for the shape.
    pub(super) fn normalize(&mut self, t: Tmp, s: IntShape) -> Result<Tmp, Failed> {
        if s.size >= 8 {
            return Ok(t);
        }
        let bits = i64::from(s.size) * 8;
        if !s.signed {
            return self.binary_const(Op::And, t, (1i64 << bits) - 1);
        }
        // One shift count in a register serves both shifts.
        let (k, rk) = self.new_tmp(false)?;
        self.setx(64 - bits, rk)?;
        let (ra, rk) = (self.reg(t)?, self.reg(k)?);
        self.emit(Insn::r(Op::Sll, ra, rk, ra))?;
        self.emit(Insn::r(Op::Sra, ra, rk, ra))?;
        self.unpin();
        self.free(k);
        Ok(t)
    }

    /// The value in the representation of its type. `None` where the type has none.
    pub(super) fn exact(&mut self, v: Val, ty: TypeId) -> Result<Option<Tmp>, Failed> {
        if self.types.is_void(ty) {
            return Ok(None);
        }
        self.exact_tmp(v, ty).map(Some)
    }

    /// See [`exact`](Self::exact).
    pub(super) fn exact_tmp(&mut self, v: Val, ty: TypeId) -> Result<Tmp, Failed> {
        match self.types.shape(ty) {
            Some(s) if !v.exact => self.normalize(v.t, s),
            _ => Ok(v.t),
        }
    }

    /// An operand for an operation in a type at least as large, of which only the low bits matter. What is smaller than
    /// int counts as int, as C would have it.
    pub(super) fn widen(&mut self, v: Val, from: TypeId, to: IntShape) -> Result<Tmp, Failed> {
        let f = working_shape(self.shape(from));
        if to.size == 8 && f.size == 4 && !v.exact {
            self.normalize(v.t, f)
        } else {
            Ok(v.t)
        }
    }

    /// An operand for an operation of which all bits matter, done in `to`.
    fn operand(&mut self, v: Val, from: TypeId, to: IntShape) -> Result<Tmp, Failed> {
        let f = self.shape(from);
        let w = working_shape(to);
        if w.size == 8 {
            return self.widen(v, from, w);
        }
        let fits = v.exact && (f.signed == w.signed || (f.size < 4 && !f.signed));
        if fits {
            Ok(v.t)
        } else {
            self.normalize(v.t, w)
        }
    }

    /// Converts between scalar types: the result is exact.
    pub(super) fn coerce(&mut self, v: Val, from: TypeId, to: TypeId) -> Result<Tmp, Failed> {
        let (f, t) = (self.shape(from), self.shape(to));
        if t.size >= 8 {
            return self.widen(v, from, t);
        }
        let subset = f.size < t.size && (!f.signed || t.signed)
            || (f.size == t.size && f.signed == t.signed);
        if v.exact && subset {
            Ok(v.t)
        } else {
            self.normalize(v.t, t)
        }
    }

    pub(super) fn conversion(&mut self, e: &TExpr, x: &TExpr) -> Result<Option<Val>, Failed> {
        if self.types.is_void(e.ty) {
            if let Some(v) = self.value(x)? {
                self.free(v.t);
            }
            return Ok(None);
        }
        let v = self.need(x)?;
        let from_scalar = self.types.is_scalar(x.ty);
        let t = if self.types.is_scalar(e.ty) && from_scalar {
            self.coerce(v, x.ty, e.ty)?
        } else if from_scalar {
            self.exact_tmp(v, x.ty)?
        } else {
            v.t
        };
        // An address becomes a string, or a string an address.
        let string = self.types.is_string(e.ty);
        if let Some(s) = self.tmps.get_mut(t.0) {
            s.string = string;
        }
        Ok(Some(Val { t, exact: true }))
    }

    pub(super) fn arith(
        &mut self,
        ty: TypeId,
        op: Arith,
        l: &TExpr,
        r: &TExpr,
    ) -> Result<Val, Failed> {
        let a = self.need(l)?;
        let b = self.need(r)?;
        self.arith_vals(ty, op, (a, l.ty), (b, r.ty))
    }

    pub(super) fn arith_vals(
        &mut self,
        ty: TypeId,
        op: Arith,
        (a, at): (Val, TypeId),
        (b, bt): (Val, TypeId),
    ) -> Result<Val, Failed> {
        let s = self.shape(ty);
        let w = working_shape(s);
        let long = s.size == 8;
        let (op, all_bits) = match (op, w.signed) {
            (Arith::Add, _) => (Op::Add, false),
            (Arith::Sub, _) => (Op::Sub, false),
            (Arith::Mul, _) => (Op::Mul, false),
            (Arith::And, _) => (Op::And, false),
            (Arith::Or, _) => (Op::Or, false),
            (Arith::Xor, _) => (Op::Xor, false),
            (Arith::Shl, _) => (Op::Sll, false),
            (Arith::Shr, true) => (Op::Sra, true),
            (Arith::Shr, false) => (Op::Srl, true),
            (Arith::Div, true) => (Op::Sdiv, true),
            (Arith::Div, false) => (Op::Udiv, true),
            (Arith::Rem, true) => (Op::Srem, true),
            (Arith::Rem, false) => (Op::Urem, true),
        };
        let shift = matches!(op, Op::Sll | Op::Sra | Op::Srl);
        let same = |v: Val, t: TypeId, g: &Self| v.exact && g.shape(t) == s;
        let bitwise =
            matches!(op, Op::And | Op::Or | Op::Xor) && same(a, at, self) && same(b, bt, self);
        // Making one operand exact may move the other out: both are values by name, so that is no matter.
        let ta = if all_bits {
            self.operand(a, at, s)?
        } else {
            self.widen(a, at, s)?
        };
        let tb = match (shift, all_bits) {
            // A count's low six bits are right in any case.
            (true, _) => b.t,
            (false, true) => self.operand(b, bt, s)?,
            (false, false) => self.widen(b, bt, s)?,
        };
        let t = self.alu(op, ta, tb)?;
        let exact = long
            || bitwise
            || (s.size == 4 && matches!(op, Op::Srem | Op::Udiv | Op::Urem | Op::Sra | Op::Srl));
        Ok(Val { t, exact })
    }

    /// Sets the condition codes for the truth of an expression. Returns the branch that is taken where it is true.
    pub(super) fn test(&mut self, e: &TExpr) -> Result<Op, Failed> {
        match &e.kind {
            TKind::Compare { op, l, r, common } => {
                let s = self.shape(*common);
                let a = self.need(l)?;
                let b = self.need(r)?;
                let ta = self.operand(a, l.ty, s)?;
                let tb = self.operand(b, r.ty, s)?;
                self.compare(Op::Cmp, ta, tb)?;
                Ok(branch_op(*op, working_shape(s).signed))
            }
            TKind::StrCompare { op, l, r } => {
                let a = self.need(l)?;
                let b = self.need(r)?;
                self.compare(Op::Scmp, a.t, b.t)?;
                // Bytes are compared, and the sign of the difference is what `scmp` leaves.
                Ok(branch_op(*op, true))
            }
            TKind::LogNot(x) => {
                self.test_zero(x)?;
                Ok(Op::Be)
            }
            _ => {
                self.test_zero(e)?;
                Ok(Op::Bne)
            }
        }
    }

    fn test_zero(&mut self, e: &TExpr) -> Result<(), Failed> {
        let v = self.need(e)?;
        let s = self.shape(e.ty);
        let t = if v.exact {
            v.t
        } else {
            self.normalize(v.t, working_shape(s))?
        };
        let r = self.reg(t)?;
        self.emit(Insn::r(Op::Tst, r, 0, 0))?;
        self.unpin();
        self.free(t);
        Ok(())
    }

    fn compare(&mut self, op: Op, a: Tmp, b: Tmp) -> Result<(), Failed> {
        let (ra, rb) = (self.reg(a)?, self.reg(b)?);
        self.emit(Insn::r(op, ra, rb, 0))?;
        self.unpin();
        self.free(b);
        self.free(a);
        Ok(())
    }

    /// 0 or 1 for a comparison. Its operands come before the branch, so nothing pending needs to move.
    pub(super) fn compare_value(&mut self, e: &TExpr) -> Result<Tmp, Failed> {
        let op = self.test(e)?;
        // The operands' registers are free by now, so nothing is moved out between comparison and branch.
        let (yes, end) = (self.label(), self.label());
        let (t, r) = self.new_tmp(false)?;
        self.branch(op, yes)?;
        self.emit(Insn::r(Op::Mov, R0, 0, r))?;
        self.branch(Op::Ba, end)?;
        self.bind(yes);
        self.setx(1, r)?;
        self.bind(end);
        Ok(t)
    }
}
