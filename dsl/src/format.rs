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
    /// `h`, `l`, `ll`, `L`, `w`: the size that the argument must have, in bytes; 0 = the argument's own.
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

/// Why a format cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The text ends within a conversion.
    #[error("format conversion #{0} is incomplete")]
    Incomplete(usize),
    /// No conversion has that letter.
    #[error("format conversion #{0} is undefined: %{1}")]
    Unknown(usize, String),
    /// `%5%`.
    #[error("format conversion #{0} cannot be combined with other format flags: %%")]
    Percent(usize),
    /// `%5$d`.
    #[error("format conversion #{0}: positional arguments (%n$) are not supported")]
    Positional(usize),
    /// Width or precision beyond reason.
    #[error("format conversion #{0}: {1} is too large")]
    TooLarge(usize, &'static str),
}

/// One row of the conversions.
#[derive(Clone, Copy, Debug)]
pub struct ConvRow {
    /// The letter.
    pub letter: char,
    /// What it does.
    pub kind: ConvKind,
    /// What argument it wants, as messages say it.
    pub proto: &'static str,
}

/// What the plain integer conversions take: they go by the argument's own size.
const INTEGER: &str = "char, short, int, long, or long long";

macro_rules! convs { ($($letter:literal, $kind:ident, $proto:expr;)*) => {
    /// The conversions.
    pub const CONVS: &[ConvRow] = &[$(ConvRow { letter: $letter, kind: ConvKind::$kind, proto: $proto },)*];
} }
convs! {
    'd', Dec, INTEGER;
    'i', Dec, INTEGER;
    'u', Udec, INTEGER;
    'o', Oct, INTEGER;
    'x', Hex, INTEGER;
    'X', HexUp, INTEGER;
    'p', Pointer, "pointer or integer";
    'c', Char, "char";
    'C', CharEsc, "char";
    's', Str, "char [] or string (or use stringof)";
    'S', StrEsc, "char [] or string (or use stringof)";
    'a', KernelSym, "pointer or integer";
    'A', UserSym, "pointer or integer";
    'k', Stack, "stack";
    'Y', Date, "int64_t";
    'T', Time, "int64_t";
    'I', Inet, "char [] or string (or use stringof)";
    'P', Port, "uint16_t";
    'e', Float, "float, double, or long double";
    'E', Float, "float, double, or long double";
    'f', Float, "float, double, or long double";
    'g', Float, "float, double, or long double";
    'G', Float, "float, double, or long double";
}

impl ConvKind {
    /// Whether there is such a conversion with these letters of a size before its own.
    fn takes(self, sizes: &str) -> bool {
        sizes.is_empty()
            || match self {
                ConvKind::Dec
                | ConvKind::Udec
                | ConvKind::Oct
                | ConvKind::Hex
                | ConvKind::HexUp => matches!(sizes, "h" | "l" | "ll"),
                ConvKind::Float => sizes == "L",
                ConvKind::Char => matches!(sizes, "w" | "l"),
                ConvKind::Str => sizes == "w",
                _ => false,
            }
    }

    /// What argument it wants, as messages say it.
    pub fn proto(self) -> &'static str {
        CONVS
            .iter()
            .find(|r| r.kind == self)
            .map_or("aggregation", |r| r.proto)
    }
}

impl Conv {
    /// Whether it takes an integer of that type: one that says a size takes that size, and with a sign or without as its letter
    /// has it; octal and hexadecimal digits are the same for both.
    pub fn takes_integer(&self, size: u32, signed: bool) -> bool {
        self.modifier == 0
            || size == u32::from(self.modifier)
                && match self.kind {
                    ConvKind::Dec => signed,
                    ConvKind::Udec => !signed,
                    _ => true,
                }
    }

    /// What argument it wants, as messages say it.
    pub fn proto(&self) -> &'static str {
        match (self.kind, self.modifier) {
            (ConvKind::Str, 4) => "wchar_t []",
            (ConvKind::Dec, 2) => "short",
            (ConvKind::Dec, 8) if self.text.starts_with("ll") => "long long",
            (ConvKind::Dec, 8) => "long",
            (ConvKind::Udec | ConvKind::Oct | ConvKind::Hex | ConvKind::HexUp, 2) => {
                "unsigned short"
            }
            (ConvKind::Udec | ConvKind::Oct | ConvKind::Hex | ConvKind::HexUp, 8) => {
                match self.text.starts_with("ll") {
                    true => "unsigned long long",
                    false => "unsigned long",
                }
            }
            _ => self.kind.proto(),
        }
    }
}

/// Nobody prints wider; and the consumer need not ask whether a width fits.
const MAX_SIZE: u32 = 1 << 16;

