//! Assignment, `++` and `--`: the operators that need something to write to.

use super::expr::{agg_text, arith_of};
use super::name::var_ref;
use super::tree::{Arith, TExpr, TKind};
use super::{Checker, Global};
use crate::ast::{BinaryOp, Expr, ExprKind};
use crate::diag::Tag;
use crate::program::Scope;
use crate::source::Span;
use crate::types::TypeId;

impl Checker<'_> {
    pub(super) fn inc_dec(&mut self, inc: bool, prefix: bool, x: &Expr, span: Span) -> TExpr {
        let op = if inc { "++" } else { "--" };
        // The first ++ declares.
        if !self.declare_by_use(x, TypeId::INT64) {
            return TExpr::error(span);
        }
        let lv = self.expr(x);
        if self.types.is_error(lv.ty) || !self.check_lvalue(&lv, op, span) {
            return TExpr::error(span);
        }
        let by = if self.types.is_integer(lv.ty) {
            1
        } else {
            match self.pointer_step(lv.ty, op, span) {
                Some(n) => i64::from(n),
                None => return TExpr::error(span),
            }
        };
        let ty = lv.ty;
        TExpr::new(
            TKind::IncDec {
                lv: Box::new(lv),
                by: if inc { by } else { -by },
                prefix,
            },
            ty,
            span,
        )
    }

    /// What `p + 1` adds to a pointer. `None`: reported.
    pub(super) fn pointer_step(&mut self, ty: TypeId, op: &str, span: Span) -> Option<u32> {
        let Some(to) = self.types.pointee(ty).filter(|_| self.types.is_pointer(ty)) else {
            self.err(
                Tag::D_OP_SCALAR,
                span,
                format!("operator {op} requires operands of scalar type"),
            );
            return None;
        };
        if self.types.is_void(to) || self.types.is_func(to) {
            self.err(
                Tag::D_OP_VFPTR,
                span,
                format!(
                    "operator {op} cannot be applied to a pointer to {}",
                    self.types.name(to)
                ),
            );
            return None;
        }
        let size = self.types.size_of(to);
        if size.is_none() {
            let text = format!(
                "operator {op} cannot be applied to a pointer to the incomplete type {}",
                self.types.name(to)
            );
            self.err(Tag::D_OP_INCOMPLETE, span, text);
        }
        size
    }

    /// Whether it can be assigned to; reports if not.
    pub(super) fn check_lvalue(&mut self, lv: &TExpr, op: &str, span: Span) -> bool {
        if let TKind::Builtin(var) = lv.kind {
            let text = format!(
                "operator {op} may not be applied to the read-only variable {}",
                var.name()
            );
            self.err(Tag::D_OP_WRITE, span, text);
            return false;
        }
        if !lv.is_lvalue() {
            self.err(
                Tag::D_OP_LVAL,
                span,
                format!("operator {op} requires modifiable lvalue as an operand"),
            );
            return false;
        }
        if self.types.is_array(lv.ty) || self.types.is_sou(lv.ty) || self.types.is_func(lv.ty) {
            self.err(
                Tag::D_OP_ARRFUN,
                span,
                format!(
                    "operator {op} may not be applied to an operand of type {}",
                    self.types.name(lv.ty)
                ),
            );
            return false;
        }
        true
    }

    pub(super) fn assign(&mut self, lhs: &Expr, rhs: &Expr, span: Span) -> TExpr {
        if let ExprKind::Agg { name, .. } = &lhs.kind {
            let text = format!(
                "aggregation @{} may only be assigned to in a statement of its own",
                agg_text(&name.name)
            );
            return self.bad(Tag::D_AGG_COM, span, text);
        }
        let r = self.expr(rhs);
        if !self.declare_by_use(lhs, r.ty) {
            return TExpr::error(span);
        }
        let lv = self.expr(lhs);
        if self.types.is_error(lv.ty) || self.types.is_error(r.ty) {
            return TExpr::error(span);
        }
        if self.types.is_sou(lv.ty) && self.types.same(lv.ty, r.ty) && lv.is_lvalue() {
            let ty = lv.ty;
            return TExpr::new(TKind::Assign(Box::new(lv), Box::new(r)), ty, span);
        }
        if !self.check_lvalue(&lv, "=", span) {
            return TExpr::error(span);
        }
        let ty = lv.ty;
        match self.assign_conv(r, ty) {
            Ok(r) => TExpr::new(TKind::Assign(Box::new(lv), Box::new(r)), ty, span),
            Err(r) => {
                let text = format!(
                    "operands have incompatible types: \"{}\" = \"{}\"",
                    self.types.name(ty),
                    self.types.name(r.ty)
                );
                self.bad(Tag::D_OP_INCOMPAT, span, text)
            }
        }
    }

    pub(super) fn assign_op(&mut self, op: BinaryOp, lhs: &Expr, rhs: &Expr, span: Span) -> TExpr {
        let text = format!("{}=", op.text());
        if matches!(lhs.kind, ExprKind::Agg { .. }) {
            return self.bad(
                Tag::D_AGG_NULL,
                span,
                format!("operator {text} may not be applied to an aggregation"),
            );
        }
        let r = self.expr(rhs);
        // As with ++: a variable that nobody assigned starts at zero.
        if let Some(v) = var_ref(lhs)
            && v.scope == Scope::Global
            && self
                .globals
                .get(v.name)
                .is_none_or(|g| matches!(g, Global::Var(_)) || self.gives_way(v.name))
            && !self.declare_by_use(lhs, TypeId::INT64)
        {
            return TExpr::error(span);
        }
        let lv = self.expr(lhs);
        if self.types.is_error(lv.ty)
            || self.types.is_error(r.ty)
            || !self.check_lvalue(&lv, &text, span)
        {
            return TExpr::error(span);
        }
        let ty = lv.ty;
        let Some(arith) = arith_of(op) else {
            return TExpr::error(span);
        };
        if self.types.is_pointer(ty)
            && matches!(arith, Arith::Add | Arith::Sub)
            && self.types.is_integer(r.ty)
        {
            let Some(step) = self.pointer_step(ty, &text, span) else {
                return TExpr::error(span);
            };
            let r = self.convert(r, TypeId::LONG);
            let size = TExpr::new(TKind::Int(i64::from(step)), TypeId::LONG, span);
            let r = self.arith(Arith::Mul, r, size, TypeId::LONG, span);
            return TExpr::new(
                TKind::AssignOp {
                    lv: Box::new(lv),
                    op: arith,
                    rhs: Box::new(r),
                    common: ty,
                },
                ty,
                span,
            );
        }
        if !self.types.is_integer(ty) || !self.types.is_integer(r.ty) {
            let text = format!(
                "operands have incompatible types: \"{}\" {text} \"{}\"",
                self.types.name(ty),
                self.types.name(r.ty)
            );
            return self.bad(Tag::D_OP_INCOMPAT, span, text);
        }
        if matches!(arith, Arith::Div | Arith::Rem) && r.int() == Some(0) {
            return self.bad(
                Tag::D_DIV_ZERO,
                span,
                "expression contains division by zero",
            );
        }
        let common = match arith {
            Arith::Shl | Arith::Shr => self.types.promote(ty, ty),
            _ => self.types.promote(ty, r.ty),
        };
        TExpr::new(
            TKind::AssignOp {
                lv: Box::new(lv),
                op: arith,
                rhs: Box::new(r),
                common,
            },
            ty,
            span,
        )
    }
}
