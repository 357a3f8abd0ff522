//! Integer, string and character constants.

use super::token::Tok;
use crate::ast::{IntLit, Radix};
use crate::diag::Tag;

/// An integer constant at the start of `text`, and how long it is. `text` begins with a digit.
pub(super) fn integer(text: &str) -> (Tok, usize) {
    let bytes = text.as_bytes();
    let run =
        |from: usize, ok: fn(&u8) -> bool| bytes.iter().skip(from).take_while(|b| ok(b)).count();
    let is_hex = matches!(bytes, [b'0', b'x' | b'X', d, ..] if d.is_ascii_hexdigit());
    let (radix, from) = match bytes {
        _ if is_hex => (Radix::Hex, 2),
        [b'0', d, ..] if d.is_ascii_digit() => (Radix::Octal, 1),
        _ => (Radix::Decimal, 0),
    };
    let digits_end = from
        + run(
            from,
            if is_hex {
                u8::is_ascii_hexdigit
            } else {
                u8::is_ascii_digit
            },
        );
    if !is_hex && let Some(len) = float_len(text, digits_end) {
        return (
            Tok::Bad(
                Tag::D_SYNTAX,
                "floating-point constants are not permitted".into(),
            ),
            len,
        );
    }
    let digits = text.get(from..digits_end).unwrap_or("");
    let unsigned = usize::from(matches!(bytes.get(digits_end), Some(b'u' | b'U')));
    let longs = run(digits_end + unsigned, |b| matches!(b, b'l' | b'L')).min(2);
    let end = digits_end + unsigned + longs;
    let written = text.get(..end).unwrap_or("");
    if radix == Radix::Octal
        && let Some(d) = digits.chars().find(|d| !d.is_digit(8))
    {
        let what = format!("constant {} contains invalid digit {d}", clip(written));
        return (Tok::Bad(Tag::D_INT_DIGIT, what), end);
    }
    let base = match radix {
        Radix::Octal => 8,
        Radix::Decimal => 10,
        Radix::Hex => 16,
    };
    match u64::from_str_radix(digits, base) {
        Ok(value) => (
            Tok::Int(IntLit {
                value,
                radix,
                unsigned: unsigned == 1,
                longs: longs as u8,
            }),
            end,
        ),
        Err(_) => {
            let what = format!("constant {} results in integer overflow", clip(written));
            (Tok::Bad(Tag::D_INT_OFLOW, what), end)
        }
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// If the digits that end at `digits_end` begin a floating-point constant, how long that is.
fn float_len(text: &str, digits_end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let digits_from = |i: usize| {
        bytes
            .iter()
            .skip(i)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut end = digits_end;
    if at(end) == b'.' && at(end + 1) != b'.' {
        end += 1 + digits_from(end + 1);
    }
    if matches!(at(end), b'e' | b'E') {
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        let exponent = digits_from(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    if end == digits_end {
        return None;
    }
    Some(end + usize::from(matches!(at(end), b'f' | b'F' | b'l' | b'L')))
}

/// A whole macro argument as an integer: `12`, `-0x1f`, `+3u`. `None` when it is not one.
pub(super) fn macro_integer(text: &str) -> Option<Tok> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !magnitude.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match integer(magnitude) {
        (Tok::Int(lit), len) if len == magnitude.len() => Some(if negative {
            Tok::NegInt(lit)
        } else {
            Tok::Int(lit)
        }),
        (Tok::Bad(Tag::D_INT_OFLOW, text), len) if len == magnitude.len() => {
            Some(Tok::Bad(Tag::D_MACRO_OFLOW, text))
        }
        _ => None,
    }
}

/// A string or character constant that begins (with its quote) at the start of `text`, and how long it is.
pub(super) fn quoted(text: &str) -> (Tok, usize) {
    let bytes = text.as_bytes();
    let quote = bytes.first().copied().unwrap_or(b'"');
    let is_char = quote == b'\'';
    let mut out = Vec::new();
    let mut i = 1;
    loop {
        match bytes.get(i).copied() {
            None => {
                let what = format!("end-of-file encountered before matching {}", quote as char);
                return (Tok::Bad(Tag::D_SYNTAX, what), i);
            }
            Some(b'\n') => return (newline(is_char), i),
            Some(b'\\') if matches!(bytes.get(i + 1), Some(b'\n')) => {
                return (newline(is_char), i + 1);
            }
            Some(b'\\') => match escape(bytes.get(i + 1..).unwrap_or(&[])) {
                Some((byte, len)) => {
                    out.push(byte);
                    i += 1 + len;
                }
                None => {
                    let kept = bytes.get(i..i + 2).unwrap_or(b"\\");
                    out.extend(kept);
                    i += kept.len();
                }
            },
            Some(q) if q == quote => break,
            Some(b) => {
                out.push(b);
                i += 1;
            }
        }
    }
    (if is_char { pack(&out) } else { Tok::Str(out) }, i + 1)
}

fn newline(is_char: bool) -> Tok {
    if is_char {
        Tok::Bad(
            Tag::D_CHR_NL,
            "newline encountered in character constant".into(),
        )
    } else {
        Tok::Bad(
            Tag::D_STR_NL,
            "newline encountered in string literal".into(),
        )
    }
}

/// Several characters in one constant are packed with the first as the most significant: up to four into an `int`,
/// up to eight into 64 bits, as DTrace does.
fn pack(bytes: &[u8]) -> Tok {
    let packed = || bytes.iter().fold(0u64, |v, b| v << 8 | u64::from(*b));
    match bytes.len() {
        0 => Tok::Bad(Tag::D_CHR_NULL, "empty character constant".into()),
        1 => Tok::Char(i64::from(packed() as i8)),
        2..=4 => Tok::Char(i64::from(packed() as i32)),
        5..=8 => Tok::Char(packed() as i64),
        _ => Tok::Bad(Tag::D_CHR_OFLOW, "character constant is too long".into()),
    }
}

/// What an escape stands for and how long it is; `text` begins after the backslash. `None`: DTrace does not know it (not
/// even `\'`), and the backslash stays.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let run = |from: usize, max: usize, ok: fn(&u8) -> bool| {
        text.iter()
            .skip(from)
            .take(max)
            .take_while(|b| ok(b))
            .count()
    };
    let value = |from: usize, len: usize, radix: u32| {
        let digits = text
            .iter()
            .skip(from)
            .take(len)
            .filter_map(|b| (*b as char).to_digit(radix));
        digits.fold(0u32, |v, d| v * radix + d) as u8
    };
    match text.first().copied()? {
        b'a' => Some((7, 1)),
        b'b' => Some((8, 1)),
        b't' => Some((b'\t', 1)),
        b'n' => Some((b'\n', 1)),
        b'v' => Some((11, 1)),
        b'f' => Some((12, 1)),
        b'r' => Some((b'\r', 1)),
        b'"' => Some((b'"', 1)),
        b'\\' => Some((b'\\', 1)),
        b'0'..=b'7' => {
            let len = run(0, 3, |b| matches!(b, b'0'..=b'7'));
            Some((value(0, len, 8), len))
        }
        b'x' => match run(1, 2, u8::is_ascii_hexdigit) {
            0 => None,
            len => Some((value(1, len, 16), 1 + len)),
        },
        _ => None,
    }
}
