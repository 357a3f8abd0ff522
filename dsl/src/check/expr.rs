//! Expressions: one function per form. Operators stand in `ops.rs`, calls in `func.rs`, names in `name.rs`.

use super::name::var_ref;
use super::tree::{Arith, Bits, TExpr, TKind};
use super::{Checker, Global};
use crate::ast::{self, BinaryOp, Expr, ExprKind, Ident, UnaryOp};
use crate::builtin::{ActionRow, AggRow, VarRow};
use crate::diag::{Diag, Tag};
use crate::source::Span;
use crate::types::{Type, TypeId, fit_literal};

/// The parser bounds the depth of what is written; inline definitions within one another could still go deeper.
const MAX_TREE: u32 = crate::ast::MAX_DEPTH + 64;

impl Checker<'_> {
    /// Checks an expression.
    pub(super) fn expr(&mut self, e: &Expr) -> TExpr {
        self.depth += 1;
        let t = if self.depth > MAX_TREE {
            self.bad(Tag::D_UNKNOWN, e.span, "expression is nested too deeply")
        } else {
            self.expr_inner(e)
        };
        self.depth -= 1;
        t
    }

    fn expr_inner(&mut self, e: &Expr) -> TExpr {
        let span = e.span;
        match &e.kind {
            ExprKind::Int(lit) => {
                let decimal = lit.radix == ast::Radix::Decimal;
                match fit_literal(lit.value, decimal, lit.unsigned, lit.longs) {
                    Some(ty) => TExpr::new(TKind::Int(lit.value as i64), ty, span),
                    None => {
                        let text = format!(
                            "integer constant {:#x} cannot be represented in any built-in integral type",
                            lit.value
                        );
                        self.bad(Tag::D_INT_OFLOW, span, text)
                    }
                }
            }
            ExprKind::Char(v) => TExpr::new(TKind::Int(*v), TypeId::INT, span),
            ExprKind::Str(bytes) => {
                TExpr::new(TKind::Str(bytes.as_slice().into()), TypeId::STRING, span)
            }
            ExprKind::Name(n) => self.name(n),
            ExprKind::Scoped { scope, name } => self.scoped(*scope, name, span),
            ExprKind::Agg { name, .. } => {
                let text = format!(
                    "aggregation @{} may not be used in a D expression",
                    agg_text(&name.name)
                );
                self.bad(Tag::D_IDENT_BADREF, span, text)
            }
            ExprKind::Unary(op, x) => self.unary(*op, x, span),
            ExprKind::IncDec {
                inc,
                prefix,
                operand,
            } => self.inc_dec(*inc, *prefix, operand, span),
            ExprKind::Binary(op, l, r) => {
                let l = self.expr(l);
                let r = self.expr(r);
                self.binary(*op, l, r, span)
            }
            ExprKind::Assign { op: None, lhs, rhs } => self.assign(lhs, rhs, span),
            ExprKind::Assign {
                op: Some(op),
                lhs,
                rhs,
            } => self.assign_op(*op, lhs, rhs, span),
            ExprKind::Ternary { cond, yes, no } => self.ternary(cond, yes, no, span),
            ExprKind::Comma(l, r) => {
                let l = self.expr(l);
                let r = self.expr(r);
                let ty = r.ty;
                TExpr::new(TKind::Comma(Box::new(l), Box::new(r)), ty, span)
            }
            ExprKind::Call { func, args } => self.call(func, args, span),
            ExprKind::Index { base, keys } => self.index(base, keys, span),
            ExprKind::Member {
                base,
                arrow,
                member,
            } => self.member(base, *arrow, member, span),
            ExprKind::Cast { ty, operand } => self.cast(ty, operand, span),
            ExprKind::SizeofType(ty) => {
                let Some(t) = self.type_name(ty) else {
                    return TExpr::error(span);
                };
                self.sizeof(t, span)
            }
            ExprKind::SizeofExpr(x) => self.sizeof_expr(x, span),
            ExprKind::Stringof(x) => {
                let x = self.expr(x);
                self.stringof(x, span)
            }
            ExprKind::Offsetof { ty, member } => self.offsetof(ty, member, span),
            ExprKind::Xlate { ty, operand } => self.xlate(ty, operand, span),
            ExprKind::Error => TExpr::error(span),
        }
    }

    /// An integer constant expression.
    pub(super) fn const_expr(&mut self, e: &Expr) -> Option<i64> {
        self.expr(e).int()
    }

    /// The object of type `ty` at an address.
    pub(super) fn load_at(&mut self, addr: TExpr, ty: TypeId, span: Span) -> TExpr {
        let addr = Box::new(addr);
        match &*self.types.resolve(ty) {
            Type::Int {
                size: 1 | 2 | 4 | 8,
                ..
            }
            | Type::Ptr(_) => TExpr::new(TKind::Load(addr), ty, span),
            Type::Enum(e) if matches!(e.size, 1 | 2 | 4 | 8) => {
                TExpr::new(TKind::Load(addr), ty, span)
            }
            Type::Array { .. }
            | Type::Sou(_)
            | Type::Func(_)
            | Type::Float { .. }
            | Type::String => TExpr::new(TKind::At(addr), ty, span),
            Type::Error => TExpr::error(span),
            _ => {
                let text = format!("a value of type {} cannot be loaded", self.types.name(ty));
                self.bad(Tag::D_OP_INCOMPLETE, span, text)
            }
        }
    }

    /// An array becomes a pointer to its first element, a function its address.
    pub(super) fn decay(&mut self, e: TExpr) -> TExpr {
        if matches!(e.kind, TKind::Xlate(_)) {
            return e;
        }
        let to = match &*self.types.resolve(e.ty) {
            Type::Array { elem, .. } => self.types.ptr(*elem),
            Type::Func(_) => self.types.ptr(e.ty),
            _ => return e,
        };
        let span = e.span;
        match e.kind {
            TKind::At(addr) => TExpr { ty: to, ..*addr },
            // The value of an array variable is its address.
            kind @ (TKind::Var(_) | TKind::Assoc(..)) => TExpr::new(kind, to, span),
            kind => TExpr::new(
                TKind::Convert(Box::new(TExpr::new(kind, e.ty, span))),
                to,
                span,
            ),
        }
    }

    fn index(&mut self, base: &Expr, keys: &[Expr], span: Span) -> TExpr {
        if let ExprKind::Name(n) = &base.kind
            && n.scope.is_none()
            && !self.globals.contains_key(&n.name)
            && let Some(row) = VarRow::by_name(&n.name)
            && matches!(
                row.ty,
                crate::builtin::VarType::Args | crate::builtin::VarType::Array(_)
            )
        {
            return self.builtin_index(row, keys, span);
        }
        if let ExprKind::Name(n) = &base.kind
            && n.scope.is_none()
            && let Some(Global::Inline(def)) = self.globals.get(&n.name)
            && !def.params.is_empty()
        {
            return self.inline_use(&n.name, keys, span);
        }
        if let Some(r) = var_ref(base)
            && r.keys.is_none()
            && let Some(v) = self.lookup(r.scope, r.name)
            && self.vars.get(v).is_some_and(|v| v.tuple.is_some())
        {
            return self.assoc(v, keys, span);
        }
        if let ExprKind::Agg { name, .. } = &base.kind {
            let text = format!(
                "aggregation @{} has more than one list of keys",
                agg_text(&name.name)
            );
            return self.bad(Tag::D_AGG_MDIM, span, text);
        }
        let base = self.expr(base);
        let [key] = keys else {
            return self.bad(
                Tag::D_PROTO_LEN,
                span,
                "an array that is not associative takes one index",
            );
        };
        let key = self.expr(key);
        if self.types.is_error(base.ty) || self.types.is_error(key.ty) {
            return TExpr::error(span);
        }
        // Only of a variable of D's: arrays at the end of the kernel's structures are longer than they say.
        if matches!(base.kind, TKind::Var(_) | TKind::Assoc(..))
            && let Type::Array { len, .. } = &*self.types.resolve(base.ty)
            && let Some(i) = key.int()
            && !(0..i64::from(*len)).contains(&i)
        {
            let text = format!("index {i} is outside of the array, which has {len} elements");
            return self.bad(Tag::D_ARR_BOUNDS, span, text);
        }
        let ptr = self.decay(base);
        if !self.types.is_pointer(ptr.ty) {
            let text = format!(
                "operator [ ] cannot be applied to a value of type {}",
                self.types.name(ptr.ty)
            );
            return self.bad(Tag::D_OP_PTR, span, text);
        }
        let sum = self.binary(BinaryOp::Add, ptr, key, span);
        self.deref(sum, span)
    }

    /// `*p`
    pub(super) fn deref(&mut self, ptr: TExpr, span: Span) -> TExpr {
        if self.types.is_error(ptr.ty) {
            return TExpr::error(span);
        }
        let ptr = self.decay(ptr);
        let Some(to) = self.types.pointee(ptr.ty) else {
            let text = format!(
                "cannot dereference non-pointer type {}",
                self.types.name(ptr.ty)
            );
            return self.bad(Tag::D_DEREF_NONPTR, span, text);
        };
        if self.types.is_void(to) || self.types.is_func(to) {
            let text = format!("cannot dereference pointer to {}", self.types.name(to));
            let tag = if self.types.is_void(to) {
                Tag::D_DEREF_VOID
            } else {
                Tag::D_DEREF_FUNC
            };
            return self.bad(tag, span, text);
        }
        self.load_at(ptr, to, span)
    }

    /// `base.member`, `base->member`
    fn member(&mut self, base: &Expr, arrow: bool, member: &Ident, span: Span) -> TExpr {
        let mut base = self.expr(base);
        // What has to be evaluated before a translated value still comes first.
        let mut before = Vec::new();
        while let TKind::Comma(first, value) = base.kind {
            if !matches!(value.kind, TKind::Xlate(_) | TKind::Comma(..)) {
                base.kind = TKind::Comma(first, value);
                break;
            }
            before.push(*first);
            base = *value;
        }
        let value = self.member_of(base, arrow, member, span);
        super::inline::sequence(before, value)
    }

    pub(super) fn member_of(
        &mut self,
        base: TExpr,
        arrow: bool,
        member: &Ident,
        span: Span,
    ) -> TExpr {
        if self.types.is_error(base.ty) {
            return TExpr::error(span);
        }
        let op = if arrow { "->" } else { "." };
        if let TKind::Xlate(input) = &base.kind
            && arrow == self.types.is_pointer(base.ty)
        {
            let sou = self.types.pointee(base.ty).unwrap_or(base.ty);
            return self.xlate_member(sou, input, member, span);
        }
        let (addr, sou) = if arrow {
            let ptr = self.decay(base);
            match self.types.pointee(ptr.ty) {
                Some(to) if self.types.is_sou(to) => (ptr, to),
                _ => {
                    let text = format!(
                        "operator -> cannot be applied to type \"{}\"; must be applied to a pointer to struct or union",
                        self.types.name(ptr.ty)
                    );
                    return self.bad(Tag::D_OP_SOU, span, text);
                }
            }
        } else {
            let ty = base.ty;
            match base.kind {
                TKind::At(addr) if self.types.is_sou(ty) => (*addr, ty),
                // The value of a struct variable is its address.
                kind @ (TKind::Var(_) | TKind::Assoc(..) | TKind::Cond(..) | TKind::Comma(..))
                    if self.types.is_sou(ty) =>
                {
                    (TExpr::new(kind, self.types.ptr(ty), span), ty)
                }
                _ => {
                    let hint = if self.types.is_pointer(ty) {
                        "; use ->"
                    } else {
                        ""
                    };
                    let text = format!(
                        "operator {op} cannot be applied to type \"{}\"; must be applied to a struct or union{hint}",
                        self.types.name(ty)
                    );
                    return self.bad(Tag::D_OP_SOU, span, text);
                }
            }
        };
        let Some(field) = self.types.member(sou, &member.name) else {
            let name = self.types.name(self.types.unqualified(sou));
            if let Type::Sou(s) = &*self.types.resolve(sou)
                && s.body.is_none()
            {
                let text = format!(
                    "operator {op} cannot be applied to a forward declaration: no {name} definition is available"
                );
                return self.bad(Tag::D_OP_INCOMPLETE, span, text);
            }
            let names = self.types.member_names(sou);
            let mut d = Diag::new(
                Tag::D_TYPE_MEMBER,
                member.span,
                format!("{} is not a member of {name}", member.name),
            );
            if let Some(near) = super::name::nearest(&member.name, names.iter().map(|n| &**n)) {
                d = d.note(format!("did you mean {near}?"));
            }
            self.report(d);
            return TExpr::error(span);
        };
        if field.bit_size > 0 || field.bit_offset % 8 != 0 {
            return self.bit_field(addr, &field, span);
        }
        let ptr_ty = self.types.ptr(field.ty);
        let addr = TExpr::new(
            TKind::Offset(Box::new(addr), i64::from(field.bit_offset / 8)),
            ptr_ty,
            span,
        );
        self.load_at(addr, field.ty, span)
    }

    fn bit_field(&mut self, addr: TExpr, field: &crate::types::Field, span: Span) -> TExpr {
        let Some(shape) = self.types.shape(field.ty) else {
            return self.bad(
                Tag::D_DECL_BFTYPE,
                span,
                "bit-field of a type that is no integer",
            );
        };
        let width = if field.bit_size == 0 {
            shape.size * 8
        } else {
            field.bit_size
        };
        // The smallest aligned unit that holds the whole field.
        let unit = [1u32, 2, 4, 8].into_iter().find(|unit| {
            let start = field.bit_offset / (unit * 8) * (unit * 8);
            field.bit_offset.saturating_add(width) <= start.saturating_add(unit * 8)
        });
        // A packed struct can have it across two of those: from its first byte on then, which may take a ninth byte.
        let (unit, start) = match unit {
            Some(unit) => (unit, field.bit_offset / (unit * 8) * unit),
            None => {
                let bits = field.bit_offset % 8 + width;
                let unit = [2, 4, 8].into_iter().find(|unit| bits <= unit * 8);
                (unit.unwrap_or(8), field.bit_offset / 8)
            }
        };
        let bits = Bits {
            unit,
            lo: field.bit_offset - start * 8,
            width,
            signed: shape.signed,
        };
        let ptr_ty = self.types.ptr(field.ty);
        let addr = TExpr::new(
            TKind::Offset(Box::new(addr), i64::from(start)),
            ptr_ty,
            span,
        );
        TExpr::new(TKind::BitField(Box::new(addr), bits), field.ty, span)
    }

    fn cast(&mut self, ty: &ast::TypeName, operand: &Expr, span: Span) -> TExpr {
        let to = self.type_name(ty);
        let e = self.expr(operand);
        let Some(to) = to else {
            return TExpr::error(span);
        };
        if self.types.is_error(e.ty) || self.types.is_error(to) {
            return TExpr::error(span);
        }
        let to = self.types.unqualified(to);
        if self.types.is_string(to) {
            return self.stringof(e, span);
        }
        if self.types.is_void(to) {
            return TExpr::new(TKind::Convert(Box::new(e)), to, span);
        }
        let from_ok = self.types.is_scalar(e.ty)
            || self.types.is_array(e.ty)
            || self.types.is_func(e.ty)
            || (self.types.is_string(e.ty)
                && (self.types.is_pointer(to) || self.types.size_of(to) == Some(8)));
        if !self.types.is_scalar(to) || !from_ok {
            let text = format!(
                "invalid cast expression: \"{}\" to \"{}\"",
                self.types.name(e.ty),
                self.types.name(to)
            );
            return self.bad(Tag::D_CAST_INVAL, span, text);
        }
        let e = self.decay(e);
        let mut e = self.convert(e, to);
        e.span = span;
        e
    }

    /// `sizeof (name)` may be of a type that the parser does not know.
    fn sizeof_expr(&mut self, x: &Expr, span: Span) -> TExpr {
        if let ExprKind::Name(n) = &x.kind
            && (n.scope.is_some()
                || (!self.globals.contains_key(&n.name) && VarRow::by_name(&n.name).is_none()))
            && let Some(t) = self
                .types
                .plain(n.scope.as_deref().filter(|s| !s.is_empty()), &n.name)
        {
            return self.sizeof(t, span);
        }
        let e = self.expr(x);
        if matches!(e.kind, TKind::BitField(..)) {
            return self.bad(
                Tag::D_SIZEOF_BITFIELD,
                span,
                "cannot apply sizeof to a bit-field",
            );
        }
        self.sizeof(e.ty, span)
    }

    fn sizeof(&mut self, ty: TypeId, span: Span) -> TExpr {
        if self.types.is_error(ty) {
            return TExpr::error(span);
        }
        let size = self.types.size_of(ty);
        match size {
            Some(n) => TExpr::new(
                TKind::Int(i64::from(n)),
                self.types.own_plain("size_t").unwrap_or(TypeId::ULONG),
                span,
            ),
            None => self.bad(
                Tag::D_SIZEOF_TYPE,
                span,
                "cannot apply sizeof to an operand of unknown size",
            ),
        }
    }

    /// `stringof x`, `(string)x`
    pub(super) fn stringof(&mut self, e: TExpr, span: Span) -> TExpr {
        if self.types.is_error(e.ty) {
            return TExpr::error(span);
        }
        if !self.types.is_scalar(e.ty)
            && !self.types.is_string_like(e.ty)
            && !self.types.is_array(e.ty)
        {
            let text = format!(
                "cannot apply stringof to a value of type {}",
                self.types.name(e.ty)
            );
            return self.bad(Tag::D_STRINGOF_TYPE, span, text);
        }
        self.as_string(e, span)
    }

    /// The same address, as a string.
    pub(super) fn as_string(&mut self, e: TExpr, span: Span) -> TExpr {
        if self.types.is_string(e.ty) {
            return e;
        }
        let e = self.decay(e);
        let e = if self.types.is_pointer(e.ty) {
            e
        } else {
            self.convert(e, TypeId::VOID_PTR)
        };
        TExpr::new(TKind::Convert(Box::new(e)), TypeId::STRING, span)
    }

    fn offsetof(&mut self, ty: &ast::TypeName, member: &Ident, span: Span) -> TExpr {
        let Some(t) = self.type_name(ty) else {
            return TExpr::error(span);
        };
        if !self.types.is_sou(t) {
            return self.bad(
                Tag::D_OFFSETOF_TYPE,
                span,
                "offsetof operand must be a struct or union type",
            );
        }
        let Some(field) = self.types.member(t, &member.name) else {
            let text = format!("{} is not a member of {}", member.name, self.types.name(t));
            return self.bad(Tag::D_TYPE_MEMBER, member.span, text);
        };
        if field.bit_size != 0 {
            return self.bad(
                Tag::D_OFFSETOF_BITFIELD,
                span,
                "cannot take offset of a bit-field",
            );
        }
        let ty = self.types.own_plain("size_t").unwrap_or(TypeId::ULONG);
        TExpr::new(TKind::Int(i64::from(field.bit_offset / 8)), ty, span)
    }

    fn unary(&mut self, op: UnaryOp, x: &Expr, span: Span) -> TExpr {
        if op == UnaryOp::AddrOf {
            return self.addr_of(x, span);
        }
        let e = self.expr(x);
        if self.types.is_error(e.ty) {
            return TExpr::error(span);
        }
        let integer = self.types.is_integer(e.ty);
        let promoted = |c: &Self, e: &TExpr| {
            if c.types.is_integer(e.ty) {
                c.types.promote(e.ty, e.ty)
            } else {
                e.ty
            }
        };
        let need = |c: &mut Self, tag, what: &str| {
            c.bad(
                tag,
                span,
                format!("operator {} requires an operand of {what} type", op.text()),
            )
        };
        match op {
            UnaryOp::Deref => self.deref(e, span),
            UnaryOp::Plus if integer => e,
            UnaryOp::Neg if integer => {
                let ty = promoted(self, &e);
                match e.int() {
                    Some(v) => self.folded(v.wrapping_neg(), ty, span),
                    None => TExpr::new(TKind::Neg(Box::new(e)), ty, span),
                }
            }
            UnaryOp::BitNot if integer => {
                let ty = promoted(self, &e);
                match e.int() {
                    Some(v) => self.folded(!v, ty, span),
                    None => TExpr::new(TKind::BitNot(Box::new(e)), ty, span),
                }
            }
            UnaryOp::Not => {
                let e = self.decay(e);
                if !self.types.is_scalar(e.ty) {
                    return need(self, Tag::D_OP_SCALAR, "scalar");
                }
                match e.int() {
                    Some(v) => TExpr::new(TKind::Int(i64::from(v == 0)), TypeId::INT, span),
                    None => TExpr::new(TKind::LogNot(Box::new(e)), TypeId::INT, span),
                }
            }
            UnaryOp::BitNot => need(self, Tag::D_OP_INT, "integral"),
            UnaryOp::Plus | UnaryOp::Neg => need(self, Tag::D_OP_ARITH, "arithmetic"),
            UnaryOp::AddrOf => TExpr::error(span),
        }
    }

    fn addr_of(&mut self, x: &Expr, span: Span) -> TExpr {
        if let ExprKind::Name(n) = &x.kind
            && n.scope.is_some()
        {
            let Some((addr, ty)) = self.symbol_addr(n) else {
                return TExpr::error(span);
            };
            let ty = self.types.ptr(ty.unwrap_or(TypeId::VOID));
            return TExpr::new(TKind::Int(addr), ty, span);
        }
        let e = self.expr(x);
        let ty = self.types.ptr(e.ty);
        match e.kind {
            TKind::Error => TExpr::error(span),
            TKind::Load(addr) | TKind::At(addr) => TExpr { ty, span, ..*addr },
            TKind::BitField(..) => self.bad(
                Tag::D_ADDROF_BITFIELD,
                span,
                "cannot take address of a bit-field",
            ),
            TKind::Var(_) | TKind::Assoc(..) => self.bad(
                Tag::D_ADDROF_VAR,
                span,
                "cannot take address of a D variable",
            ),
            _ => self.bad(
                Tag::D_ADDROF_LVAL,
                span,
                "operator & requires an lvalue as its operand",
            ),
        }
    }

    fn ternary(&mut self, cond: &Expr, yes: &Expr, no: &Expr, span: Span) -> TExpr {
        for branch in [yes, no] {
            if let ExprKind::Call { func, .. } = &branch.kind
                && let name = func.name.as_str()
                && (ActionRow::by_name(name).is_some() || AggRow::by_name(name).is_some())
            {
                let text = format!("{name}( ): an action cannot be used in a conditional context");
                let d = Diag::new(Tag::D_OP_ACT, branch.span, text);
                self.report(d.note("if (condition) { … } is there for this"));
                return TExpr::error(span);
            }
        }
        let c = self.expr(cond);
        let a = self.expr(yes);
        let b = self.expr(no);
        if [&c, &a, &b].iter().any(|e| self.types.is_error(e.ty)) {
            return TExpr::error(span);
        }
        let c = self.decay(c);
        if !self.types.is_scalar(c.ty) {
            return self.bad(
                Tag::D_OP_SCALAR,
                span,
                "operator ?: requires a first operand of scalar type",
            );
        }
        let t = &self.types;
        let zero = |e: &TExpr| e.int() == Some(0);
        let ty = if t.is_integer(a.ty) && t.is_integer(b.ty) {
            Some(t.promote(a.ty, b.ty))
        } else if t.is_string_like(a.ty)
            && t.is_string_like(b.ty)
            && (t.is_string(a.ty) || t.is_string(b.ty))
            || t.is_string(a.ty) && zero(&b)
            || t.is_string(b.ty) && zero(&a)
        {
            Some(TypeId::STRING)
        } else if t.is_void(a.ty) && t.is_void(b.ty) {
            Some(TypeId::VOID)
        } else if t.is_sou(a.ty) && t.same(a.ty, b.ty) {
            Some(a.ty)
        } else {
            None
        };
        let (a, b) = (self.decay(a), self.decay(b));
        let ty = ty.or_else(|| self.common_pointer(&a, &b));
        let Some(ty) = ty else {
            let text = format!(
                "operator ?: operands must have compatible types: \"{}\" : \"{}\"",
                self.types.name(a.ty),
                self.types.name(b.ty)
            );
            return self.bad(Tag::D_OP_INCOMPAT, span, text);
        };
        let conv = |c: &mut Self, e: TExpr| {
            if c.types.is_string(ty) {
                let span = e.span;
                c.as_string(e, span)
            } else if c.types.is_scalar(ty) {
                c.convert(e, ty)
            } else {
                e
            }
        };
        let (a, b) = (conv(self, a), conv(self, b));
        if let Some(v) = c.int() {
            let mut e = if v != 0 { a } else { b };
            e.span = span;
            return e;
        }
        TExpr::new(TKind::Cond(Box::new(c), Box::new(a), Box::new(b)), ty, span)
    }
}

/// The anonymous aggregation has no name.
pub(super) fn agg_text(name: &str) -> &str {
    if name == "_" { "" } else { name }
}

/// The arithmetic operators among the binary ones.
pub(super) fn arith_of(op: BinaryOp) -> Option<Arith> {
    Some(match op {
        BinaryOp::Add => Arith::Add,
        BinaryOp::Sub => Arith::Sub,
        BinaryOp::Mul => Arith::Mul,
        BinaryOp::Div => Arith::Div,
        BinaryOp::Rem => Arith::Rem,
        BinaryOp::BitAnd => Arith::And,
        BinaryOp::BitOr => Arith::Or,
        BinaryOp::BitXor => Arith::Xor,
        BinaryOp::Shl => Arith::Shl,
        BinaryOp::Shr => Arith::Shr,
        BinaryOp::LogOr
        | BinaryOp::LogXor
        | BinaryOp::LogAnd
        | BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge => return None,
    })
}
