//! The typed tree: what an expression means, with every conversion spelled out.
//!
//! The checker builds it, codegen walks it. Names are gone (variables are numbers, members are offsets), sugar is gone
//! (`p[i]` is a load from an address), and each node has its type. Conversions that change bits are nodes of their own.

use std::rc::Rc;

use crate::dif::{BuiltinVar, Subr};
use crate::source::Span;
use crate::types::TypeId;

/// Index into the checker's user variables.
pub type VarIdx = usize;

/// A typed expression.
#[derive(Clone, Debug)]
pub struct TExpr {
    /// What it is.
    pub kind: TKind,
    /// Its type.
    pub ty: TypeId,
    /// Where it stands.
    pub span: Span,
}

/// Arithmetic on integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `&`
    And,
    /// `|`
    Or,
    /// `^`
    Xor,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cmp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A bit-field within the unit that is loaded to get it. Of a unit of eight bytes it may go on in the ninth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Bytes of the unit.
    pub unit: u32,
    /// Lowest bit (little-endian).
    pub lo: u32,
    /// How many.
    pub width: u32,
    /// Sign-extended.
    pub signed: bool,
}

impl Bits {
    /// How many bits are in the ninth byte.
    pub fn beyond(self) -> u32 {
        (self.lo + self.width).saturating_sub(64)
    }
}

/// The kinds.
#[derive(Clone, Debug)]
pub enum TKind {
    /// A constant; sign- or zero-extended by its type.
    Int(i64),
    /// A string constant.
    Str(Rc<[u8]>),
    /// A built-in scalar or string.
    Builtin(BuiltinVar),
    /// `args[i]`, `uregs[i]`.
    BuiltinArray(BuiltinVar, Box<TExpr>),
    /// A user variable.
    Var(VarIdx),
    /// An element of an associative array.
    Assoc(VarIdx, Vec<TExpr>),
    /// What stands at an address; the type is a scalar.
    Load(Box<TExpr>),
    /// A bit-field of the unit at an address.
    BitField(Box<TExpr>, Bits),
    /// An array, struct or function at an address: the value is the address.
    At(Box<TExpr>),
    /// Address plus constant.
    Offset(Box<TExpr>, i64),
    /// Pointer plus index × size; `neg`: minus.
    PtrAdd {
        /// The pointer.
        ptr: Box<TExpr>,
        /// The index, an integer.
        index: Box<TExpr>,
        /// Size of what it points to.
        size: u32,
        /// Subtract.
        neg: bool,
    },
    /// `(l - r) / size`.
    PtrDiff {
        /// Left pointer.
        l: Box<TExpr>,
        /// Right pointer.
        r: Box<TExpr>,
        /// Size of what both point to.
        size: u32,
    },
    /// `-x`
    Neg(Box<TExpr>),
    /// `~x`
    BitNot(Box<TExpr>),
    /// `!x`
    LogNot(Box<TExpr>),
    /// Arithmetic in the node's own type (for shifts: the left operand's).
    Arith(Arith, Box<TExpr>, Box<TExpr>),
    /// Comparison after conversion of both operands to `common`.
    Compare {
        /// Which.
        op: Cmp,
        /// Left.
        l: Box<TExpr>,
        /// Right.
        r: Box<TExpr>,
        /// The type in which they are compared.
        common: TypeId,
    },
    /// Comparison of strings by content.
    StrCompare {
        /// Which.
        op: Cmp,
        /// Left.
        l: Box<TExpr>,
        /// Right.
        r: Box<TExpr>,
    },
    /// `a && b`
    LogAnd(Box<TExpr>, Box<TExpr>),
    /// `a || b`
    LogOr(Box<TExpr>, Box<TExpr>),
    /// `a ^^ b`
    LogXor(Box<TExpr>, Box<TExpr>),
    /// `c ? a : b`
    Cond(Box<TExpr>, Box<TExpr>, Box<TExpr>),
    /// `a, b`
    Comma(Box<TExpr>, Box<TExpr>),
    /// To the node's type: integers are truncated and extended, addresses stay.
    Convert(Box<TExpr>),
    /// `lv = rhs`, where `rhs` has been converted to the type of `lv`.
    Assign(Box<TExpr>, Box<TExpr>),
    /// `lv op= rhs`, calculated in `common` (for shifts: the left operand's type).
    AssignOp {
        /// What is changed; evaluated once.
        lv: Box<TExpr>,
        /// How.
        op: Arith,
        /// With what; for pointers already scaled.
        rhs: Box<TExpr>,
        /// In which type.
        common: TypeId,
    },
    /// `++lv`, `lv--`, …
    IncDec {
        /// What is changed; evaluated once.
        lv: Box<TExpr>,
        /// By how much; negative for `--`.
        by: i64,
        /// The value is the new one.
        prefix: bool,
    },
    /// A subroutine, arguments converted to its signature.
    Call(Subr, Vec<TExpr>),
    /// `memref(address, bytes)`: both words, side by side in scratch.
    MemRef(Box<TExpr>, Box<TExpr>),
    /// What a translator makes of its input; only members can be taken of it.
    Xlate(Box<TExpr>),
    /// Already reported.
    Error,
}

impl TExpr {
    /// A node.
    pub fn new(kind: TKind, ty: TypeId, span: Span) -> TExpr {
        TExpr { kind, ty, span }
    }

    /// What stands in for an expression that was reported as wrong.
    pub fn error(span: Span) -> TExpr {
        TExpr {
            kind: TKind::Error,
            ty: TypeId::ERROR,
            span,
        }
    }

    /// The value, if it is an integer constant.
    pub fn int(&self) -> Option<i64> {
        match self.kind {
            TKind::Int(v) => Some(v),
            _ => None,
        }
    }

    /// Whether it may be assigned to.
    pub fn is_lvalue(&self) -> bool {
        matches!(
            self.kind,
            TKind::Var(_) | TKind::Assoc(..) | TKind::Load(_) | TKind::BitField(..) | TKind::At(_)
        )
    }
}
