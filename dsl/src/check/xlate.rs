//! Translators: `translator out < in x > { member = expr; … }` and `xlate <out> (x)`.
//!
//! A translated value is never made. `xlate <out *> (x)->member` *is* the member's expression with `x` bound to the operand,
//! checked anew at each use; nothing else can be done with it. [`TKind::Xlate`] stands for it until a member is taken.

use std::rc::Rc;

use super::Checker;
use super::inline::sequence;
use super::tree::{TExpr, TKind};
use crate::ast::{self, Expr, Ident};
use crate::diag::{Diag, Tag};
use crate::dif::BuiltinVar;
use crate::source::Span;
use crate::types::TypeId;

/// A translator of the program.
pub(super) struct Translator {
    output: TypeId,
    input: TypeId,
    input_name: String,
    members: Vec<ast::XlateMember>,
    span: Span,
}

impl Checker<'_> {
    /// A translator's definition.
    pub(super) fn translator(&mut self, t: &ast::Translator, span: Span) {
        let Some(output) = self.type_name(&t.output) else {
            return;
        };
        let Some(input) = self.param(&t.input) else {
            return;
        };
        let Some(name) = &t.input.declarator.name else {
            return self.err(
                Tag::D_DECL_IDENT,
                t.input.span,
                "translator input needs a name",
            );
        };
        if !self.types.is_sou(output) {
            let text = format!(
                "translator output type must be a struct or union, not {}",
                self.types.name(output)
            );
            return self.err(Tag::D_XLATE_SOU, t.output.span, text);
        }
        if let Some(old) = self.find_translator(output, input) {
            let text = format!(
                "translator from {} to {} has already been declared",
                self.types.name(input),
                self.types.name(output)
            );
            return self.report(
                Diag::new(Tag::D_XLATE_REDECL, span, text)
                    .note_at(old.span, "declared here before"),
            );
        }
        let tr = Rc::new(Translator {
            output,
            input,
            input_name: name.name.clone(),
            members: t.members.clone(),
            span,
        });
        // Mistakes are reported where they are made, not where a member is used. Any value of the input type will do.
        let any = TExpr::new(TKind::Builtin(BuiltinVar::Curthread), input, span);
        let before = self.diags.len();
        for m in &t.members {
            self.translated(&tr, &any, &m.name, m.name.span);
        }
        if self.diags.len() == before {
            self.translators.push(tr);
        }
    }

    fn find_translator(&self, output: TypeId, input: TypeId) -> Option<Rc<Translator>> {
        self.translators
            .iter()
            .find(|t| self.types.same(t.output, output) && self.types.same(t.input, input))
            .cloned()
    }

    /// Whether a value of type `from` is seen as one of type `to`, or as one that a pointer of type `to` points to.
    pub(super) fn translates(&self, from: TypeId, to: TypeId) -> bool {
        let sou = self.types.pointee(to).unwrap_or(to);
        self.find_translator(sou, from).is_some()
    }

    /// `xlate <type> (operand)`
    pub(super) fn xlate(&mut self, ty: &ast::TypeName, operand: &Expr, span: Span) -> TExpr {
        let to = self.type_name(ty);
        let e = self.expr(operand);
        let Some(to) = to else {
            return TExpr::error(span);
        };
        if self.types.is_error(e.ty) {
            return TExpr::error(span);
        }
        let sou = match self.types.pointee(to) {
            Some(t) if self.types.is_pointer(to) => t,
            _ => to,
        };
        let e = self.decay(e);
        if !self.types.is_sou(sou) || self.find_translator(sou, e.ty).is_none() {
            let text = format!(
                "translator from \"{}\" to \"{}\" is not defined",
                self.types.name(e.ty),
                self.types.name(sou)
            );
            return self.bad(Tag::D_XLATE_NONE, span, text);
        }
        TExpr::new(TKind::Xlate(Box::new(e)), to, span)
    }

    /// A member of a translated value of type `sou`.
    pub(super) fn xlate_member(
        &mut self,
        sou: TypeId,
        input: &TExpr,
        member: &Ident,
        span: Span,
    ) -> TExpr {
        let Some(tr) = self.find_translator(sou, input.ty) else {
            return TExpr::error(span);
        };
        if !tr.members.iter().any(|m| m.name.name == member.name) {
            let text = format!(
                "translator from {} to {} does not define member {}",
                self.types.name(tr.input),
                self.types.name(tr.output),
                member.name
            );
            return self.bad(Tag::D_XLATE_MEMB, member.span, text);
        }
        // The operand may stand in the member's expression more than once.
        let Some((input, first)) = self.once(input.clone()) else {
            return TExpr::error(span);
        };
        let value = self.translated(&tr, &input, member, span);
        sequence(first.into_iter().collect(), value)
    }

    fn translated(
        &mut self,
        tr: &Rc<Translator>,
        input: &TExpr,
        member: &Ident,
        span: Span,
    ) -> TExpr {
        let Some(field) = self.types.member(tr.output, &member.name) else {
            let text = format!(
                "{} is not a member of {}",
                member.name,
                self.types.name(tr.output)
            );
            return self.bad(Tag::D_XLATE_MEMB, member.span, text);
        };
        let Some(m) = tr.members.iter().find(|m| m.name.name == member.name) else {
            return TExpr::error(span);
        };
        if !self.expand(&tr.input_name, span) {
            return TExpr::error(span);
        }
        let bound = vec![(tr.input_name.clone(), input.clone())];
        let outer = std::mem::replace(&mut self.bound, bound);
        let mut e = self.expr(&m.value);
        self.bound = outer;
        self.expanding.pop();
        e.span = span;
        match self.assign_conv(e, field.ty) {
            Ok(mut e) => {
                if !self.types.is_error(e.ty) && !matches!(e.kind, TKind::Xlate(_)) {
                    e.ty = field.ty;
                }
                e.span = span;
                e
            }
            Err(e) => {
                let text = format!(
                    "translator member {} definition uses incompatible types: \"{}\" = \"{}\"",
                    member.name,
                    self.types.name(field.ty),
                    self.types.name(e.ty)
                );
                self.bad(Tag::D_XLATE_INCOMPAT, m.value.span, text)
            }
        }
    }
}
