//! `printf` and `printa`: formats against arguments.

use super::Checker;
use super::clause::Recorded;
use crate::ast::{Expr, ExprKind};
use crate::diag::Tag;
use crate::format::{Conv, ConvKind, Format, Size};
use crate::program::{Datum, KeyType, StmtKind, SymKind};
use crate::source::Span;
use crate::types::{Type, TypeId};

/// What `printa` may print of a key or a value, as far as a conversion cares.
enum Printed {
    Int,
    Str,
    Stack,
    Sym,
}

impl Checker<'_> {
    /// The format, parsed. `None`: reported.
    fn format(&mut self, func: &str, e: &Expr) -> Option<Format> {
        let t = self.expr(e);
        let super::tree::TKind::Str(bytes) = &t.kind else {
            if !self.types.is_error(t.ty) {
                let text = format!(
                    "{func}( ) argument #1 is incompatible with prototype:\n\tprototype: string constant\n\t argument: {}",
                    self.types.name(t.ty)
                );
                self.err(Tag::D_PRINTF_ARG_FMT, e.span, text);
            }
            return None;
        };
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or(&[])).into_owned();
        if text.is_empty() && func.starts_with("print") {
            let text = format!("{func}( ) format string is empty");
            self.err(Tag::D_PRINTF_FMT_EMPTY, e.span, text);
            return None;
        }
        // A program that would write to the directory that it is in.
        if func == "freopen" && matches!(text.as_str(), "." | "..") {
            let text = format!("freopen( ) argument #1 cannot be \"{text}\"");
            self.err(Tag::D_FREOPEN_INVALID, e.span, text);
            return None;
        }
        match Format::parse(&text) {
            Ok(f) => Some(f),
            Err(err) => {
                self.err(Tag::D_SYNTAX, e.span, err.to_string());
                None
            }
        }
    }

    /// A format and what it prints: `printf`, `system`, `freopen`.
    pub(super) fn printf(
        &mut self,
        func: &str,
        args: &[Expr],
        span: Span,
    ) -> Option<(Format, Vec<Datum>)> {
        let (first, rest) = args.split_first()?;
        let format = self.format(func, first)?;
        let mut data = Vec::new();
        let mut next = rest.iter();
        let mut used = 1;
        for (i, conv) in format.convs().enumerate() {
            let n = i + 1;
            if conv.agg || conv.kind == ConvKind::AggDefault {
                let text = format!(
                    "%@ conversion requires an aggregation and is not for use with {func}( ): conversion #{n}"
                );
                self.err(Tag::D_PRINTF_AGG_CONV, span, text);
                return None;
            }
            for (size, what) in [(conv.width, "width"), (conv.prec, "precision")] {
                if size != Size::Arg {
                    continue;
                }
                let Some(e) = next.next() else {
                    let text = format!(
                        "{func}( ) prototype mismatch: conversion #{n} (%{}) is missing a corresponding \"{what}\" argument",
                        conv.text
                    );
                    self.err(Tag::D_PRINTF_DYN_PROTO, span, text);
                    return None;
                };
                used += 1;
                let t = self.expr(e);
                if !self.types.is_error(t.ty) && !self.types.is_integer(t.ty) {
                    let text = format!(
                        "{func}( ) argument #{used} is incompatible with conversion #{n} prototype:\n\tconversion: {what} of %{}\n\t prototype: int\n\t  argument: {}",
                        conv.text,
                        self.types.name(t.ty)
                    );
                    self.err(Tag::D_PRINTF_DYN_TYPE, e.span, text);
                    return None;
                }
                let t = self.convert(t, TypeId::INT);
                let difo = self.difo(&t);
                data.push(Datum::Int {
                    difo,
                    size: 4,
                    signed: true,
                });
            }
            let Some(e) = next.next() else {
                let text = format!(
                    "{func}( ) prototype mismatch: conversion #{n} (%{}) is missing a corresponding value argument",
                    conv.text
                );
                self.err(Tag::D_PRINTF_ARG_PROTO, span, text);
                return None;
            };
            used += 1;
            data.push(self.printf_arg(func, conv, n, used, e)?);
        }
        if next.next().is_some() {
            let text = format!(
                "{func}( ) prototype mismatch: only {} arguments required by this format string",
                used - 1
            );
            self.err(Tag::D_PRINTF_ARG_EXTRA, span, text);
            return None;
        }
        Some((format, data))
    }

    fn printf_arg(
        &mut self,
        func: &str,
        conv: &Conv,
        n: usize,
        arg: usize,
        e: &Expr,
    ) -> Option<Datum> {
        if let ExprKind::Agg { .. } = e.kind {
            let text = format!("{func}( ) argument #{arg} may not be an aggregation");
            self.err(Tag::D_PRINTF_ARG_TYPE, e.span, text);
            return None;
        }
        let special = match self.special(e) {
            Some(s) => Some(s?),
            None => None,
        };
        if let Some(Recorded { datum, ty }) = special {
            let fits = match &datum {
                Datum::Stack { .. } | Datum::Ustack { .. } => conv.kind == ConvKind::Stack,
                _ => matches!(
                    conv.kind,
                    ConvKind::KernelSym | ConvKind::UserSym | ConvKind::Str
                ),
            };
            if !fits {
                self.arg_type(func, conv, n, arg, ty, e.span);
                return None;
            }
            return Some(datum);
        }
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return None;
        }
        let ty = t.ty;
        let t = if self.types.is_func(ty) {
            self.decay(t)
        } else {
            t
        };
        let integer = self.types.is_integer(ty);
        let scalar = self.types.is_scalar(t.ty) || self.types.is_array(ty);
        let fits = match conv.kind {
            ConvKind::Dec | ConvKind::Udec | ConvKind::Oct | ConvKind::Hex | ConvKind::HexUp => {
                integer
                    && self
                        .types
                        .shape(ty)
                        .is_some_and(|s| conv.takes_integer(s.size, s.signed))
            }
            ConvKind::Char | ConvKind::CharEsc => integer,
            ConvKind::Port => integer,
            ConvKind::Pointer | ConvKind::KernelSym | ConvKind::UserSym => scalar,
            // Nothing in a kernel is made of wide characters.
            ConvKind::Str if conv.modifier > 0 => false,
            ConvKind::Str | ConvKind::StrEsc | ConvKind::Inet => self.types.is_string_like(ty),
            ConvKind::Stack => false,
            ConvKind::Date | ConvKind::Time => integer && self.types.size_of(ty) == Some(8),
            // No kernel has one of another size; those of 80 bits have no form that is printed here.
            ConvKind::Float => {
                self.types.is_float(ty) && matches!(self.types.size_of(ty), Some(4 | 8))
            }
            ConvKind::AggDefault => false,
        };
        if !fits {
            self.arg_type(func, conv, n, arg, ty, e.span);
            return None;
        }
        match conv.kind {
            ConvKind::Str | ConvKind::StrEsc | ConvKind::Inet => {
                let t = self.as_string(t, e.span);
                Some(Datum::Str {
                    difo: self.difo(&t),
                })
            }
            // The bits are all that is recorded: nothing is calculated with them.
            ConvKind::Float => {
                let size = self.types.size_of(ty).unwrap_or(8);
                let super::tree::TKind::At(addr) = t.kind else {
                    self.arg_type(func, conv, n, arg, ty, e.span);
                    return None;
                };
                let bits = if size == 4 {
                    TypeId::UINT
                } else {
                    TypeId::ULONG
                };
                let t = self.load_at(*addr, bits, e.span);
                Some(Datum::Int {
                    difo: self.difo(&t),
                    size: size as u8,
                    signed: false,
                })
            }
            ConvKind::UserSym => {
                let t = self.decay(t);
                let t = self.convert(t, TypeId::ULONG);
                Some(Datum::Sym {
                    difo: self.difo(&t),
                    kind: SymKind::Uaddr,
                })
            }
            ConvKind::KernelSym => {
                let t = self.decay(t);
                let t = self.convert(t, TypeId::ULONG);
                Some(Datum::Int {
                    difo: self.difo(&t),
                    size: 8,
                    signed: false,
                })
            }
            _ => {
                let t = self.decay(t);
                let span = e.span;
                self.record(t, span).map(|r| r.datum)
            }
        }
    }

    fn arg_type(&mut self, func: &str, conv: &Conv, n: usize, arg: usize, ty: TypeId, span: Span) {
        let text = format!(
            "{func}( ) argument #{arg} is incompatible with conversion #{n} prototype:\n\tconversion: %{}\n\t prototype: {}\n\t  argument: {}",
            conv.text,
            conv.proto(),
            self.types.name(ty)
        );
        self.err(Tag::D_PRINTF_ARG_TYPE, span, text);
    }

    /// `printa([format,] @a, …)`
    pub(super) fn printa(&mut self, args: &[Expr], span: Span) -> Option<(StmtKind, usize)> {
        let (first, rest) = args.split_first()?;
        // Only a literal can be the format; anything else had to be an aggregation.
        let is_agg = !matches!(first.kind, ExprKind::Str(_));
        let format = if is_agg {
            None
        } else {
            Some(self.format("printa", first)?)
        };
        let list = if is_agg { args } else { rest };
        if list.is_empty() {
            self.err(
                Tag::D_PRINTA_PROTO,
                span,
                "printa( ) prototype mismatch: an aggregation is needed",
            );
            return None;
        }
        let mut ids = Vec::new();
        for (i, e) in list.iter().enumerate() {
            let n = i + 1 + usize::from(!is_agg);
            ids.push(self.agg_arg("printa", e, n, (Tag::D_PRINTA_AGGARG, Tag::D_PRINTA_AGGBAD))?);
        }
        let defs: Vec<_> = ids
            .iter()
            .filter_map(|a| self.aggs.get(a.0 as usize).cloned())
            .collect();
        let keys = defs.first().map(|d| d.keys.clone()).unwrap_or_default();
        if let Some(d) = defs.iter().find(|d| d.keys != keys) {
            let text = format!(
                "printa( ) aggregations have different keys: @{}",
                super::expr::agg_text(&d.name)
            );
            self.err(Tag::D_PRINTA_AGGKEY, span, text);
            return None;
        }
        if let Some(f) = &format {
            self.check_printa(f, &keys, ids.len(), span)?;
        }
        let actions = ids.len();
        Some((StmtKind::Printa { format, aggs: ids }, actions))
    }

    fn check_printa(
        &mut self,
        format: &Format,
        keys: &[KeyType],
        aggs: usize,
        span: Span,
    ) -> Option<()> {
        let mut key = keys.iter();
        let mut values = 0;
        for (i, conv) in format.convs().enumerate() {
            let n = i + 1;
            if conv.width == Size::Arg || conv.prec == Size::Arg {
                self.err(
                    Tag::D_PRINTF_DYN_PROTO,
                    span,
                    format!("printa( ) conversion #{n} may not have a width or precision of *"),
                );
                return None;
            }
            if conv.agg || conv.kind == ConvKind::AggDefault {
                values += 1;
                // One aggregation may be printed in several ways.
                if values > aggs && aggs > 1 {
                    let text = format!(
                        "printa( ) prototype mismatch: conversion #{n} (%@{}) is missing a corresponding aggregation",
                        conv.text
                    );
                    self.err(Tag::D_PRINTA_AGGPROTO, span, text);
                    return None;
                }
                let number = !matches!(
                    conv.kind,
                    ConvKind::Str
                        | ConvKind::StrEsc
                        | ConvKind::Inet
                        | ConvKind::Stack
                        | ConvKind::Float
                );
                if !number || !matches!(conv.modifier, 0 | 8) {
                    let text = format!(
                        "printa( ) aggregating action is incompatible with conversion #{n} prototype:\n\tconversion: %{}\n\t prototype: {}\n\t  argument: int64_t",
                        conv.text,
                        conv.proto()
                    );
                    self.err(Tag::D_PRINTF_ARG_TYPE, span, text);
                    return None;
                }
                continue;
            }
            let Some(k) = key.next() else {
                let text = format!(
                    "printa( ) prototype mismatch: conversion #{n} (%{}) is missing a corresponding aggregation key",
                    conv.text
                );
                self.err(Tag::D_PRINTF_ARG_PROTO, span, text);
                return None;
            };
            let printed = match k {
                KeyType::Int { .. } => Printed::Int,
                KeyType::Str | KeyType::Bytes { .. } => Printed::Str,
                KeyType::Stack { .. } | KeyType::Ustack { .. } => Printed::Stack,
                KeyType::Sym(_) => Printed::Sym,
            };
            let fits = match conv.kind {
                ConvKind::Stack => matches!(printed, Printed::Stack),
                ConvKind::Str | ConvKind::StrEsc | ConvKind::Inet => {
                    matches!(printed, Printed::Str | Printed::Sym)
                }
                ConvKind::KernelSym | ConvKind::UserSym => {
                    matches!(printed, Printed::Int | Printed::Sym)
                }
                ConvKind::Float | ConvKind::AggDefault => false,
                ConvKind::Dec
                | ConvKind::Udec
                | ConvKind::Oct
                | ConvKind::Hex
                | ConvKind::HexUp => match *k {
                    KeyType::Int { size, signed } => conv.takes_integer(u32::from(size), signed),
                    _ => false,
                },
                ConvKind::Pointer
                | ConvKind::Char
                | ConvKind::CharEsc
                | ConvKind::Date
                | ConvKind::Time
                | ConvKind::Port => matches!(printed, Printed::Int),
            };
            if !fits {
                let text = format!(
                    "printa( ) key is incompatible with conversion #{n} prototype:\n\tconversion: %{}\n\t prototype: {}",
                    conv.text,
                    conv.proto()
                );
                self.err(Tag::D_PRINTF_ARG_TYPE, span, text);
                return None;
            }
        }
        Some(())
    }

    /// The key type of something recorded.
    pub(super) fn recorded_key(&self, r: &Recorded) -> KeyType {
        match (&*self.types.resolve(r.ty), &r.datum) {
            (Type::Stack { user: true, frames }, _) => KeyType::Ustack { frames: *frames },
            (
                Type::Stack {
                    user: false,
                    frames,
                },
                _,
            ) => KeyType::Stack { frames: *frames },
            (_, Datum::Sym { kind, .. }) => KeyType::Sym(*kind),
            (_, Datum::Int { size, signed, .. }) => KeyType::Int {
                size: *size,
                signed: *signed,
            },
            (_, Datum::Str { .. }) => KeyType::Str,
            (_, Datum::Bytes { size, .. }) => KeyType::Bytes { size: *size },
            (_, Datum::Stack { frames }) => KeyType::Stack { frames: *frames },
            (_, Datum::Ustack { frames }) => KeyType::Ustack { frames: *frames },
        }
    }
}
