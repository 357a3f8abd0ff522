//! Binary operators, conversions, and constant folding.
//!
//! Folding uses [`apply`], which does on constants exactly what DIF does in registers; so an expression has the same value
//! whether it is folded or not.

use super::Checker;
use super::expr::arith_of;
use super::tree::{Arith, Cmp, TExpr, TKind};
use crate::ast::BinaryOp;
use crate::diag::Tag;
use crate::source::Span;
use crate::types::{IntShape, Type, TypeId};

/// Truncates to the size and extends by the sign.
pub fn normalize(v: i64, s: IntShape) -> i64 {
    match (s.size, s.signed) {
        (1, true) => i64::from(v as i8),
        (1, false) => i64::from(v as u8),
        (2, true) => i64::from(v as i16),
        (2, false) => i64::from(v as u16),
        (4, true) => i64::from(v as i32),
        (4, false) => i64::from(v as u32),
        _ => v,
    }
}

/// One operation in 64-bit registers. `None`: division by zero.
pub fn apply(op: Arith, a: i64, b: i64, signed: bool) -> Option<i64> {
    Some(match op {
        Arith::Add => a.wrapping_add(b),
        Arith::Sub => a.wrapping_sub(b),
        Arith::Mul => a.wrapping_mul(b),
        Arith::Div | Arith::Rem if b == 0 => return None,
        Arith::Div if signed => a.wrapping_div(b),
        Arith::Div => ((a as u64) / (b as u64)) as i64,
        Arith::Rem if signed => a.wrapping_rem(b),
        Arith::Rem => ((a as u64) % (b as u64)) as i64,
        Arith::And => a & b,
        Arith::Or => a | b,
        Arith::Xor => a ^ b,
        Arith::Shl => a.wrapping_shl((b & 63) as u32),
        Arith::Shr if signed => a.wrapping_shr((b & 63) as u32),
        Arith::Shr => (a as u64).wrapping_shr((b & 63) as u32) as i64,
    })
}

/// One comparison of 64-bit values.
pub fn compare(op: Cmp, a: i64, b: i64, signed: bool) -> bool {
    let ord = if signed {
        a.cmp(&b)
    } else {
        (a as u64).cmp(&(b as u64))
    };
    match op {
        Cmp::Eq => ord.is_eq(),
        Cmp::Ne => ord.is_ne(),
        Cmp::Lt => ord.is_lt(),
        Cmp::Le => ord.is_le(),
        Cmp::Gt => ord.is_gt(),
        Cmp::Ge => ord.is_ge(),
    }
}

/// The integer type in which an operation on `common` is done: types smaller than int as int, like C, so that a sum of
/// two chars may be compared with 200 (the result has the small type all the same).
pub fn working_shape(s: IntShape) -> IntShape {
    if s.size < 4 {
        IntShape {
            size: 4,
            signed: true,
        }
    } else {
        s
    }
}

fn cmp_of(op: BinaryOp) -> Option<Cmp> {
    Some(match op {
        BinaryOp::Eq => Cmp::Eq,
        BinaryOp::Ne => Cmp::Ne,
        BinaryOp::Lt => Cmp::Lt,
        BinaryOp::Le => Cmp::Le,
        BinaryOp::Gt => Cmp::Gt,
        BinaryOp::Ge => Cmp::Ge,
        _ => return None,
    })
}

