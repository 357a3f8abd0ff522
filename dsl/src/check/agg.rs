//! Aggregations: `@name[keys] = func(value, …)`.

use super::Checker;
use super::expr::agg_text;
use super::tree::TExpr;
use crate::ast::{Expr, ExprKind, Ident};
use crate::builtin::{AggKind, AggRow};
use crate::diag::{Diag, Tag};
use crate::program::{AggDef, AggFunc, AggId, Datum, KeyType, StmtKind};
use crate::source::Span;
use crate::types::TypeId;

impl Checker<'_> {
    /// An aggregating statement.
    pub(super) fn aggregate(
        &mut self,
        name: &Ident,
        keys: Option<&[Expr]>,
        rhs: &Expr,
        span: Span,
    ) -> Option<(StmtKind, usize)> {
        let shown = agg_text(&name.name);
        let call = match &rhs.kind {
            ExprKind::Call { func, args } if func.scope.is_none() => {
                AggRow::by_name(&func.name).map(|row| (row, args.as_slice()))
            }
            _ => None,
        };
        let Some((row, args)) = call else {
            let what = match &rhs.kind {
                ExprKind::Call { func, .. } => format!("{}( )", func.name),
                _ => "the expression".into(),
            };
            self.err(
                Tag::D_AGG_FUNC,
                rhs.span,
                format!("@{shown} must be assigned an aggregating function: {what} is none"),
            );
            return None;
        };
        let (min, max) = row.args;
        if !self.check_arity(row.name, args.len(), min, max, rhs.span) {
            return None;
        }
        let mut key_data = Vec::new();
        let mut key_types = Vec::new();
        // Keys take the types of the first use, where they can.
        let first_use = self
            .aggs
            .iter()
            .find(|a| a.name == name.name)
            .map(|a| a.keys.clone())
            .unwrap_or_default();
        for (i, k) in keys.unwrap_or(&[]).iter().enumerate() {
            let (d, t) = self.agg_key(k, first_use.get(i).copied())?;
            key_data.push(d);
            key_types.push(t);
        }
        let value = match args.first() {
            None => None,
            Some(e) => Some(self.agg_scalar(row, e, 1)?),
        };
        let typed: Vec<TExpr> = args.iter().skip(1).map(|a| self.expr(a)).collect();
        if typed.iter().any(|t| self.types.is_error(t.ty)) {
            return None;
        }
        let (func, weight_at) = match row.kind {
            AggKind::Count => (AggFunc::Count, 0),
            AggKind::Sum => (AggFunc::Sum, 0),
            AggKind::Min => (AggFunc::Min, 0),
            AggKind::Max => (AggFunc::Max, 0),
            AggKind::Avg => (AggFunc::Avg, 0),
            AggKind::Stddev => (AggFunc::Stddev, 0),
            AggKind::Quantize => (AggFunc::Quantize, 1),
            AggKind::Lquantize => (self.lquantize(&typed)?, 4),
            AggKind::Llquantize => (self.llquantize(&typed)?, 5),
        };
        let weight = match args.get(weight_at).filter(|_| weight_at > 0) {
            None => None,
            Some(e) => Some(self.agg_scalar(row, e, weight_at + 1)?),
        };
        let agg = self.agg_def(name, func, key_types, span)?;
        let value = value.map(|v| self.difo(&v));
        let weight = weight.map(|v| self.difo(&v));
        let actions = key_data.len() + 1;
        Some((
            StmtKind::Aggregate {
                agg,
                keys: key_data,
                value,
                weight,
            },
            actions,
        ))
    }

    fn agg_key(&mut self, e: &Expr, want: Option<KeyType>) -> Option<(Datum, KeyType)> {
        let r = match self.special(e) {
            Some(r) => r?,
            None => {
                let t = self.expr(e);
                if self.types.is_error(t.ty) {
                    return None;
                }
                if self.types.is_void(t.ty) || self.types.is_float(t.ty) {
                    let text = format!(
                        "expression of type {} may not be used as an aggregation key",
                        self.types.name(t.ty)
                    );
                    self.err(Tag::D_KEY_TYPE, e.span, text);
                    return None;
                }
                let t = match want {
                    Some(KeyType::Str) if self.types.is_string_like(t.ty) => {
                        self.as_string(t, e.span)
                    }
                    Some(KeyType::Int { size, signed }) if self.types.is_integer(t.ty) => {
                        let to = int_type(size, signed);
                        self.convert(t, to)
                    }
                    _ => t,
                };
                self.record(t, e.span)?
            }
        };
        let key = self.recorded_key(&r);
        Some((r.datum, key))
    }

    /// A value or a weight: a scalar, as 64 bits.
    fn agg_scalar(&mut self, row: &AggRow, e: &Expr, n: usize) -> Option<TExpr> {
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return None;
        }
        let t = self.decay(t);
        if !self.types.is_scalar(t.ty) {
            self.err(
                Tag::D_AGG_SCALAR,
                e.span,
                format!("{}( ) argument #{n} must be of scalar type", row.name),
            );
            return None;
        }
        Some(self.convert(t, TypeId::INT64))
    }

    fn agg_def(
        &mut self,
        name: &Ident,
        func: AggFunc,
        keys: Vec<KeyType>,
        span: Span,
    ) -> Option<AggId> {
        let Some(i) = self.aggs.iter().position(|a| a.name == name.name) else {
            self.aggs.push(AggDef {
                name: name.name.clone(),
                func,
                keys,
                span: name.span,
            });
            return Some(AggId(self.aggs.len() as u32 - 1));
        };
        let old = self.aggs.get(i)?.clone();
        let shown = agg_text(&name.name);
        if old.func != func {
            let d = match mismatch(old.func, func) {
                Some((tag, what)) => Diag::new(
                    tag,
                    span,
                    format!("{what} doesn't match a previous use of @{shown}"),
                ),
                None => {
                    let text = format!(
                        "aggregation redefined: @{shown}\n\t current: @{shown} = {}( )\n\tprevious: @{shown} = {}( )",
                        func_name(func),
                        func_name(old.func)
                    );
                    Diag::new(Tag::D_AGG_REDEF, span, text)
                }
            };
            self.report(d.note_at(old.span, "first used here"));
            return None;
        }
        if old.keys.len() != keys.len() {
            let s = if keys.len() == 1 { "" } else { "s" };
            let text = format!(
                "@{shown}[ ] prototype mismatch: {} key{s} passed, {} expected",
                keys.len(),
                old.keys.len()
            );
            self.diags
                .push(Diag::new(Tag::D_PROTO_LEN, span, text).note_at(old.span, "first used here"));
            return None;
        }
        if let Some(n) = old.keys.iter().zip(&keys).position(|(a, b)| a != b) {
            let text = format!(
                "@{shown}[ ] key #{} is incompatible with prototype:\n\tprototype: {}\n\t argument: {}",
                n + 1,
                old.keys.get(n).map_or_else(String::new, |k| key_text(*k)),
                keys.get(n).map_or_else(String::new, |k| key_text(*k))
            );
            self.diags
                .push(Diag::new(Tag::D_PROTO_ARG, span, text).note_at(old.span, "first used here"));
            return None;
        }
        Some(AggId(i as u32))
    }

    /// An integer constant among the parameters of a quantizing function.
    fn quant_const(&mut self, func: &str, t: &TExpr, n: usize, tag: Tag) -> Option<i64> {
        let v = t.int();
        if v.is_none() {
            self.err(
                tag,
                t.span,
                format!("{func}( ) argument #{n} must be an integer constant"),
            );
        }
        v
    }

    fn lquantize(&mut self, args: &[TExpr]) -> Option<AggFunc> {
        let (b, l) = (args.first()?, args.get(1)?);
        let base = self.quant_const("lquantize", b, 1, Tag::D_LQUANT_BASETYPE)?;
        let limit = self.quant_const("lquantize", l, 2, Tag::D_LQUANT_LIMTYPE)?;
        let Ok(base32) = i32::try_from(base) else {
            self.err(
                Tag::D_LQUANT_BASEVAL,
                b.span,
                "lquantize( ) argument #1 must be a 32-bit quantity",
            );
            return None;
        };
        if i32::try_from(limit).is_err() {
            self.err(
                Tag::D_LQUANT_LIMVAL,
                l.span,
                "lquantize( ) argument #2 must be a 32-bit quantity",
            );
            return None;
        }
        if limit < base {
            let text = "lquantize( ) base (argument #1) must be less than limit (argument #2)";
            self.err(Tag::D_LQUANT_MISMATCH, b.span, text);
            return None;
        }
        let step = match args.get(2) {
            None => 1,
            Some(s) => {
                let step = self.quant_const("lquantize", s, 3, Tag::D_LQUANT_STEPTYPE)?;
                match u16::try_from(step) {
                    Ok(n) if n > 0 => n,
                    _ => {
                        let text =
                            "lquantize( ) argument #3 must be a non-zero positive 16-bit quantity";
                        self.err(Tag::D_LQUANT_STEPVAL, s.span, text);
                        return None;
                    }
                }
            }
        };
        let levels = (limit - base) / i64::from(step);
        if levels == 0 {
            let text = "lquantize( ) step (argument #3) too large: must have at least one quantization level";
            self.err(Tag::D_LQUANT_STEPLARGE, b.span, text);
            return None;
        }
        let Ok(levels) = u16::try_from(levels) else {
            let text = "lquantize( ) step (argument #3) too small: number of quantization levels must be a 16-bit quantity";
            self.err(Tag::D_LQUANT_STEPSMALL, b.span, text);
            return None;
        };
        Some(AggFunc::Lquantize {
            base: base32,
            step,
            levels,
        })
    }

    fn llquantize(&mut self, args: &[TExpr]) -> Option<AggFunc> {
        const PARAMS: [(Tag, Tag); 4] = [
            (Tag::D_LLQUANT_FACTORTYPE, Tag::D_LLQUANT_FACTORVAL),
            (Tag::D_LLQUANT_LMAGTYPE, Tag::D_LLQUANT_LMAGVAL),
            (Tag::D_LLQUANT_HMAGTYPE, Tag::D_LLQUANT_HMAGVAL),
            (Tag::D_LLQUANT_STEPTYPE, Tag::D_LLQUANT_STEPVAL),
        ];
        let mut vals = [0u16; 4];
        for (i, ((ty, val), slot)) in PARAMS.iter().zip(&mut vals).enumerate() {
            let t = args.get(i)?;
            let v = self.quant_const("llquantize", t, i + 1, *ty)?;
            let Ok(v) = u16::try_from(v) else {
                self.err(
                    *val,
                    t.span,
                    format!(
                        "llquantize( ) argument #{} must be an unsigned 16-bit quantity",
                        i + 1
                    ),
                );
                return None;
            };
            *slot = v;
        }
        let [factor, low, high, nsteps] = vals;
        let span = args.first()?.span;
        let fail = |c: &mut Self, tag, text: &str| {
            c.err(tag, span, text);
            None
        };
        if factor < 2 {
            let text = "llquantize( ) factor (argument #1) must be two or more";
            return fail(self, Tag::D_LLQUANT_FACTORSMALL, text);
        }
        if low > high {
            let text = "llquantize( ) high magnitude (argument #3) must be at least the low magnitude (argument #2)";
            return fail(self, Tag::D_LLQUANT_MAGRANGE, text);
        }
        let power = |n: u32| u64::from(factor).checked_pow(n);
        if power(u32::from(high) + 1).is_none() {
            let text = "llquantize( ) high magnitude (argument #3) is too large: the factor (argument #1) to that power plus one must fit 64 bits";
            return fail(self, Tag::D_LLQUANT_MAGTOOBIG, text);
        }
        if nsteps > factor && nsteps % factor != 0 {
            let text = "llquantize( ) number of linear steps (argument #4) must be a multiple of the factor (argument #1) where it is the larger";
            return fail(self, Tag::D_LLQUANT_FACTOREVEN, text);
        }
        // Each order's end has to be a whole number of steps, but for the first ones' where steps would be less than one. (The
        // reference has fewer such orders; scripts for other systems rely on them.)
        let (whole, tag, text) = match nsteps > factor {
            false => (
                u64::from(factor),
                Tag::D_LLQUANT_FACTORNSTEPS,
                "llquantize( ) number of linear steps (argument #4) must evenly divide the factor (argument #1) where it is the smaller",
            ),
            true => (
                (1..=16)
                    .filter_map(power)
                    .find(|&v| v >= u64::from(nsteps))
                    .unwrap_or(1),
                Tag::D_LLQUANT_FACTOREVEN,
                "llquantize( ) number of linear steps (argument #4) must evenly divide a power of the factor (argument #1) where it is the larger",
            ),
        };
        if nsteps == 0 || whole % u64::from(nsteps) != 0 {
            return fail(self, tag, text);
        }
        Some(AggFunc::Llquantize {
            factor,
            low,
            high,
            nsteps,
        })
    }
}

