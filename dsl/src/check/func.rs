//! Calls of subroutines, and how arguments fit parameters.

use super::Checker;
use super::tree::{TExpr, TKind};
use crate::ast::{Expr, Name};
use crate::builtin::{ActionRow, AggRow, SUBRS_ELSEWHERE, Status, SubrRow, Ty};
use crate::diag::{Diag, Tag};
use crate::source::Span;
use crate::types::{Tagged, Type, TypeId};

impl Checker<'_> {
    /// A call in an expression: only subroutines have values.
    pub(super) fn call(&mut self, func: &Name, args: &[Expr], span: Span) -> TExpr {
        let name = func.name.as_str();
        if func.scope.is_some() {
            return self.bad(
                Tag::D_FUNC_IDENT,
                span,
                format!("{name} is a kernel function: D cannot call it"),
            );
        }
        if let Some(row) = SubrRow::by_name(name).filter(|r| self.has(r.version, name)) {
            return self.subroutine(row, args, span);
        }
        if name == "memref" {
            return self.memref(args, span);
        }
        if let Some(row) = ActionRow::by_name(name) {
            match row.status {
                Status::Ready => {}
                Status::Refused(why) => {
                    let text = format!("{name}( ) is not available: {why}");
                    return self.bad(Tag::D_FUNC_UNSUP, span, text);
                }
            }
            let text = format!(
                "action {name}( ) may not be called from a D expression (D program context required)"
            );
            return self.bad(Tag::D_CG_EXPR, span, text);
        }
        if AggRow::by_name(name).is_some() {
            let text = format!(
                "aggregating function {name}( ) may not be called from a D expression (D program context required)"
            );
            return self.bad(Tag::D_CG_EXPR, span, text);
        }
        if let Some((_, why)) = SUBRS_ELSEWHERE.iter().find(|(n, _)| *n == name) {
            let text = format!("{name}( ) is not available: {why}");
            return self.bad(Tag::D_FUNC_UNSUP, span, text);
        }
        let mut d = Diag::new(
            Tag::D_FUNC_UNDEF,
            span,
            format!("undefined function name: {name}"),
        );
        let known = crate::builtin::SUBRS
            .iter()
            .map(|r| r.subr.name())
            .chain(["memref"])
            .chain(crate::builtin::ACTIONS.iter().map(|r| r.name))
            .chain(crate::builtin::AGG_FUNCS.iter().map(|r| r.name));
        if let Some(near) = super::name::nearest(name, known) {
            d = d.note(format!("did you mean {near}()?"));
        }
        self.report(d);
        TExpr::error(span)
    }

    /// Whether the version of D that the program is written in has a function that came with this one.
    fn has(&self, since: &str, name: &str) -> bool {
        crate::pragma::parse_version(since).is_none_or(|v| self.in_version(v)) && !self.hidden(name)
    }

    fn subroutine(&mut self, row: &'static SubrRow, args: &[Expr], span: Span) -> TExpr {
        let name = row.subr.name();
        match row.status {
            Status::Ready => {}
            Status::Refused(why) => {
                return self.bad(
                    Tag::D_FUNC_UNSUP,
                    span,
                    format!("{name}( ) is not available: {why}"),
                );
            }
        }
        if !self.check_arity(name, args.len(), row.required, row.args.len(), span) {
            return TExpr::error(span);
        }
        let mut typed = Vec::with_capacity(args.len());
        let mut ok = true;
        for (i, (arg, want)) in args.iter().zip(row.args).enumerate() {
            let e = self.expr(arg);
            match self.fit_param(e, *want) {
                Ok(e) => typed.push(e),
                Err(e) => {
                    self.bad_argument(name, i + 1, want.text(), &e);
                    ok = false;
                }
            }
        }
        if !ok || typed.iter().any(|e| self.types.is_error(e.ty)) {
            return TExpr::error(span);
        }
        let ty = self.sig_type(row.ret);
        TExpr::new(TKind::Call(row.subr, typed), ty, span)
    }

    /// `memref(address, bytes)`: a pointer to both, for `printm()`. No subroutine of DIF's: it takes no kernel to make.
    fn memref(&mut self, args: &[Expr], span: Span) -> TExpr {
        let [address, bytes] = args else {
            self.check_arity("memref", args.len(), 2, 2, span);
            return TExpr::error(span);
        };
        let mut typed = Vec::new();
        for (i, (arg, want)) in [(address, Ty::VoidPtr), (bytes, Ty::Size)]
            .into_iter()
            .enumerate()
        {
            let e = self.expr(arg);
            match self.fit_param(e, want) {
                Ok(e) => typed.push(e),
                Err(e) => {
                    self.bad_argument("memref", i + 1, want.text(), &e);
                    return TExpr::error(span);
                }
            }
        }
        let (Some(bytes), Some(address)) = (typed.pop(), typed.pop()) else {
            return TExpr::error(span);
        };
        if self.types.is_error(address.ty) || self.types.is_error(bytes.ty) {
            return TExpr::error(span);
        }
        let word = self.sig_type(Ty::Uintptr);
        let ty = self.types.ptr(word);
        TExpr::new(TKind::MemRef(Box::new(address), Box::new(bytes)), ty, span)
    }

    /// Reports a wrong number of arguments.
    pub(super) fn check_arity(
        &mut self,
        name: &str,
        got: usize,
        min: usize,
        max: usize,
        span: Span,
    ) -> bool {
        if (min..=max).contains(&got) {
            return true;
        }
        let s = if got == 1 { "" } else { "s" };
        let (bound, want) = match (min == max, got < min) {
            (true, _) => ("", min),
            (false, true) => ("at least ", min),
            (false, false) => ("at most ", max),
        };
        let text =
            format!("{name}( ) prototype mismatch: {got} arg{s} passed, {bound}{want} expected");
        self.err(Tag::D_PROTO_LEN, span, text);
        false
    }

    /// Reports an argument that does not fit its parameter.
    pub(super) fn bad_argument(&mut self, name: &str, n: usize, proto: &str, e: &TExpr) {
        let text = format!(
            "{name}( ) argument #{n} is incompatible with prototype:\n\tprototype: {proto}\n\t argument: {}",
            self.types.name(e.ty)
        );
        self.err(Tag::D_PROTO_ARG, e.span, text);
    }

    /// The C type of a signature's type.
    pub(super) fn sig_type(&mut self, ty: Ty) -> TypeId {
        let name = match ty {
            Ty::FilePtr | Ty::TaskPtr => {
                let tag = if ty == Ty::FilePtr {
                    "file"
                } else {
                    "task_struct"
                };
                return match self.types.tag(None, Tagged::Struct, tag) {
                    Some(t) => self.types.ptr(t),
                    None => TypeId::VOID_PTR,
                };
            }
            Ty::Void => return TypeId::VOID,
            Ty::Char => return TypeId::CHAR,
            Ty::Int => return TypeId::INT,
            Ty::UInt => return TypeId::UINT,
            Ty::String => return TypeId::STRING,
            Ty::CharPtr => return TypeId::CHAR_PTR,
            Ty::VoidPtr | Ty::Ipv4Ptr | Ty::Ipv6Ptr | Ty::PathPtr | Ty::LockPtr => {
                return TypeId::VOID_PTR;
            }
            Ty::Int64
            | Ty::Uint16
            | Ty::Uint32
            | Ty::Uint64
            | Ty::Size
            | Ty::Uintptr
            | Ty::Pid
            | Ty::Dev => ty.text(),
        };
        self.types.own_plain(name).unwrap_or(TypeId::ERROR)
    }

    /// An argument as the parameter wants it. `Err` gives it back.
    fn fit_param(&mut self, e: TExpr, want: Ty) -> Result<TExpr, TExpr> {
        if self.types.is_error(e.ty) {
            return Ok(e);
        }
        let zero = e.int() == Some(0);
        let to = self.sig_type(want);
        match want {
            Ty::CharPtr => {
                let bytes = self
                    .types
                    .pointee(e.ty)
                    .is_some_and(|t| self.types.is_void(t) || self.types.is_char(t));
                if self.types.is_string(e.ty) {
                    Ok(e)
                } else if bytes || zero {
                    let e = self.decay(e);
                    Ok(self.convert(e, to))
                } else {
                    Err(e)
                }
            }
            Ty::VoidPtr | Ty::Ipv4Ptr | Ty::Ipv6Ptr | Ty::PathPtr | Ty::LockPtr => {
                let t = &self.types;
                if t.pointee(e.ty).is_some() || t.is_string(e.ty) || zero || t.is_func(e.ty) {
                    let e = self.decay(e);
                    Ok(self.convert(e, to))
                } else {
                    Err(e)
                }
            }
            // User addresses come as integers or, from typed arguments, as pointers.
            Ty::Uintptr => {
                let e = self.decay(e);
                if self.types.is_scalar(e.ty) {
                    Ok(self.convert(e, to))
                } else {
                    Err(e)
                }
            }
            Ty::String | Ty::Void | Ty::FilePtr | Ty::TaskPtr => Err(e),
            Ty::Char
            | Ty::Int
            | Ty::UInt
            | Ty::Int64
            | Ty::Uint16
            | Ty::Uint32
            | Ty::Uint64
            | Ty::Size
            | Ty::Pid
            | Ty::Dev => {
                if self.types.is_integer(e.ty) {
                    Ok(self.convert(e, to))
                } else {
                    Err(e)
                }
            }
        }
    }

    /// A key of an associative array as its declaration wants it. `None`: it does not fit.
    pub(super) fn convert_arg(&mut self, e: TExpr, want: TypeId) -> Option<TExpr> {
        if self.types.is_error(e.ty) || self.types.is_error(want) {
            return Some(e);
        }
        match &*self.types.resolve(want) {
            Type::Int { .. } | Type::Enum(_) if self.types.is_integer(e.ty) => {
                Some(self.convert(e, want))
            }
            Type::Ptr(_) | Type::String => self.assign_conv(e, want).ok(),
            _ => None,
        }
    }
}