impl Checker<'_> {
    /// A constant of integer type; of types smaller than int it keeps what an int would.
    pub(super) fn folded(&mut self, v: i64, ty: TypeId, span: Span) -> TExpr {
        let v = match self.types.shape(ty) {
            Some(s) => normalize(v, working_shape(s)),
            None => v,
        };
        TExpr::new(TKind::Int(v), ty, span)
    }

    /// A scalar, converted to a scalar type.
    pub(super) fn convert(&mut self, e: TExpr, to: TypeId) -> TExpr {
        let span = e.span;
        // There is no value that could be converted; what is wrong is said when code is asked for.
        if matches!(e.kind, TKind::Xlate(_)) {
            return e;
        }
        let (from, target) = (self.types.shape(e.ty), self.types.shape(to));
        let is_bool = matches!(
            &*self.types.resolve(to),
            Type::Int {
                kind: crate::types::IntKind::Bool,
                ..
            }
        );
        if is_bool && from.is_some() && !self.is_bool(e.ty) {
            let zero = TExpr::new(TKind::Int(0), e.ty, span);
            let common = e.ty;
            let ne = self.compare_ints(Cmp::Ne, e, zero, common, span);
            return TExpr { ty: to, ..ne };
        }
        if let (Some(v), Some(t)) = (e.int(), target) {
            // Constants of small types may carry more bits than their type.
            return TExpr::new(TKind::Int(normalize(v, t)), to, span);
        }
        if e.ty == to {
            return e;
        }
        TExpr::new(TKind::Convert(Box::new(e)), to, span)
    }

    fn is_bool(&self, ty: TypeId) -> bool {
        matches!(
            &*self.types.resolve(ty),
            Type::Int {
                kind: crate::types::IntKind::Bool,
                ..
            }
        )
    }

    /// A binary operator.
    pub(super) fn binary(&mut self, op: BinaryOp, l: TExpr, r: TExpr, span: Span) -> TExpr {
        if self.types.is_error(l.ty) || self.types.is_error(r.ty) {
            return TExpr::error(span);
        }
        if let Some(cmp) = cmp_of(op) {
            return self.comparison(cmp, op, l, r, span);
        }
        let Some(arith) = arith_of(op) else {
            return self.logical(op, l, r, span);
        };
        let (l, r) = (self.decay(l), self.decay(r));
        let (li, ri) = (self.types.is_integer(l.ty), self.types.is_integer(r.ty));
        if li && ri {
            let ty = match arith {
                Arith::Shl | Arith::Shr => self.types.promote(l.ty, l.ty),
                _ => self.types.promote(l.ty, r.ty),
            };
            return self.arith(arith, l, r, ty, span);
        }
        let (lp, rp) = (self.types.is_pointer(l.ty), self.types.is_pointer(r.ty));
        match arith {
            Arith::Add if lp && ri => self.ptr_add(l, r, false, op, span),
            Arith::Add if li && rp => self.ptr_add(r, l, false, op, span),
            Arith::Sub if lp && ri => self.ptr_add(l, r, true, op, span),
            Arith::Sub if lp && rp => self.ptr_diff(l, r, span),
            Arith::Add | Arith::Sub => self.incompat(op, &l, &r, span),
            Arith::Mul | Arith::Div => self.bad(
                Tag::D_OP_ARITH,
                span,
                format!(
                    "operator {} requires operands of arithmetic type",
                    op.text()
                ),
            ),
            _ => self.bad(
                Tag::D_OP_INT,
                span,
                format!("operator {} requires operands of integral type", op.text()),
            ),
        }
    }

    fn incompat(&mut self, op: BinaryOp, l: &TExpr, r: &TExpr, span: Span) -> TExpr {
        let text = format!(
            "operands have incompatible types: \"{}\" {} \"{}\"",
            self.types.name(l.ty),
            op.text(),
            self.types.name(r.ty)
        );
        self.bad(Tag::D_OP_INCOMPAT, span, text)
    }

    /// Arithmetic on integers in type `ty`.
    pub(super) fn arith(&mut self, op: Arith, l: TExpr, r: TExpr, ty: TypeId, span: Span) -> TExpr {
        if matches!(op, Arith::Div | Arith::Rem) && r.int() == Some(0) {
            return self.bad(
                Tag::D_DIV_ZERO,
                span,
                "expression contains division by zero",
            );
        }
        let Some(shape) = self.types.shape(ty) else {
            return TExpr::error(span);
        };
        if let (Some(a), Some(b)) = (l.int(), r.int()) {
            let w = working_shape(shape);
            let signed = w.signed;
            let shift = matches!(op, Arith::Shl | Arith::Shr);
            let a = if w.size == 4 { normalize(a, w) } else { a };
            let b = if shift || w.size != 4 {
                b
            } else {
                normalize(b, w)
            };
            return match apply(op, a, b, signed) {
                Some(v) => self.folded(v, ty, span),
                None => self.bad(
                    Tag::D_DIV_ZERO,
                    span,
                    "expression contains division by zero",
                ),
            };
        }
        TExpr::new(TKind::Arith(op, Box::new(l), Box::new(r)), ty, span)
    }

    fn ptr_add(&mut self, ptr: TExpr, index: TExpr, neg: bool, op: BinaryOp, span: Span) -> TExpr {
        let Some(size) = self.pointer_step(ptr.ty, op.text(), span) else {
            return TExpr::error(span);
        };
        let ty = ptr.ty;
        if let Some(v) = index.int() {
            let by = v.wrapping_mul(i64::from(size));
            let by = if neg { by.wrapping_neg() } else { by };
            return TExpr::new(TKind::Offset(Box::new(ptr), by), ty, span);
        }
        TExpr::new(
            TKind::PtrAdd {
                ptr: Box::new(ptr),
                index: Box::new(index),
                size,
                neg,
            },
            ty,
            span,
        )
    }

    fn ptr_diff(&mut self, l: TExpr, r: TExpr, span: Span) -> TExpr {
        let same = match (self.types.pointee(l.ty), self.types.pointee(r.ty)) {
            (Some(a), Some(b)) => self.types.same(a, b),
            _ => false,
        };
        if !same {
            return self.incompat(BinaryOp::Sub, &l, &r, span);
        }
        let Some(size) = self.pointer_step(l.ty, "-", span) else {
            return TExpr::error(span);
        };
        if size == 0 {
            return self.bad(
                Tag::D_DIV_ZERO,
                span,
                "difference of pointers to objects without size",
            );
        }
        let ty = self.types.own_plain("ptrdiff_t").unwrap_or(TypeId::LONG);
        TExpr::new(
            TKind::PtrDiff {
                l: Box::new(l),
                r: Box::new(r),
                size,
            },
            ty,
            span,
        )
    }

    fn logical(&mut self, op: BinaryOp, l: TExpr, r: TExpr, span: Span) -> TExpr {
        let (l, r) = (self.decay(l), self.decay(r));
        if !self.types.is_scalar(l.ty) || !self.types.is_scalar(r.ty) {
            return self.bad(
                Tag::D_OP_SCALAR,
                span,
                format!("operator {} requires operands of scalar type", op.text()),
            );
        }
        let int = |v: bool| TExpr::new(TKind::Int(i64::from(v)), TypeId::INT, span);
        let (a, b) = (l.int().map(|v| v != 0), r.int().map(|v| v != 0));
        match (op, a, b) {
            (BinaryOp::LogAnd, Some(false), _) => return int(false),
            (BinaryOp::LogOr, Some(true), _) => return int(true),
            (BinaryOp::LogAnd, Some(a), Some(b)) => return int(a && b),
            (BinaryOp::LogOr, Some(a), Some(b)) => return int(a || b),
            (BinaryOp::LogXor, Some(a), Some(b)) => return int(a != b),
            _ => {}
        }
        let (l, r) = (Box::new(l), Box::new(r));
        let kind = match op {
            BinaryOp::LogAnd => TKind::LogAnd(l, r),
            BinaryOp::LogOr => TKind::LogOr(l, r),
            _ => TKind::LogXor(l, r),
        };
        TExpr::new(kind, TypeId::INT, span)
    }

    fn comparison(&mut self, cmp: Cmp, op: BinaryOp, l: TExpr, r: TExpr, span: Span) -> TExpr {
        let (ls, rs) = (self.types.is_string(l.ty), self.types.is_string(r.ty));
        if (ls || rs) && self.types.is_string_like(l.ty) && self.types.is_string_like(r.ty) {
            let (ls, rs) = (l.span, r.span);
            let (l, r) = (self.as_string(l, ls), self.as_string(r, rs));
            return TExpr::new(
                TKind::StrCompare {
                    op: cmp,
                    l: Box::new(l),
                    r: Box::new(r),
                },
                TypeId::INT,
                span,
            );
        }
        // `strstr(a, b) != NULL` compares the address.
        if (ls && r.int() == Some(0) || rs && l.int() == Some(0))
            && matches!(cmp, Cmp::Eq | Cmp::Ne)
        {
            let (l, r) = (
                self.convert(l, TypeId::VOID_PTR),
                self.convert(r, TypeId::VOID_PTR),
            );
            return self.compare_ints(cmp, l, r, TypeId::VOID_PTR, span);
        }
        let (l, r) = (self.decay(l), self.decay(r));
        if self.types.is_integer(l.ty) && self.types.is_integer(r.ty) {
            let common = self.types.promote(l.ty, r.ty);
            return self.compare_ints(cmp, l, r, common, span);
        }
        if let Some(common) = self.common_pointer(&l, &r) {
            return self.compare_ints(cmp, l, r, common, span);
        }
        self.incompat(op, &l, &r, span)
    }

    fn compare_ints(&mut self, op: Cmp, l: TExpr, r: TExpr, common: TypeId, span: Span) -> TExpr {
        if let (Some(a), Some(b), Some(s)) = (l.int(), r.int(), self.types.shape(common)) {
            let w = working_shape(s);
            let v = compare(op, normalize(a, w), normalize(b, w), w.signed);
            return TExpr::new(TKind::Int(i64::from(v)), TypeId::INT, span);
        }
        TExpr::new(
            TKind::Compare {
                op,
                l: Box::new(l),
                r: Box::new(r),
                common,
            },
            TypeId::INT,
            span,
        )
    }

    /// The pointer type that two operands have in common, one of which may be an integer.
    pub(super) fn common_pointer(&self, l: &TExpr, r: &TExpr) -> Option<TypeId> {
        let t = &self.types;
        match (t.pointee(l.ty), t.pointee(r.ty)) {
            (Some(a), Some(b)) if t.same(a, b) || t.is_void(b) => Some(l.ty),
            (Some(a), Some(_)) if t.is_void(a) => Some(r.ty),
            (Some(_), None) if t.is_integer(r.ty) => Some(l.ty),
            (None, Some(_)) if t.is_integer(l.ty) => Some(r.ty),
            _ => None,
        }
    }

    /// What is assigned, converted to the type of what it is assigned to. `Err` gives the expression back.
    pub(super) fn assign_conv(&mut self, e: TExpr, to: TypeId) -> Result<TExpr, TExpr> {
        let t = &self.types;
        if t.is_error(e.ty) || t.is_error(to) {
            return Ok(e);
        }
        let zero = e.int() == Some(0);
        if t.is_integer(to) && t.is_integer(e.ty) {
            return Ok(self.convert(e, to));
        }
        if t.is_string(to) {
            if t.is_string_like(e.ty) || zero {
                let span = e.span;
                return Ok(self.as_string(e, span));
            }
            return Err(e);
        }
        if let Type::Ptr(target) = &*t.resolve(to) {
            if t.is_string(e.ty) {
                if t.is_char(*target) || t.is_void(*target) {
                    let span = e.span;
                    return Ok(TExpr::new(TKind::Convert(Box::new(e)), to, span));
                }
                return Err(e);
            }
            // Addresses come as integers from arg0 and its like.
            if zero
                || t.shape(e.ty)
                    .is_some_and(|s| s.size == 8 && t.is_integer(e.ty))
            {
                return Ok(self.convert(e, to));
            }
            if let Some(from) = t.pointee(e.ty)
                && (t.same(from, *target) || t.is_void(from) || t.is_void(*target))
            {
                let e = self.decay(e);
                return Ok(self.convert(e, to));
            }
        }
        if t.is_sou(to) && t.same(to, e.ty) {
            return Ok(e);
        }
        Err(e)
    }
}
