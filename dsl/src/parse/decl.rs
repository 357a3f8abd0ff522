//! Declarations: specifiers, declarators, structs, enums, parameters, type names.
//!
//! C needs to know which names are types. D's own, the program's typedefs and the kernel's (through
//! [`ParseOptions::is_type`](super::ParseOptions)) are known; an unknown name is taken for a type where nothing else
//! could stand, so that `(foo_t *)x` parses whether or not the kernel has a `foo_t`.

use super::{PResult, Parser};
use crate::ast::{
    Decl, Declarator, EnumSpec, Enumerator, IntSize, Layer, LayerKind, Members, Name, Param,
    Params, Quals, RecordSpec, Sign, SpecKind, Storage, TypeName, TypeSpec,
};
use crate::diag::Tag;
use crate::lex::token::{Kw, P, Tok};
use crate::source::Span;

/// Type names that every D program has, whatever the kernel defines.
const D_TYPES: &[&str] = &[
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "intptr_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "uintptr_t",
    "uchar_t",
    "ushort_t",
    "uint_t",
    "ulong_t",
    "u_longlong_t",
    "longlong_t",
    "size_t",
    "ssize_t",
    "ptrdiff_t",
    "pid_t",
    "id_t",
    "uid_t",
    "gid_t",
    "zoneid_t",
    "dev_t",
    "major_t",
    "minor_t",
    "time_t",
    "hrtime_t",
    "off_t",
    "offset_t",
    "caddr_t",
    "processorid_t",
    "psetid_t",
    "chipid_t",
    "lgrp_id_t",
    "in_addr_t",
    "ipaddr_t",
    "in6_addr_t",
    "file_t",
    "stack",
    "_symaddr",
    "_usymaddr",
    "bool",
    "_Bool",
    "psinfo_t",
    "lwpsinfo_t",
    "cpuinfo_t",
    "bufinfo_t",
    "devinfo_t",
    "fileinfo_t",
    "conninfo_t",
    "pktinfo_t",
    "csinfo_t",
    "ipinfo_t",
    "ifinfo_t",
    "ipv4info_t",
    "ipv6info_t",
    "tcpinfo_t",
    "tcpsinfo_t",
    "tcplsinfo_t",
    "udpinfo_t",
    "udpsinfo_t",
];

/// What the specifiers read so far say.
#[derive(Default)]
struct Specs {
    storage: Option<(Storage, Span)>,
    quals: Quals,
    sign: Option<Sign>,
    /// `short` is -1; otherwise the number of `long`.
    length: i8,
    kind: Option<SpecKind>,
    any: bool,
}