/// The integer type of a key.
fn int_type(size: u8, signed: bool) -> TypeId {
    match (size, signed) {
        (1, true) => TypeId::SCHAR,
        (1, false) => TypeId::UCHAR,
        (2, true) => TypeId::SHORT,
        (2, false) => TypeId::USHORT,
        (4, true) => TypeId::INT,
        (4, false) => TypeId::UINT,
        (_, true) => TypeId::INT64,
        (_, false) => TypeId::UINT64,
    }
}

fn key_text(k: KeyType) -> String {
    match k {
        KeyType::Int { size, signed } => format!(
            "{}int{}_t",
            if signed { "" } else { "u" },
            u32::from(size) * 8
        ),
        KeyType::Str => "string".into(),
        KeyType::Bytes { size } => format!("char [{size}]"),
        KeyType::Stack { frames } => format!("stack({frames})"),
        KeyType::Ustack { frames } => format!("ustack({frames})"),
        KeyType::Sym(_) => "symaddr".into(),
    }
}

/// The name in the table of what a parameterised function is.
fn func_name(f: AggFunc) -> &'static str {
    match f {
        AggFunc::Count => "count",
        AggFunc::Sum => "sum",
        AggFunc::Min => "min",
        AggFunc::Max => "max",
        AggFunc::Avg => "avg",
        AggFunc::Stddev => "stddev",
        AggFunc::Quantize => "quantize",
        AggFunc::Lquantize { .. } => "lquantize",
        AggFunc::Llquantize { .. } => "llquantize",
    }
}

