//! Where things stand in records and keys. The consumer reads the same layouts from the image.

use crate::image::{AggLayout, Field, FieldKind, KeyField, MapIx, RECORD_HEAD, RecordLayout};
use dsl::program::{AggDef, AggFunc, Clause, Datum, KeyType, StmtKind, SymKind};

/// The recorded data of a statement, in order.
pub fn data(kind: &StmtKind) -> Vec<&Datum> {
    match kind {
        StmtKind::Trace(d)
        | StmtKind::Print { data: d, .. }
        | StmtKind::Stack(d)
        | StmtKind::Exit(d)
        | StmtKind::Normalize(_, d)
        | StmtKind::Speculate(d)
        | StmtKind::Commit(d)
        | StmtKind::Discard(d) => vec![d],
        StmtKind::Tracemem { data, shown } => {
            let mut all = vec![data];
            all.extend(shown);
            all
        }
        StmtKind::Printf { args, .. }
        | StmtKind::Freopen { args, .. }
        | StmtKind::System { args, .. } => args.iter().collect(),
        StmtKind::Setopt(name, value) => std::iter::once(name).chain(value).collect(),
        StmtKind::Trunc(_, d) => d.iter().collect(),
        StmtKind::Pcap(all) => all.iter().collect(),
        StmtKind::Expr(_)
        | StmtKind::Raise(_)
        | StmtKind::Chill(_)
        | StmtKind::Return(_)
        | StmtKind::Ftruncate
        | StmtKind::Printa { .. }
        | StmtKind::Aggregate { .. }
        | StmtKind::Clear(_)
        | StmtKind::Denormalize(_) => Vec::new(),
    }
}

/// Whether a user address is recorded with its process.
pub fn user_sym(kind: SymKind) -> bool {
    match kind {
        SymKind::Usym | SymKind::Umod | SymKind::Uaddr => true,
        SymKind::Sym | SymKind::Mod => false,
    }
}

/// Fixed part of a clause's record.
pub fn record(clause: &Clause) -> RecordLayout {
    let emits = clause.stmts.is_empty() || !clause.stmts.iter().all(|s| s.kind.silent());
    let mut at = RECORD_HEAD;
    let mut fields = Vec::new();
    for (s, stmt) in clause.stmts.iter().enumerate() {
        for (d, datum) in data(&stmt.kind).into_iter().enumerate() {
            let (kind, align, bytes) = match datum {
                Datum::Int { size, signed, .. } => {
                    let size = match size {
                        1 | 2 | 4 => *size,
                        _ => 8,
                    };
                    let kind = FieldKind::Int {
                        size,
                        signed: *signed,
                    };
                    (kind, u32::from(size), u32::from(size))
                }
                Datum::Str { .. } => (FieldKind::Str, 4, 4),
                Datum::Bytes { size, chars, .. } => {
                    let kind = FieldKind::Bytes {
                        size: *size,
                        chars: *chars,
                    };
                    (kind, 8, *size)
                }
                Datum::Stack { frames } => (FieldKind::Stack { frames: *frames }, 4, 4),
                Datum::Ustack { .. } => (FieldKind::Ustack, 4, 8),
                Datum::Sym { kind, .. } => {
                    let bytes = if user_sym(*kind) { 12 } else { 8 };
                    (FieldKind::Sym { kind: *kind }, 8, bytes)
                }
            };
            // A record that is too large is refused when its code is made.
            at = at.checked_next_multiple_of(align).unwrap_or(u32::MAX);
            fields.push(Field {
                stmt: s as u32,
                datum: d as u32,
                off: at,
                kind,
            });
            at = at.saturating_add(bytes);
        }
    }
    RecordLayout {
        emits,
        fixed: at.checked_next_multiple_of(8).unwrap_or(u32::MAX),
        fields,
    }
}

/// Frames of a kernel stack that are asked for beyond what the program wants: those of `Source::own_frames` are never
/// there, but before the traced function there may be `__bpf_trace_*` and `__traceiter_*`, which the consumer takes away.
pub const SPARE_FRAMES: u16 = 2;

/// Bytes of a kernel stack at the most.
pub fn stack_bytes(frames: u16) -> u32 {
    8 * u32::from(frames.saturating_add(SPARE_FRAMES))
}

/// Bytes of a key member; strings take `bound`.
pub fn key_bytes(ty: KeyType, bound: u32) -> u32 {
    match ty {
        KeyType::Int { size, .. } => match size {
            1 | 2 | 4 => u32::from(size),
            _ => 8,
        },
        KeyType::Str => bound,
        KeyType::Bytes { size } => size,
        KeyType::Stack { frames } => stack_bytes(frames),
        KeyType::Ustack { frames } => 8 + 8 * u32::from(frames),
        KeyType::Sym(kind) => {
            if user_sym(kind) {
                16
            } else {
                8
            }
        }
    }
}