impl Parser<'_> {
    pub(super) fn is_type_name(&self, name: &str) -> bool {
        D_TYPES.contains(&name) || self.types.contains(name) || (self.options.is_type)(name)
    }

    /// Whether a type begins here. An unknown name counts when what follows makes it one: it ends at `closers`, with
    /// stars or without, and `bare` says whether a name alone is enough.
    pub(super) fn at_type(&self, closers: &[P], bare: bool) -> bool {
        let name = match &self.tok.tok {
            Tok::Kw(k) => return k.begins_type(),
            Tok::Ident(name) => name,
            _ => return false,
        };
        if self.is_type_name(name) {
            return true;
        }
        let mut ahead = self.ahead();
        let mut t = ahead.next();
        let mut stars = 0;
        while t.is(P::Star)
            || stars > 0 && (t.is_kw(Kw::Const) || t.is_kw(Kw::Volatile) || t.is_kw(Kw::Restrict))
        {
            stars += 1;
            if stars > 16 {
                return false;
            }
            t = ahead.next();
        }
        (stars > 0 || bare) && closers.iter().any(|p| t.is(*p))
    }

    /// A declaration, up to its `;`.
    pub(super) fn decl(&mut self) -> PResult<Decl> {
        let start = self.tok.span;
        let (storage, base) = self.specs(false, true)?;
        let mut declarators = Vec::new();
        if !self.tok.is(P::Semi) {
            declarators.push(self.declarator(false)?);
            while self.eat(P::Comma) {
                declarators.push(self.declarator(false)?);
            }
        }
        let useful = matches!(base.kind, SpecKind::Record(_) | SpecKind::Enum(_));
        if declarators.is_empty() && !useful {
            self.report(
                Tag::D_DECL_USELESS,
                start.to(self.last),
                "useless declaration",
            );
        }
        Ok(Decl {
            storage,
            base,
            declarators,
        })
    }

    /// Specifiers where no storage class may stand.
    pub(super) fn specs_without_storage(&mut self) -> PResult<TypeSpec> {
        let (_, base) = self.specs(true, false)?;
        Ok(base)
    }

    /// Specifiers. `bare`: an unknown name is a type even when nothing else says so, because nothing else could stand
    /// here. `storage`: storage classes are allowed.
    fn specs(&mut self, bare: bool, storage: bool) -> PResult<(Option<Storage>, TypeSpec)> {
        let start = self.tok.span;
        let mut s = Specs::default();
        loop {
            let at = self.tok.span;
            match &self.tok.tok {
                Tok::Kw(k) if k.begins_declaration() => {
                    let k = *k;
                    self.spec_keyword(&mut s, k, storage)?;
                }
                Tok::Ident(name) if s.kind.is_none() && s.sign.is_none() && s.length == 0 => {
                    if !(self.is_type_name(name) || bare && !s.any || self.name_follows()) {
                        break;
                    }
                    let name = split_scope(name, at);
                    s.kind = Some(SpecKind::Named(name));
                    self.bump();
                }
                _ => break,
            }
            s.any = true;
        }
        if !s.any {
            return Err(self.unexpected());
        }
        let kind = self.combine(&s, start)?;
        Ok((
            s.storage.map(|(c, _)| c),
            TypeSpec {
                kind,
                quals: s.quals,
                span: start.to(self.last),
            },
        ))
    }

    /// Of the unknown name here: does another name or a star follow, as after a type?
    fn name_follows(&self) -> bool {
        let next = self.peek();
        matches!(&next.tok, Tok::Ident(_))
            || next.is(P::Star)
            || matches!(&next.tok, Tok::Kw(k) if k.begins_type())
    }

    fn spec_keyword(&mut self, s: &mut Specs, k: Kw, storage_allowed: bool) -> PResult<()> {
        let at = self.tok.span;
        if k.is_tagged() {
            self.one_type(s, at)?;
            s.kind = Some(self.nested(|p| {
                if k == Kw::Enum {
                    p.enum_spec()
                } else {
                    p.record_spec(k)
                }
            })?);
            return Ok(());
        }
        self.bump();
        match k {
            Kw::Const => s.quals.is_const = true,
            Kw::Volatile => s.quals.is_volatile = true,
            Kw::Restrict => s.quals.is_restrict = true,
            Kw::Userland => s.quals.is_userland = true,
            Kw::Signed | Kw::Unsigned => {
                let sign = if k == Kw::Signed {
                    Sign::Signed
                } else {
                    Sign::Unsigned
                };
                if s.sign.is_some_and(|old| old != sign) {
                    return Err(self.fail(Tag::D_DECL_COMBO, at, "invalid type combination"));
                }
                s.sign = Some(sign);
            }
            Kw::Long if (0..2).contains(&s.length) => s.length += 1,
            Kw::Short if s.length == 0 => s.length = -1,
            Kw::Long | Kw::Short => {
                return Err(self.fail(Tag::D_DECL_COMBO, at, "invalid type combination"));
            }
            Kw::Void => self.base_type(s, at, SpecKind::Void)?,
            Kw::Char => self.base_type(s, at, SpecKind::Char(None))?,
            Kw::Int => self.base_type(
                s,
                at,
                SpecKind::Int {
                    size: IntSize::Int,
                    sign: None,
                },
            )?,
            Kw::Float => self.base_type(s, at, SpecKind::Float)?,
            Kw::Double => self.base_type(s, at, SpecKind::Double { long: false })?,
            Kw::String => {
                let name = Name {
                    scope: None,
                    name: "string".into(),
                    span: at,
                };
                self.base_type(s, at, SpecKind::Named(name))?;
            }
            _ => self.storage_class(s, k, at, storage_allowed)?,
        }
        Ok(())
    }

    fn base_type(&mut self, s: &mut Specs, at: Span, kind: SpecKind) -> PResult<()> {
        self.one_type(s, at)?;
        s.kind = Some(kind);
        Ok(())
    }

    fn one_type(&mut self, s: &Specs, at: Span) -> PResult<()> {
        if s.kind.is_some() {
            return Err(self.fail(Tag::D_DECL_COMBO, at, "invalid type combination"));
        }
        Ok(())
    }

    fn storage_class(&mut self, s: &mut Specs, k: Kw, at: Span, allowed: bool) -> PResult<()> {
        if !allowed {
            let text = "inappropriate storage class for function or associative array parameter";
            return Err(self.fail(Tag::D_DECL_PARMCLASS, at, text));
        }
        let class = match k {
            Kw::Self_ => Storage::Thread,
            Kw::This => Storage::Clause,
            Kw::Extern => Storage::Extern,
            Kw::Typedef => Storage::Typedef,
            _ => {
                return Err(self.fail(
                    Tag::D_DECL_BADCLASS,
                    at,
                    "specified storage class not appropriate in D",
                ));
            }
        };
        if let Some((_, first)) = s.storage {
            let text = "only one storage class allowed in given declaration";
            self.push(
                crate::diag::Diag::new(Tag::D_DECL_CLASS, at, text)
                    .note_at(first, "the first is here"),
            );
            return Err(super::Failed);
        }
        s.storage = Some((class, at));
        Ok(())
    }

    /// The type that the specifiers make together.
    fn combine(&mut self, s: &Specs, start: Span) -> PResult<SpecKind> {
        let at = start.to(self.last);
        let attributed = s.sign.is_some() || s.length != 0;
        let size = match s.length {
            -1 => IntSize::Short,
            0 => IntSize::Int,
            1 => IntSize::Long,
            _ => IntSize::LongLong,
        };
        let bad = |tag, what: &str| Err((tag, format!("invalid type declaration: {what}")));
        let made = match &s.kind {
            None | Some(SpecKind::Int { .. }) => Ok(SpecKind::Int { size, sign: s.sign }),
            Some(SpecKind::Char(_)) if s.length != 0 => bad(
                Tag::D_DECL_CHARATTR,
                "short and long may not be used with char type",
            ),
            Some(SpecKind::Char(_)) => Ok(SpecKind::Char(s.sign)),
            Some(SpecKind::Void) if attributed => bad(
                Tag::D_DECL_VOIDATTR,
                "attributes may not be used with void type",
            ),
            Some(SpecKind::Double { .. }) if s.sign.is_none() && matches!(s.length, 0 | 1) => {
                Ok(SpecKind::Double {
                    long: s.length == 1,
                })
            }
            Some(_) if s.sign.is_some() => bad(
                Tag::D_DECL_SIGNINT,
                "signed and unsigned may only be used with integer type",
            ),
            Some(_) if s.length > 0 => bad(
                Tag::D_DECL_LONGINT,
                "long and long long may only be used with integer or floating-point type",
            ),
            Some(_) if s.length < 0 => bad(
                Tag::D_DECL_LONGINT,
                "short may only be used with integer type",
            ),
            Some(other) => Ok(other.clone()),
        };
        made.map_err(|(tag, text)| self.fail(tag, at, text))
    }

    fn tag(&mut self) -> Option<Name> {
        let Tok::Ident(name) = &self.tok.tok else {
            return None;
        };
        let name = split_scope(name, self.tok.span);
        self.bump();
        Some(name)
    }

    fn record_spec(&mut self, k: Kw) -> PResult<SpecKind> {
        self.bump();
        let tag = self.tag();
        let members = if self.tok.is(P::LBrace) {
            self.bump();
            let mut members = Vec::new();
            loop {
                members.push(self.members()?);
                if self.eat(P::RBrace) {
                    break;
                }
            }
            Some(members)
        } else if tag.is_none() {
            return Err(self.unexpected());
        } else {
            None
        };
        Ok(SpecKind::Record(RecordSpec {
            is_union: k == Kw::Union,
            tag,
            members,
        }))
    }

    fn members(&mut self) -> PResult<Members> {
        let start = self.tok.span;
        let base = self.specs_without_storage()?;
        let mut declarators = Vec::new();
        while !self.tok.is(P::Semi) {
            if !declarators.is_empty() {
                self.expect(P::Comma)?;
            }
            let at = self.tok.span;
            let mut d = if self.tok.is(P::Colon) {
                Declarator {
                    name: None,
                    layers: Vec::new(),
                    bits: None,
                    span: at,
                }
            } else {
                self.member_declarator()?
            };
            if self.eat(P::Colon) {
                d.bits = Some(self.embedded_expr()?);
                d.span = at.to(self.last);
            }
            declarators.push(d);
        }
        self.bump();
        Ok(Members {
            base,
            declarators,
            span: start.to(self.last),
        })
    }

    fn enum_spec(&mut self) -> PResult<SpecKind> {
        self.bump();
        let tag = self.tag();
        let enumerators = if self.eat(P::LBrace) {
            let mut list = Vec::new();
            loop {
                let name = self.declared_name()?;
                let value = if self.eat(P::Eq) {
                    Some(self.embedded_expr()?)
                } else {
                    None
                };
                list.push(Enumerator { name, value });
                // A comma may end the list, as it may in C.
                if !self.eat(P::Comma) || self.tok.is(P::RBrace) {
                    break;
                }
            }
            self.expect(P::RBrace)?;
            Some(list)
        } else if tag.is_none() {
            return Err(self.unexpected());
        } else {
            None
        };
        Ok(SpecKind::Enum(EnumSpec { tag, enumerators }))
    }

    /// A constant expression inside a type: its depth counts for the expression that the type stands in.
    fn embedded_expr(&mut self) -> PResult<crate::ast::Expr> {
        let (expr, height) = self.conditional_with_height()?;
        self.embedded = self.embedded.max(height);
        Ok(expr)
    }

    // ---- declarators --------------------------------------------------------------------------------------------

    /// A declarator; `abstract_ok` says that the name may be left out.
    pub(super) fn declarator(&mut self, abstract_ok: bool) -> PResult<Declarator> {
        self.declarator_of(abstract_ok, false)
    }

    /// The declarator of a struct member, whose name may be a keyword.
    fn member_declarator(&mut self) -> PResult<Declarator> {
        self.declarator_of(false, true)
    }

    fn declarator_of(&mut self, abstract_ok: bool, member: bool) -> PResult<Declarator> {
        let start = self.tok.span;
        let mut layers = Vec::new();
        while self.tok.is(P::Star) {
            let at = self.tok.span;
            self.bump();
            let mut quals = Quals::default();
            loop {
                match self.tok.tok {
                    Tok::Kw(Kw::Const) => quals.is_const = true,
                    Tok::Kw(Kw::Volatile) => quals.is_volatile = true,
                    Tok::Kw(Kw::Restrict) => quals.is_restrict = true,
                    Tok::Kw(Kw::Userland) => quals.is_userland = true,
                    _ => break,
                }
                self.bump();
            }
            layers.push(Layer {
                kind: LayerKind::Pointer(quals),
                span: at,
            });
        }
        // What is in parentheses wraps around what stands behind them: `(*f)(int)` is a pointer to a function.
        let mut inner = Vec::new();
        let mut name = None;
        match &self.tok.tok {
            Tok::Punct(P::LParen) if self.is_group(abstract_ok) => {
                self.bump();
                let group = self.nested(|p| p.declarator_of(abstract_ok, member))?;
                self.expect(P::RParen)?;
                name = group.name;
                inner = group.layers;
            }
            Tok::Ident(_) => name = Some(self.declared_name()?),
            Tok::Kw(_) if member => name = Some(self.member_name()?),
            _ if abstract_ok => {}
            Tok::Punct(P::Semi | P::Comma | P::LBracket) => {
                return Err(self.fail(
                    Tag::D_DECL_IDENT,
                    self.tok.span,
                    "identifier expected in declaration",
                ));
            }
            _ => return Err(self.unexpected()),
        }
        let mut suffixes = Vec::new();
        loop {
            let at = self.tok.span;
            let kind = match self.tok.tok {
                Tok::Punct(P::LBracket) => self.nested(Self::dimension)?,
                Tok::Punct(P::LParen) => LayerKind::Function(self.nested(Self::params)?),
                _ => break,
            };
            suffixes.push(Layer {
                kind,
                span: at.to(self.last),
            });
        }
        layers.extend(suffixes.into_iter().rev());
        layers.extend(inner);
        Ok(Declarator {
            name,
            layers,
            bits: None,
            span: start.to(self.last),
        })
    }

    /// Whether the parenthesis here groups a declarator (and does not list parameters).
    fn is_group(&self, abstract_ok: bool) -> bool {
        if !abstract_ok {
            return true;
        }
        match self.peek().tok {
            Tok::Punct(P::Star | P::LParen | P::LBracket) => true,
            // `f(x)` in a parameter could be either; a name that is no type is a declared one.
            Tok::Ident(name) => !self.is_type_name(&name),
            _ => false,
        }
    }

    /// `[…]`: a size, nothing, or the key types of an associative array.
    fn dimension(&mut self) -> PResult<LayerKind> {
        self.expect(P::LBracket)?;
        if self.eat(P::RBracket) {
            return Ok(LayerKind::Array(None));
        }
        if self.tok.is(P::Ellipsis) {
            let text = "array prototype may not use a variable-length argument list";
            return Err(self.fail(Tag::D_DECL_PROTO_VARARGS, self.tok.span, text));
        }
        if self.at_key_type() {
            let mut keys = vec![self.param(true)?];
            while self.eat(P::Comma) {
                keys.push(self.param(true)?);
            }
            self.expect(P::RBracket)?;
            return Ok(LayerKind::Assoc(keys));
        }
        let size = self.embedded_expr()?;
        self.expect(P::RBracket)?;
        Ok(LayerKind::Array(Some(Box::new(size))))
    }

    /// An unknown name alone is an enumerator (`int a[N]`); with stars, a list or another name behind it, a type.
    fn at_key_type(&self) -> bool {
        if self.at_type(&[P::RBracket, P::Comma], false) {
            return true;
        }
        let next = self.peek();
        // A storage class has no place here, but what it would be the class of is a type.
        if matches!(self.tok.tok, Tok::Kw(k) if k.begins_declaration()) {
            return !next.is(P::Arrow);
        }
        matches!(self.tok.tok, Tok::Ident(_))
            && (matches!(next.tok, Tok::Ident(_)) || next.is(P::Comma))
    }

    /// `( parameters )`
    pub(super) fn params(&mut self) -> PResult<Params> {
        let open = self.expect(P::LParen)?;
        let mut list = Vec::new();
        let mut varargs = false;
        if !self.tok.is(P::RParen) {
            loop {
                if self.eat(P::Ellipsis) {
                    varargs = true;
                    break;
                }
                list.push(self.param(true)?);
                if !self.eat(P::Comma) {
                    break;
                }
            }
        }
        self.expect(P::RParen)?;
        Ok(Params {
            list,
            varargs,
            span: open.to(self.last),
        })
    }

    /// A type with or without a name.
    pub(super) fn param(&mut self, abstract_ok: bool) -> PResult<Param> {
        let start = self.tok.span;
        let base = self.specs_without_storage()?;
        let declarator = self.declarator(abstract_ok)?;
        Ok(Param {
            base,
            declarator,
            span: start.to(self.last),
        })
    }

    /// A type without a name.
    pub(super) fn type_name(&mut self) -> PResult<TypeName> {
        self.nested(|p| {
            let start = p.tok.span;
            let base = p.specs_without_storage()?;
            let d = p.declarator(true)?;
            if let Some(name) = d.name {
                let text = format!("identifier is not allowed in a type name: {}", name.name);
                return Err(p.fail(Tag::D_DECL_IDENT, name.span, text));
            }
            Ok(TypeName {
                base,
                layers: d.layers,
                span: start.to(p.last),
            })
        })
    }

    /// A type name, and the depth of the deepest expression in it.
    pub(super) fn type_name_with_height(&mut self) -> PResult<(Box<TypeName>, u32)> {
        let outer = std::mem::take(&mut self.embedded);
        let ty = self.type_name();
        let height = std::mem::replace(&mut self.embedded, outer);
        Ok((Box::new(ty?), height))
    }
}

/// Cut a name at its last backtick.
pub(super) fn split_scope(text: &str, span: Span) -> Name {
    match text.rsplit_once('`') {
        Some((scope, name)) => Name {
            scope: Some(scope.to_string()),
            name: name.to_string(),
            span,
        },
        None => Name {
            scope: None,
            name: text.to_string(),
            span,
        },
    }
}
