//! What stands at the top level: which of clause, declaration, inline, translator and provider it is.
//!
//! A word here may be a type or a probe description (`int*x;` against `int*:::entry`). What names a type or begins a
//! declaration is one; of the rest, what is followed as a declaration is (`foo_t *x;`), so that a kernel type that
//! nobody knows yet gives a message about the type.

use super::{InputKind, PResult, Parser, ProbeFlag};
use crate::ast::{
    Ident, Inline, ItemKind, Provider, ProviderProbe, Storage, Translator, XlateMember,
};
use crate::diag::Tag;
use crate::lex::is_ident_byte;
use crate::lex::token::{Kw, P, Tok};

/// How far to look for what tells a declaration from a clause. A bound keeps long nonsense from costing its square.
const LOOK_AHEAD_BYTES: usize = 4096;

impl Parser<'_> {
    pub(super) fn item(&mut self) -> PResult<ItemKind> {
        if let Tok::Bad(..) = self.tok.tok
            && !self.at_word()
        {
            let failed = self.unexpected();
            self.bump();
            return Err(failed);
        }
        match self.leading_keyword() {
            Some(Kw::Inline) => self.inline().map(ItemKind::Inline),
            Some(Kw::Translator) => self.translator().map(ItemKind::Translator),
            Some(Kw::Provider) => self.provider().map(ItemKind::Provider),
            _ if self.at_declaration() => self.declaration(),
            _ => self.clause().map(ItemKind::Clause),
        }
    }

    /// The word here, as it is read outside clauses.
    pub(super) fn word_here(&self) -> &str {
        let mut lex = self.lex;
        lex.seek(self.tok.span.lo);
        lex.word().raw
    }

    fn at_word(&self) -> bool {
        !self.word_here().is_empty()
    }

    /// The keyword that the word here is, all of it, unless it is a probe description.
    fn leading_keyword(&self) -> Option<Kw> {
        let Tok::Kw(k) = self.tok.tok else {
            return None;
        };
        (!self.options.pspec && self.word_here() == k.text() && !self.ends_description())
            .then_some(k)
    }

    /// Whether what follows the word here is what follows a probe description.
    fn ends_description(&self) -> bool {
        let mut lex = self.lex;
        lex.seek(self.tok.span.lo);
        lex.word();
        matches!(lex.peek_byte(), b'{' | b'/' | b',' | 0)
    }

    fn at_declaration(&self) -> bool {
        if self.options.pspec {
            return false;
        }
        let word = self.word_here();
        let len = word.bytes().take_while(|b| is_ident_byte(*b)).count();
        let (name, rest) = (word.get(..len).unwrap_or(""), word.get(len..).unwrap_or(""));
        // After the name of a type only `*`, `[` (an implicit int's array) or nothing may stand in the same word.
        if name.is_empty() || word.contains([':', '-', '?', '.', '$', '\\', '!']) {
            return false;
        }
        if let Some(k) = Kw::from_word(name).filter(|k| k.begins_declaration()) {
            return k.is_tagged() || !rest.is_empty() || !self.ends_description();
        }
        if self.ends_description() {
            return false;
        }
        self.is_type_name(name)
            || (rest.is_empty() || rest.starts_with('*')) && self.reads_as_declaration()
    }

    /// Of a word that nobody knows: does a `;` come before anything that belongs to a clause?
    fn reads_as_declaration(&self) -> bool {
        let start = self.tok.span.lo as usize;
        let bytes = self
            .text
            .as_bytes()
            .iter()
            .skip(start)
            .take(LOOK_AHEAD_BYTES);
        let end = bytes
            .copied()
            .find(|b| matches!(b, b';' | b'{' | b'/' | b'"'));
        end == Some(b';')
    }

    fn declaration(&mut self) -> PResult<ItemKind> {
        let decl = self.decl()?;
        self.expect(P::Semi)?;
        if decl.storage == Some(Storage::Typedef) {
            for d in &decl.declarators {
                self.types.extend(d.name.as_ref().map(|n| n.name.clone()));
            }
        }
        Ok(ItemKind::Decl(decl))
    }

    fn inline(&mut self) -> PResult<Inline> {
        self.bump();
        let base = self.specs_without_storage()?;
        let declarator = self.declarator(false)?;
        self.expect(P::Eq)?;
        let value = self.assignment_expr()?;
        self.expect(P::Semi)?;
        Ok(Inline {
            base,
            declarator,
            value,
        })
    }

    fn translator(&mut self) -> PResult<Translator> {
        self.bump();
        let output = self.type_name()?;
        self.expect(P::Lt)?;
        let input = self.param(true)?;
        if input.declarator.name.is_none() {
            return Err(self.unexpected());
        }
        self.expect(P::Gt)?;
        self.expect(P::LBrace)?;
        let mut members = Vec::new();
        while !self.tok.is(P::RBrace) {
            let name = self.member_name()?;
            self.expect(P::Eq)?;
            let value = self.assignment_expr()?;
            self.expect(P::Semi)?;
            members.push(XlateMember { name, value });
        }
        self.bump();
        self.expect(P::Semi)?;
        Ok(Translator {
            output,
            input,
            members,
        })
    }

    fn provider(&mut self) -> PResult<Provider> {
        self.bump();
        let name = self.ident()?;
        self.expect(P::LBrace)?;
        let mut probes = Vec::new();
        while !self.tok.is(P::RBrace) {
            if !self.tok.is_kw(Kw::Probe) {
                return Err(self.unexpected());
            }
            self.bump();
            let name = self.member_name()?;
            let native = self.params()?;
            let translated = if self.eat(P::Colon) {
                Some(self.params()?)
            } else {
                None
            };
            self.expect(P::Semi)?;
            probes.push(ProviderProbe {
                name,
                native,
                translated,
            });
        }
        self.bump();
        self.expect(P::Semi)?;
        Ok(Provider { name, probes })
    }

    /// A name that is not a keyword.
    pub(super) fn ident(&mut self) -> PResult<Ident> {
        let Tok::Ident(name) = &self.tok.tok else {
            return Err(self.unexpected());
        };
        let ident = Ident {
            name: name.clone(),
            span: self.tok.span,
        };
        self.bump();
        Ok(ident)
    }

    /// A name after `.`, `->` and the like, where keywords are names too.
    pub(super) fn member_name(&mut self) -> PResult<Ident> {
        let name = match &self.tok.tok {
            Tok::Ident(name) => name.clone(),
            Tok::Kw(k) => k.text().to_string(),
            _ => return Err(self.unexpected()),
        };
        let ident = Ident {
            name,
            span: self.tok.span,
        };
        self.bump();
        Ok(ident)
    }

    /// The flag that this text came with; a script is read as `-n` is.
    pub(super) fn flag(&self) -> ProbeFlag {
        match self.kind {
            InputKind::Probe(flag) => flag,
            InputKind::Script | InputKind::Library => ProbeFlag::Name,
        }
    }

    /// A declared name has no scope.
    pub(super) fn declared_name(&mut self) -> PResult<Ident> {
        let ident = self.ident()?;
        if ident.name.contains('`') {
            let text = format!(
                "D scoping operator may not be used in a declaration name ({})",
                ident.name
            );
            self.report(Tag::D_DECL_SCOPE, ident.span, text);
        }
        Ok(ident)
    }
}