impl Format {
    /// Parses a format. Conversions in errors are numbered from 1.
    pub fn parse(text: &str) -> Result<Format, FormatError> {
        let mut pieces = Vec::new();
        let mut lit = String::new();
        let mut count = 0;
        let mut it = text.chars().peekable();
        while let Some(c) = it.next() {
            if c != '%' {
                lit.push(c);
                continue;
            }
            if it.peek() == Some(&'%') {
                it.next();
                lit.push('%');
                continue;
            }
            count += 1;
            if !lit.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut lit)));
            }
            pieces.push(Piece::Conv(parse_conv(&mut it, count)?));
        }
        if !lit.is_empty() {
            pieces.push(Piece::Text(lit));
        }
        Ok(Format { pieces })
    }

    /// The conversions, without the text between them.
    pub fn convs(&self) -> impl Iterator<Item = &Conv> {
        self.pieces.iter().filter_map(|p| match p {
            Piece::Conv(c) => Some(c),
            Piece::Text(_) => None,
        })
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn parse_conv(it: &mut Chars, n: usize) -> Result<Conv, FormatError> {
    let mut c = Conv {
        kind: ConvKind::Dec,
        text: String::new(),
        left: false,
        plus: false,
        space: false,
        alt: false,
        zero: false,
        group: false,
        agg: false,
        width: Size::None,
        prec: Size::None,
        modifier: 0,
    };
    while let Some(f) = it.peek() {
        match f {
            '-' => c.left = true,
            '+' => c.plus = true,
            ' ' => c.space = true,
            '#' => c.alt = true,
            '0' => c.zero = true,
            '\'' => c.group = true,
            '@' => c.agg = true,
            '?' => c.width = Size::Pointer,
            _ => break,
        }
        it.next();
    }
    if let Some(w) = parse_size(it, n, "width")? {
        c.width = w;
    }
    if it.peek() == Some(&'$') {
        return Err(FormatError::Positional(n));
    }
    if it.peek() == Some(&'.') {
        it.next();
        c.prec = parse_size(it, n, "precision")?.unwrap_or(Size::Fixed(0));
    }
    if it.peek() == Some(&'@') {
        it.next();
        c.agg = true;
    }
    let mut letters = String::new();
    while let Some(m) = it.peek() {
        match m {
            'h' => c.modifier = 2,
            'w' => c.modifier = 4,
            'l' => c.modifier = 8,
            'L' => c.modifier = 16,
            _ => break,
        }
        letters.push(*m);
        it.next();
        if letters.len() > 2 {
            break;
        }
    }
    // `%@` with no letter of a conversion behind it is a whole conversion, printa's default form.
    let known = |c: &char| CONVS.iter().any(|r| r.letter == *c);
    if c.agg && letters.is_empty() && !it.peek().is_some_and(known) {
        c.kind = ConvKind::AggDefault;
        c.text.push('@');
        return Ok(c);
    }
    let Some(letter) = it.next() else {
        return Err(FormatError::Incomplete(n));
    };
    if letter == '%' {
        return Err(FormatError::Percent(n));
    }
    letters.push(letter);
    let row = CONVS.iter().find(|r| r.letter == letter);
    let sizes = letters.get(..letters.len() - letter.len_utf8());
    let Some(row) = row.filter(|r| r.kind.takes(sizes.unwrap_or_default())) else {
        return Err(FormatError::Unknown(n, letters));
    };
    c.kind = row.kind;
    c.text = letters;
    Ok(c)
}

fn parse_size(it: &mut Chars, n: usize, what: &'static str) -> Result<Option<Size>, FormatError> {
    match it.peek() {
        Some('*') => {
            it.next();
            return Ok(Some(Size::Arg));
        }
        Some('?') => {
            it.next();
            return Ok(Some(Size::Pointer));
        }
        _ => {}
    }
    let mut value = None;
    while let Some(d) = it.peek().and_then(|c| c.to_digit(10)) {
        it.next();
        let v = value.unwrap_or(0u32).saturating_mul(10).saturating_add(d);
        if v > MAX_SIZE {
            return Err(FormatError::TooLarge(n, what));
        }
        value = Some(v);
    }
    Ok(value.map(Size::Fixed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(text: &str) -> Conv {
        Format::parse(text).unwrap().convs().next().unwrap().clone()
    }

    #[test]
    fn pieces() {
        let f = Format::parse("a %d%% b\n").unwrap();
        assert_eq!(f.pieces.len(), 3);
        assert_eq!(f.pieces[0], Piece::Text("a ".into()));
        assert_eq!(f.pieces[2], Piece::Text("% b\n".into()));
        assert_eq!(Format::parse("").unwrap().pieces, []);
    }

    #[test]
    fn flags_and_sizes() {
        let c = conv("%-+ #0'12.34lld");
        assert!(c.left && c.plus && c.space && c.alt && c.zero && c.group && !c.agg);
        assert_eq!(
            (c.width, c.prec, c.modifier),
            (Size::Fixed(12), Size::Fixed(34), 8)
        );
        assert_eq!((c.kind, c.text.as_str()), (ConvKind::Dec, "lld"));
        let c = conv("%*.*s");
        assert_eq!(
            (c.width, c.prec, c.kind),
            (Size::Arg, Size::Arg, ConvKind::Str)
        );
        assert_eq!(conv("%?p").width, Size::Pointer);
        assert_eq!(conv("%hx").modifier, 2);
        assert!(conv("%@d").agg);
        assert!(conv("%-10@d").agg);
        assert_eq!(conv("%@\n").kind, ConvKind::AggDefault);
        assert_eq!(conv("%.x").prec, Size::Fixed(0));
        assert_eq!(conv("%wc").modifier, 4);
    }

    #[test]
    fn errors() {
        assert_eq!(Format::parse("%d %"), Err(FormatError::Incomplete(2)));
        assert_eq!(Format::parse("%5"), Err(FormatError::Incomplete(1)));
        assert_eq!(
            Format::parse("%y"),
            Err(FormatError::Unknown(1, "y".into()))
        );
        assert_eq!(Format::parse("%1$d"), Err(FormatError::Positional(1)));
        assert_eq!(
            Format::parse("%99999999999d"),
            Err(FormatError::TooLarge(1, "width"))
        );
        assert_eq!(
            Format::parse("%lllld"),
            Err(FormatError::Unknown(1, "llll".into()))
        );
        assert_eq!(Format::parse("%d%5%"), Err(FormatError::Percent(2)));
        for text in ["hhd", "lls", "Ld", "lp", "hY", "wd"] {
            let want = Err(FormatError::Unknown(1, text.into()));
            assert_eq!(Format::parse(&format!("%{text}")), want);
        }
    }
}