/// Which parameter differs between two uses of the same function.
fn mismatch(old: AggFunc, new: AggFunc) -> Option<(Tag, &'static str)> {
    match (old, new) {
        (
            AggFunc::Lquantize {
                base: b, step: s, ..
            },
            AggFunc::Lquantize { base, step, .. },
        ) => Some(if b != base {
            (Tag::D_LQUANT_MATCHBASE, "lquantize( ) base (argument #1)")
        } else if s != step {
            (Tag::D_LQUANT_MATCHSTEP, "lquantize( ) step (argument #3)")
        } else {
            (Tag::D_LQUANT_MATCHLIM, "lquantize( ) limit (argument #2)")
        }),
        (
            AggFunc::Llquantize {
                factor: f,
                low: l,
                high: h,
                ..
            },
            AggFunc::Llquantize {
                factor, low, high, ..
            },
        ) => Some(if f != factor {
            (
                Tag::D_LLQUANT_MATCHFACTOR,
                "llquantize( ) factor (argument #1)",
            )
        } else if l != low {
            (
                Tag::D_LLQUANT_MATCHLMAG,
                "llquantize( ) low magnitude (argument #2)",
            )
        } else if h != high {
            (
                Tag::D_LLQUANT_MATCHHMAG,
                "llquantize( ) high magnitude (argument #3)",
            )
        } else {
            (
                Tag::D_LLQUANT_MATCHSTEPS,
                "llquantize( ) linear steps (argument #4)",
            )
        }),
        _ => None,
    }
}
