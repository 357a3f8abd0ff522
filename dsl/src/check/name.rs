//! What names mean: variables, built-ins, enumerators, inlines, kernel symbols; and declaration by first assignment.

use super::tree::{TExpr, TKind, VarIdx};
use super::{Checker, Global, VarInfo};
use crate::ast::{Expr, ExprKind, Ident, Name, VarScope};
use crate::builtin::{Status, VARS_ELSEWHERE, VarRow, VarType};
use crate::diag::{Diag, Tag};
use crate::dif::BuiltinVar;
use crate::dif::verify::MAX_VAR_BYTES;
use crate::kernel::ArgType;
use crate::program::Scope;
use crate::source::Span;
use crate::types::{Tagged, Type, TypeId};

/// What stands left of `=`, `++` or `[`, if it is a variable that can be declared by use.
pub(super) struct VarRef<'a> {
    pub scope: Scope,
    pub name: &'a str,
    pub keys: Option<&'a [Expr]>,
    pub span: Span,
}

/// The variable that an expression names, without looking whether it exists.
pub(super) fn var_ref(e: &Expr) -> Option<VarRef<'_>> {
    let plain = |e: &'_ Expr| -> Option<(Scope, Span)> {
        match &e.kind {
            ExprKind::Name(Name {
                scope: None, span, ..
            }) => Some((Scope::Global, *span)),
            ExprKind::Scoped {
                scope: VarScope::Thread,
                ..
            } => Some((Scope::Thread, e.span)),
            ExprKind::Scoped {
                scope: VarScope::Clause,
                ..
            } => Some((Scope::Clause, e.span)),
            _ => None,
        }
    };
    fn name_of(e: &Expr) -> &str {
        match &e.kind {
            ExprKind::Name(n) => &n.name,
            ExprKind::Scoped { name, .. } => &name.name,
            _ => "",
        }
    }
    if let ExprKind::Index { base, keys } = &e.kind {
        let (scope, span) = plain(base)?;
        return Some(VarRef {
            scope,
            name: name_of(base),
            keys: Some(keys),
            span,
        });
    }
    let (scope, span) = plain(e)?;
    Some(VarRef {
        scope,
        name: name_of(e),
        keys: None,
        span,
    })
}

/// `self->`, `this->`, or nothing.
pub(super) fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "",
        Scope::Thread => "self->",
        Scope::Clause => "this->",
    }
}