/// Layout of an aggregation. `bounds` says for each key what a string takes at most.
pub fn agg(def: &AggDef, map: MapIx, bounds: &[u32]) -> AggLayout {
    let mut keys = Vec::new();
    let mut at = 0u32;
    for (n, &ty) in def.keys.iter().enumerate() {
        let bytes = key_bytes(ty, bounds.get(n).copied().unwrap_or(8));
        let align = match ty {
            KeyType::Int { .. } => bytes,
            _ => 8,
        };
        at = at.next_multiple_of(align);
        keys.push(KeyField { off: at, ty, bytes });
        at += bytes;
    }
    AggLayout {
        map,
        func: def.func,
        keys,
        key_size: at.next_multiple_of(8),
        words: words(def.func) + u32::from(def.keys.is_empty() && marked(def.func)),
    }
}

/// Functions whose data does not show whether it was ever updated.
pub fn marked(func: AggFunc) -> bool {
    matches!(func, AggFunc::Sum | AggFunc::Min | AggFunc::Max)
}

/// Number of u64 of a function's data.
pub fn words(func: AggFunc) -> u32 {
    match func {
        AggFunc::Count | AggFunc::Sum | AggFunc::Min | AggFunc::Max => 1,
        AggFunc::Avg => 2,
        AggFunc::Stddev => 4,
        AggFunc::Quantize => 127,
        AggFunc::Lquantize { levels, .. } => u32::from(levels) + 2,
        AggFunc::Llquantize {
            factor,
            low,
            high,
            nsteps,
        } => 2 * llquantize_top(&llquantize(factor, low, high, nsteps)) + 1,
    }
}

/// The bucket of an `llquantize` for values from the last order's end on. The buckets of negative values come behind it, in the
/// same sequence: what is `n` for a value is `n` and this for the value's negative.
pub fn llquantize_top(orders: &[Order]) -> u32 {
    orders.last().map_or(1, |o| o.base + o.buckets)
}

/// One order of magnitude of an `llquantize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Values below this (and of no lower order) belong here: factor^(order + 1). It may be beyond what is signed.
    pub limit: u64,
    /// Values from here on: factor^order.
    pub from: u64,
    /// Of each bucket.
    pub width: u64,
    /// How many widths there are below `from`: the order below has those.
    pub skipped: u32,
    /// Number of its first bucket.
    pub base: u32,
    /// How many buckets.
    pub buckets: u32,
}

/// The orders of an `llquantize`, ascending. Below the first is bucket 0; above the last is one more bucket. Orders that
/// 64 bits can't hold are left out.
pub fn llquantize(factor: u16, low: u16, high: u16, nsteps: u16) -> Vec<Order> {
    let (factor, nsteps) = (u64::from(factor), u64::from(nsteps));
    let mut out = Vec::new();
    let mut base = 1;
    for order in low..=high {
        let Some(from) = factor.checked_pow(u32::from(order)) else {
            break;
        };
        let Some(limit) = from.checked_mul(factor) else {
            break;
        };
        let steps = limit.min(nsteps).max(1);
        let width = limit / steps;
        let skipped = (from / width) as u32;
        let buckets = (limit / width) as u32 - skipped;
        out.push(Order {
            limit,
            from,
            width,
            skipped,
            base,
            buckets,
        });
        base += buckets;
    }
    out
}

/// The quantize bucket of a value, by the definition of `dif-isa.md` §8: what generated code has to agree with.
pub fn quantize_bucket(v: i64) -> u32 {
    match v {
        0 => 63,
        1.. => 64 + v.ilog2(),
        _ => 62 - v.unsigned_abs().ilog2().min(62),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bucket values as the definition has them: index 63 is 0, above 2^(i−64), below −2^(62−i).
    fn value(i: u32) -> i128 {
        match i {
            63 => 0,
            64.. => 1 << (i - 64),
            _ => -(1i128 << (62 - i)),
        }
    }

    #[test]
    fn quantize_follows_the_definition() {
        let mut values = vec![i64::MIN, i64::MIN + 1, i64::MAX, 0, 1, -1];
        for k in 0..63 {
            for d in [-1i64, 0, 1] {
                values.push((1i64 << k).wrapping_add(d));
                values.push((-(1i64 << k)).wrapping_add(d));
            }
        }
        for v in values {
            let want = if v >= 0 {
                (63..127).rev().find(|&i| value(i) <= i128::from(v))
            } else {
                (0..63).find(|&i| value(i) >= i128::from(v))
            };
            assert_eq!(Some(quantize_bucket(v)), want, "{v}");
        }
    }

    #[test]
    fn llquantize_orders() {
        // llquantize(x, 10, 0, 2, 20): 0..10 by ones (nsteps above the order), then 5s, then 50s.
        let o = llquantize(10, 0, 2, 20);
        let got: Vec<_> = o
            .iter()
            .map(|o| (o.from, o.limit, o.width, o.base, o.buckets))
            .collect();
        assert_eq!(
            got,
            [
                (1, 10, 1, 1, 9),
                (10, 100, 5, 10, 18),
                (100, 1000, 50, 28, 18)
            ]
        );
        let f = AggFunc::Llquantize {
            factor: 10,
            low: 0,
            high: 2,
            nsteps: 20,
        };
        // One for what is too small, 45 of each sign, and one of each for what is too large.
        assert_eq!(words(f), 1 + 2 * 46);
    }
}
