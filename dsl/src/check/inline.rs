//! Inlines: `inline type name = expr;` and `inline type name[type key, …] = expr;`
//!
//! An inline is its expression, checked anew at each use, with the keys bound to what was written between the brackets. A
//! key that has effects is evaluated once, into a hidden variable.

use std::rc::Rc;

use super::tree::{TExpr, TKind};
use super::{Checker, Global, InlineDef, MAX_EXPANSIONS, VarInfo};
use crate::ast::{Expr, Inline, LayerKind};
use crate::builtin::{Status, VarRow};
use crate::diag::Tag;
use crate::dif::BuiltinVar;
use crate::program::Scope;
use crate::source::Span;
use crate::types::TypeId;

impl Checker<'_> {
    /// A definition.
    pub(super) fn inline(&mut self, i: &Inline, span: Span) {
        let Some(base) = self.spec(&i.base) else {
            return;
        };
        let Some(d) = self.layers(base, &i.declarator.layers, i.declarator.span) else {
            return;
        };
        let Some(name) = &i.declarator.name else {
            return self.err(
                Tag::D_DECL_IDENT,
                span,
                "inline declaration requires a name",
            );
        };
        // What cannot be had from the kernel may be given a meaning, by the library or by a program.
        let refused =
            VarRow::by_name(&name.name).is_some_and(|r| matches!(r.status, Status::Refused(_)));
        let known = self.globals.contains_key(&name.name) && !self.gives_way(&name.name);
        if known || !refused && self.name_is_taken(&name.name) {
            let text = format!("identifier redeclared: {}", name.name);
            return self.err(Tag::D_DECL_IDRED, name.span, text);
        }
        let mut params = Vec::new();
        let keys = i.declarator.layers.iter().find_map(|l| match &l.kind {
            LayerKind::Assoc(keys) => Some(keys.as_slice()),
            _ => None,
        });
        for (key, ty) in keys
            .unwrap_or(&[])
            .iter()
            .zip(d.tuple.into_iter().flatten())
        {
            let Some(name) = &key.declarator.name else {
                let text = "inline associative array definition requires its keys to be named";
                return self.err(Tag::D_DECL_IDENT, key.span, text);
            };
            params.push((name.name.clone(), ty));
        }
        let def = Rc::new(InlineDef {
            ty: d.ty,
            params,
            value: i.value.clone(),
        });
        let uses_args = super::clause::mentions_args(&i.value);
        self.inline_args |= uses_args;
        // What args[] mean is known only where the inline is used; everything else is wrong here already.
        if !uses_args {
            let any = |ty| TExpr::new(TKind::Builtin(BuiltinVar::Curthread), ty, span);
            let bound = def
                .params
                .iter()
                .map(|(n, ty)| (n.clone(), any(*ty)))
                .collect();
            let before = self.diags.len();
            self.inline_value(&name.name, &def, bound, span);
            if self.diags.len() > before {
                return;
            }
        }
        self.globals.insert(name.name.clone(), Global::Inline(def));
    }

    /// The value, typed as declared.
    fn inline_value(
        &mut self,
        name: &str,
        def: &InlineDef,
        bound: Vec<(String, TExpr)>,
        span: Span,
    ) -> TExpr {
        if !self.expand(name, span) {
            return TExpr::error(span);
        }
        // What an inline means does not depend on where it is used.
        let outer = std::mem::replace(&mut self.bound, bound);
        let mut e = self.expr(&def.value);
        self.bound = outer;
        self.expanding.pop();
        e.span = span;
        // An array is one in memory: its elements are taken.
        if self.types.is_array(def.ty) && self.types.same(def.ty, e.ty) {
            e.ty = def.ty;
            return e;
        }
        match self.assign_conv(e, def.ty) {
            Ok(mut e) => {
                if !self.types.is_error(e.ty) {
                    e.ty = def.ty;
                }
                e.span = span;
                e
            }
            Err(e) => {
                let text = format!(
                    "inline {name} definition uses incompatible types: \"{}\" = \"{}\"",
                    self.types.name(def.ty),
                    self.types.name(e.ty)
                );
                self.bad(Tag::D_OP_INCOMPAT, span, text)
            }
        }
    }

    /// `name`, `name[keys]`
    pub(super) fn inline_use(&mut self, name: &str, keys: &[Expr], span: Span) -> TExpr {
        let Some(Global::Inline(def)) = self.globals.get(name) else {
            return TExpr::error(span);
        };
        let def = Rc::clone(def);
        if keys.len() != def.params.len() {
            let s = if keys.len() == 1 { "" } else { "s" };
            let text = format!(
                "{name}[ ] prototype mismatch: {} key{s} passed, {} expected",
                keys.len(),
                def.params.len()
            );
            return self.bad(Tag::D_PROTO_LEN, span, text);
        }
        let mut bound = Vec::new();
        let mut before = Vec::new();
        for (i, (key, (param, want))) in keys.iter().zip(&def.params).enumerate() {
            let e = self.expr(key);
            if self.types.is_error(e.ty) {
                return TExpr::error(span);
            }
            let Some(k) = self.convert_arg(e.clone(), *want) else {
                let text = format!(
                    "{name}[ ] key #{} is incompatible with prototype:\n\tprototype: {}\n\t argument: {}",
                    i + 1,
                    self.types.name(*want),
                    self.types.name(e.ty)
                );
                return self.bad(Tag::D_PROTO_ARG, e.span, text);
            };
            let Some((k, first)) = self.once(k) else {
                return TExpr::error(span);
            };
            before.extend(first);
            bound.push((param.clone(), k));
        }
        let value = self.inline_value(name, &def, bound, span);
        sequence(before, value)
    }

    /// An expression that may be used any number of times, and what has to be evaluated first. `None`: reported.
    pub(super) fn once(&mut self, e: TExpr) -> Option<(TExpr, Option<TExpr>)> {
        if has_no_effect(&e) {
            return Some((e, None));
        }
        let (ty, span) = (e.ty, e.span);
        let name = format!("%once{}", self.vars.len());
        let info = VarInfo {
            name,
            scope: Scope::Clause,
            ty,
            tuple: None,
            span,
        };
        let var = TExpr::new(TKind::Var(self.new_var(info)?), ty, span);
        let set = TExpr::new(TKind::Assign(Box::new(var.clone()), Box::new(e)), ty, span);
        Some((var, Some(set)))
    }

    /// Notes that something is expanded where it is used. `false`: reported as too much.
    pub(super) fn expand(&mut self, name: &str, span: Span) -> bool {
        self.expansions += 1;
        // Nesting costs stack, repetition costs memory.
        if self.expansions > MAX_EXPANSIONS || self.expanding.len() > 16 {
            let text = format!("{name}: too many inline definitions within one another");
            self.err(Tag::D_UNKNOWN, span, text);
            return false;
        }
        self.expanding.push(name.to_string());
        true
    }
}

/// The expressions one after another; the value is the last one's.
pub(super) fn sequence(before: Vec<TExpr>, value: TExpr) -> TExpr {
    before.into_iter().rev().fold(value, |value, first| {
        let (ty, span): (TypeId, Span) = (value.ty, value.span);
        TExpr::new(TKind::Comma(Box::new(first), Box::new(value)), ty, span)
    })
}

/// Whether evaluating it twice is as good as once. What is not looked into counts as having effects.
fn has_no_effect(e: &TExpr) -> bool {
    match &e.kind {
        TKind::Int(_) | TKind::Str(_) | TKind::Builtin(_) | TKind::Var(_) | TKind::Error => true,
        TKind::BuiltinArray(_, e)
        | TKind::Load(e)
        | TKind::BitField(e, _)
        | TKind::At(e)
        | TKind::Offset(e, _)
        | TKind::Convert(e)
        | TKind::Xlate(e) => has_no_effect(e),
        _ => false,
    }
}
