//! Aggregating functions.

/// An aggregating function by meaning, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AggKind {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    Stddev,
    Quantize,
    Lquantize,
    Llquantize,
}

/// One aggregating function.
#[derive(Clone, Copy, Debug)]
pub struct AggRow {
    /// Its D name.
    pub name: &'static str,
    /// Which it is.
    pub kind: AggKind,
    /// Fewest and most arguments, the value included.
    pub args: (usize, usize),
    /// The D version that brought it.
    pub version: &'static str,
}

macro_rules! aggs { ($($name:literal, $kind:ident, $min:literal, $max:literal, $version:literal;)*) => {
    /// Every aggregating function.
    pub const AGG_FUNCS: &[AggRow] =
        &[$(AggRow { name: $name, kind: AggKind::$kind, args: ($min, $max), version: $version },)*];
} }

aggs! {
    "count", Count, 0, 0, "1.0";
    "sum", Sum, 1, 1, "1.0";
    "min", Min, 1, 1, "1.0";
    "max", Max, 1, 1, "1.0";
    "avg", Avg, 1, 1, "1.0";
    "stddev", Stddev, 1, 1, "1.6";
    "quantize", Quantize, 1, 2, "1.0";
    // value, base, limit, step, increment
    "lquantize", Lquantize, 3, 5, "1.0";
    // value, factor, low, high, steps, increment
    "llquantize", Llquantize, 5, 6, "1.7";
}

impl AggRow {
    /// By D name.
    pub fn by_name(name: &str) -> Option<&'static AggRow> {
        AGG_FUNCS.iter().find(|r| r.name == name)
    }
}
