//! `printf` and `printa` formats, parsed once.
//!
//! The compiler parses and checks a format; the consumer prints from the same [`Format`]. The conversions are one table
//! ([`CONVS`]), after `d-language.md` §9.

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Format {
    /// In order.
    pub pieces: Vec<Piece>,
}

/// Literal text, or one conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Printed as it is (escapes already resolved, `%%` already `%`).
    Text(String),
    /// One conversion.
    Conv(Conv),
}

/// One `%…` conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// What kind.
    pub kind: ConvKind,
    /// The conversion letter(s) as written, with the size modifier (`lld`), for messages.
    pub text: String,
    /// `-`: left-justified.
    pub left: bool,
    /// `+`: always a sign.
    pub plus: bool,
    /// ` `: a blank where a sign would be.
    pub space: bool,
    /// `#`: alternate form.
    pub alt: bool,
    /// `0`: padded with zeros.
    pub zero: bool,
    /// `'`: thousands grouped.
    pub group: bool,
    /// `@` of `%@d` (printa): the aggregation's value.
    pub agg: bool,
    /// Minimum width.
    pub width: Size,
    /// Precision.
    pub prec: Size,
    /// `h`, `hh`, `l`, `ll`, `L` …: the argument size that the programmer claims, in bytes; 0 = the argument's own.
    pub modifier: u8,
}

/// A width or precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Size {
    /// Not given.
    #[default]
    None,
    /// A number.
    Fixed(u32),
    /// `*`: taken from an argument of its own, before the value.
    Arg,
    /// `?`: wide enough for a pointer (16 on 64-bit).
    Pointer,
}

/// What a conversion wants and how it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvKind {
    /// `d`, `i`.
    Dec,
    /// `u`.
    Udec,
    /// `o`.
    Oct,
    /// `x`.
    Hex,
    /// `X`.
    HexUp,
    /// `p`: hex with `0x`.
    Pointer,
    /// `c`: a character.
    Char,
    /// `C`: a character, escaped where unprintable.
    CharEsc,
    /// `s`.
    Str,
    /// `S`: unprintable characters escaped.
    StrEsc,
    /// `a`: kernel address as symbol.
    KernelSym,
    /// `A`: user address as symbol.
    UserSym,
    /// `k`: a stack.
    Stack,
    /// `Y`: date, year first.
    Date,
    /// `T`: RFC-822 style date.
    Time,
    /// `I`: Internet address.
    Inet,
    /// `P`: port.
    Port,
    /// `e f g E G`: floating point.
    Float,
    /// `@`: the aggregation value in its default form.
    AggDefault,
}