impl Checker<'_> {
    /// The user variable of that name.
    pub(super) fn lookup(&self, scope: Scope, name: &str) -> Option<VarIdx> {
        match scope {
            Scope::Global => match self.globals.get(name) {
                Some(Global::Var(v)) => Some(*v),
                _ => None,
            },
            Scope::Thread => self.thread.get(name).copied(),
            Scope::Clause => self.local.get(name).copied(),
        }
    }

    /// Makes a user variable.
    pub(super) fn declare(&mut self, info: VarInfo) -> Option<VarIdx> {
        let (scope, name) = (info.scope, info.name.clone());
        let idx = self.new_var(info)?;
        match scope {
            Scope::Global => {
                self.globals.insert(name, Global::Var(idx));
            }
            Scope::Thread => {
                self.thread.insert(name, idx);
            }
            Scope::Clause => {
                self.local.insert(name, idx);
            }
        }
        Some(idx)
    }

    /// Whether a global name is taken by something that is no user variable and therefore can't be declared by use.
    pub(super) fn name_is_taken(&self, name: &str) -> bool {
        if self.gives_way(name) {
            return false;
        }
        matches!(
            self.globals.get(name),
            Some(Global::Enumerator(..) | Global::Inline(_))
        ) || VarRow::by_name(name).is_some()
            || name == "NULL"
            || VARS_ELSEWHERE.iter().any(|(n, _)| *n == name)
    }

    /// Whether a global name is one of our own library's, which a program may use for something else.
    pub(super) fn gives_way(&self, name: &str) -> bool {
        matches!(self.globals.get(name), Some(Global::Inline(_)))
            && crate::library::OWN.contains(&name)
    }

    /// A name in an expression.
    pub(super) fn name(&mut self, n: &Name) -> TExpr {
        let span = n.span;
        if n.scope.is_some() {
            return self.symbol(n);
        }
        if let Some((_, e)) = self.bound.iter().find(|(name, _)| *name == n.name) {
            return TExpr { span, ..e.clone() };
        }
        if self.hidden(&n.name) {
            return self.unknown(&n.name, span);
        }
        self.check_stability(&n.name, super::pragma::STABLE, span);
        match self.globals.get(&n.name) {
            Some(Global::Var(v)) => return self.var(*v, span),
            Some(Global::Enumerator(v, ty)) => return TExpr::new(TKind::Int(*v), *ty, span),
            Some(Global::Inline(_)) => return self.inline_use(&n.name, &[], span),
            None => {}
        }
        if let Some(row) = VarRow::by_name(&n.name) {
            return self.builtin(row, span);
        }
        if n.name == "NULL" {
            return TExpr::new(TKind::Int(0), TypeId::LONG, span);
        }
        if let Some(v) = self.types.kernel().enumerator(&n.name) {
            let ty = if i32::try_from(v).is_ok() {
                TypeId::INT
            } else {
                TypeId::LONG
            };
            return TExpr::new(TKind::Int(v), ty, span);
        }
        if crate::library::TYPED_NAMES.contains(&n.name.as_str()) {
            let text = format!(
                "{} is not available: it is in the D library, which needs this kernel's types and no -x nolibs",
                n.name
            );
            return self.bad(Tag::D_VAR_UNSUP, span, text);
        }
        if let Some((name, why)) = VARS_ELSEWHERE.iter().find(|(v, _)| *v == n.name) {
            let text = format!("{name} is not available: {why}");
            return self.bad(Tag::D_VAR_UNSUP, span, text);
        }
        self.unknown(&n.name, span)
    }

    fn unknown(&mut self, name: &str, span: Span) -> TExpr {
        let mut d = Diag::new(
            Tag::D_IDENT_UNDEF,
            span,
            format!("failed to resolve {name}: Unknown variable name"),
        );
        let known = crate::builtin::VARS
            .iter()
            .map(|r| r.var.name())
            .chain(self.globals.keys().map(String::as_str));
        if let Some(near) = nearest(name, known) {
            d = d.note(format!("did you mean {near}?"));
        }
        self.report(d);
        TExpr::error(span)
    }

    fn var(&mut self, v: VarIdx, span: Span) -> TExpr {
        let Some(info) = self.vars.get(v) else {
            return TExpr::error(span);
        };
        if info.tuple.is_some() {
            let text = format!(
                "{}{} is an associative array: an index is needed",
                scope_text(info.scope),
                info.name
            );
            return self.bad(Tag::D_OP_ARRFUN, span, text);
        }
        TExpr::new(TKind::Var(v), info.ty, span)
    }

    /// `self->name`, `this->name`.
    pub(super) fn scoped(&mut self, scope: VarScope, name: &Ident, span: Span) -> TExpr {
        let scope = match scope {
            VarScope::Thread => Scope::Thread,
            VarScope::Clause => Scope::Clause,
        };
        match self.lookup(scope, &name.name) {
            Some(v) => self.var(v, span),
            None => {
                let text = format!(
                    "{}{} has not yet been declared or assigned",
                    scope_text(scope),
                    name.name
                );
                self.bad(Tag::D_VAR_UNDEF, span, text)
            }
        }
    }

    /// An element of an associative array.
    pub(super) fn assoc(&mut self, v: VarIdx, keys: &[Expr], span: Span) -> TExpr {
        let Some(info) = self.vars.get(v).cloned() else {
            return TExpr::error(span);
        };
        let name = format!("{}{}", scope_text(info.scope), info.name);
        let typed: Vec<TExpr> = keys.iter().map(|k| self.expr(k)).collect();
        let Some(tuple) = info.tuple else {
            return TExpr::error(span);
        };
        if typed.len() != tuple.len() {
            let s = if typed.len() == 1 { "" } else { "s" };
            let text = format!(
                "{name}[ ] prototype mismatch: {} key{s} passed, {} expected",
                typed.len(),
                tuple.len()
            );
            return self.bad(Tag::D_PROTO_LEN, span, text);
        }
        let mut out = Vec::with_capacity(typed.len());
        for (i, (key, want)) in typed.into_iter().zip(&tuple).enumerate() {
            match self.convert_arg(key.clone(), *want) {
                Some(k) => out.push(k),
                None => {
                    let text = format!(
                        "{name}[ ] key #{} is incompatible with prototype:\n\tprototype: {}\n\t argument: {}",
                        i + 1,
                        self.types.name(*want),
                        self.types.name(key.ty)
                    );
                    return self.bad(Tag::D_PROTO_ARG, key.span, text);
                }
            }
        }
        TExpr::new(TKind::Assoc(v, out), info.ty, span)
    }

    /// Declares the variable on the left of an assignment, if it is not known yet. `ty` is the type of what is assigned.
    /// `false`: an error was reported.
    pub(super) fn declare_by_use(&mut self, lhs: &Expr, ty: TypeId) -> bool {
        let Some(r) = var_ref(lhs) else { return true };
        if self.lookup(r.scope, r.name).is_some()
            || (r.scope == Scope::Global && self.name_is_taken(r.name))
        {
            return true;
        }
        if self.types.is_error(ty) {
            // Its type will never be known; what uses it is not to be reported again.
            let tuple = r.keys.map(|k| vec![TypeId::ERROR; k.len()]);
            self.declare(VarInfo {
                name: r.name.into(),
                scope: r.scope,
                ty: TypeId::ERROR,
                tuple,
                span: r.span,
            });
            return true;
        }
        if self.types.is_array(ty) {
            let text = format!(
                "operator = may not be applied to an operand of type {}",
                self.types.name(ty)
            );
            let mut d = Diag::new(Tag::D_OP_ARRFUN, lhs.span, text);
            if self.types.is_char_array(ty) {
                d = d.note("stringof makes a string of it");
            }
            self.report(d);
            return false;
        }
        let ty = match self.var_type(ty) {
            Ok(ty) => ty,
            Err(what) => {
                let text = format!(
                    "{}{}: a variable cannot have the type {what}",
                    scope_text(r.scope),
                    r.name
                );
                self.err(Tag::D_DECL_INCOMPLETE, lhs.span, text);
                return false;
            }
        };
        let tuple = match r.keys {
            None => None,
            Some(_) if r.scope == Scope::Clause => {
                self.err(
                    Tag::D_ARR_LOCAL,
                    lhs.span,
                    "local variables may not be used as associative arrays",
                );
                return false;
            }
            Some(keys) => {
                let mut tuple = Vec::new();
                for k in keys {
                    let before = self.diags.len();
                    let key = self.expr(k);
                    if self.types.is_error(key.ty) {
                        // Once the array is there, the same key may be right: it can ask for an element.
                        return false;
                    }
                    // It is checked again as the key of what it declares.
                    self.diags.truncate(before);
                    match self.tuple_type(key.ty) {
                        Some(t) => tuple.push(t),
                        None => {
                            let text = format!(
                                "{}{}[ ]: expression of type {} may not be used as a key",
                                scope_text(r.scope),
                                r.name,
                                self.types.name(key.ty)
                            );
                            self.err(Tag::D_KEY_TYPE, k.span, text);
                            return false;
                        }
                    }
                }
                if !self.check_tuple_len(tuple.len(), lhs.span) {
                    return false;
                }
                Some(tuple)
            }
        };
        self.declare(VarInfo {
            name: r.name.into(),
            scope: r.scope,
            ty,
            tuple,
            span: r.span,
        })
        .is_some()
    }

    /// The tuple stack has a fixed depth; the thread's own key does not count.
    pub(super) fn check_tuple_len(&mut self, len: usize, span: Span) -> bool {
        if len > crate::dif::op::NTUPREGS {
            self.err(
                Tag::D_KEY_TYPE,
                span,
                format!("more than {} keys", crate::dif::op::NTUPREGS),
            );
            return false;
        }
        true
    }

    /// The type that a variable gets from a value. `Err`: what cannot be stored.
    pub(super) fn var_type(&self, ty: TypeId) -> Result<TypeId, String> {
        match &*self.types.resolve(ty) {
            Type::Int { .. } | Type::Enum(_) | Type::Ptr(_) | Type::String | Type::Error => {
                Ok(self.types.unqualified(ty))
            }
            Type::Sou(_) | Type::Array { .. } => match self.types.size_of(ty) {
                Some(1..=MAX_VAR_BYTES) => Ok(self.types.unqualified(ty)),
                Some(_) => Err(format!(
                    "{} (it is too large or empty)",
                    self.types.name(ty)
                )),
                None => Err(format!("{} (it is incomplete)", self.types.name(ty))),
            },
            _ => Err(self.types.name(ty)),
        }
    }

    /// The type that a key of an associative array gets from an expression.
    pub(super) fn tuple_type(&self, ty: TypeId) -> Option<TypeId> {
        match &*self.types.resolve(ty) {
            Type::Int { .. } | Type::Enum(_) | Type::Ptr(_) | Type::String | Type::Error => {
                Some(self.types.unqualified(ty))
            }
            Type::Array { .. } if self.types.is_char_array(ty) => Some(TypeId::STRING),
            _ => None,
        }
    }

    fn builtin(&mut self, row: &'static VarRow, span: Span) -> TExpr {
        let name = row.var.name();
        match row.status {
            Status::Ready => {}
            Status::Refused(why) => {
                return self.bad(
                    Tag::D_VAR_UNSUP,
                    span,
                    format!("{name} is not available: {why}"),
                );
            }
        }
        let ty = match row.ty {
            VarType::Args | VarType::Array(_) => {
                return self.bad(Tag::D_OP_ARRFUN, span, format!("{name}[ ] needs an index"));
            }
            VarType::Named(ty) => self.types.own_plain(ty).unwrap_or(TypeId::ERROR),
            VarType::KernelPtr(tag) => match self.types.tag(None, Tagged::Struct, tag) {
                Some(t) => self.types.ptr(t),
                None => TypeId::VOID_PTR,
            },
        };
        TExpr::new(TKind::Builtin(row.var), ty, span)
    }

    /// `args[n]`, `uregs[n]`.
    pub(super) fn builtin_index(
        &mut self,
        row: &'static VarRow,
        keys: &[Expr],
        span: Span,
    ) -> TExpr {
        let name = row.var.name();
        let typed: Vec<TExpr> = keys.iter().map(|k| self.expr(k)).collect();
        let [index] = typed.as_slice() else {
            let text = format!(
                "{name}[ ] prototype mismatch: {} args passed, 1 expected",
                typed.len()
            );
            return self.bad(Tag::D_PROTO_LEN, span, text);
        };
        if self.types.is_error(index.ty) {
            return TExpr::error(span);
        }
        match (row.ty, row.status) {
            (VarType::Args, _) => self.args(index, span),
            (VarType::Array(elem), Status::Ready) => {
                if !self.types.is_integer(index.ty) {
                    return self.bad(
                        Tag::D_REGS_IDX,
                        span,
                        format!("{name}[ ] must be indexed by an integer"),
                    );
                }
                let ty = self.types.own_plain(elem).unwrap_or(TypeId::UINT64);
                let index = self.convert(index.clone(), TypeId::UINT64);
                TExpr::new(TKind::BuiltinArray(row.var, Box::new(index)), ty, span)
            }
            _ => self.builtin(row, span),
        }
    }

    fn args(&mut self, index: &TExpr, span: Span) -> TExpr {
        let Some(ctx) = &self.ctx else {
            return self.bad(
                Tag::D_ARGS_NONE,
                span,
                "args[ ] may not be referenced outside of a probe clause",
            );
        };
        let (probe, matched) = (ctx.desc.clone(), ctx.matched.clone());
        let desc = probe.to_string();
        let Some(i) = index.int() else {
            return self.bad(
                Tag::D_ARGS_TYPE,
                span,
                "args[ ] must be indexed by an integer constant",
            );
        };
        if matched.count == 0 {
            return TExpr::error(span);
        }
        if let Some(declared) = self.declared_arg(&probe, i, span) {
            return declared;
        }
        let Some(list) = &matched.args else {
            let text = format!(
                "args[ ] may not be referenced because probe description {desc} matches an unstable set of probes"
            );
            return self.bad(Tag::D_ARGS_MULTI, span, text);
        };
        let Some(info) = usize::try_from(i).ok().and_then(|i| list.get(i)) else {
            return self.bad(
                Tag::D_ARGS_IDX,
                span,
                format!("index {i} is out of range for {desc} args[ ]"),
            );
        };
        let ty = match &info.ty {
            ArgType::Kernel(k) => Some(self.types.import(*k)),
            ArgType::C(text) => self.c_type(text),
        };
        let Some(ty) = ty else {
            let text = format!("args[{i}] of {desc} has a type that is not known here");
            return self.bad(Tag::D_ARGS_XLATOR, span, text);
        };
        if !self.types.is_scalar(ty) && !self.types.is_string(ty) {
            let text = format!(
                "args[{i}] of type {} is not implemented yet",
                self.types.name(ty)
            );
            return self.bad(Tag::D_NOT_YET, span, text);
        }
        let index = TExpr::new(TKind::Int(i), TypeId::UINT64, index.span);
        TExpr::new(
            TKind::BuiltinArray(BuiltinVar::Args, Box::new(index)),
            ty,
            span,
        )
    }

    /// A kernel symbol: `` `name ``, `` module`name ``.
    pub(super) fn symbol(&mut self, n: &Name) -> TExpr {
        let shown = format!("{}`{}", n.scope.as_deref().unwrap_or(""), n.name);
        self.check_stability(&shown, super::pragma::PRIVATE, n.span);
        let Some((addr, ty)) = self.symbol_addr(n) else {
            return TExpr::error(n.span);
        };
        match ty {
            Some(ty) => self.load_at(
                TExpr::new(TKind::Int(addr), self.types.ptr(ty), n.span),
                ty,
                n.span,
            ),
            None => {
                let text = format!(
                    "no symbolic type information is available for {shown}: only its address can be taken"
                );
                self.bad(Tag::D_SYM_NOTYPES, n.span, text)
            }
        }
    }

    /// Address and type of a kernel symbol. `None`: reported.
    pub(super) fn symbol_addr(&mut self, n: &Name) -> Option<(i64, Option<TypeId>)> {
        let module = n.scope.as_deref().filter(|m| !m.is_empty());
        match self.types.kernel().symbol(module, &n.name) {
            Some(s) => {
                let ty =
                    s.ty.map(|t| self.types.import(t))
                        .or_else(|| self.externs.get(&n.name).copied());
                Some((s.addr as i64, ty))
            }
            None => {
                let scope = n.scope.as_deref().unwrap_or("");
                let text = format!("failed to resolve {scope}`{}: Unknown symbol name", n.name);
                self.err(Tag::D_IDENT_UNDEF, n.span, text);
                None
            }
        }
    }
}

/// The known name that is most like `name`, if one is near enough to be what was meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = match name.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    known
        .map(|k| (distance(name, k, limit), k))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, k)| k.to_string())
}

/// Levenshtein distance; more than `limit` may be any larger number.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) =
        (a.chars().take(64).collect(), b.chars().take(64).collect());
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diag = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let up = row.get(j + 1).copied().unwrap_or(usize::MAX / 2);
            let new = (diag + usize::from(x != y)).min(up + 1).min(left + 1);
            if let Some(slot) = row.get_mut(j) {
                *slot = left;
            }
            diag = up;
            left = new;
        }
        if let Some(slot) = row.get_mut(b.len()) {
            *slot = left;
        }
    }
    row.last().copied().unwrap_or(limit + 1)
}
