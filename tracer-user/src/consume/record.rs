//! How one value prints by default: `trace()`, `tracemem()`, `stack()`, and the keys of aggregations.

use super::stack;
use super::symbol::Symbols;
use super::value::{Value, until_nul};
use std::io::Write;

/// Columns that a traced string takes.
pub const TRACE_WIDTH: usize = 33;
/// Columns that a string in a key takes, and a symbol anywhere.
pub const KEY_WIDTH: usize = 50;

/// Columns of a traced integer, by its size in bytes: signed, unsigned. The widths are the reference implementation's, which
/// made them as wide as the type's extremes need.
const TRACE_INT: &[(u8, usize, usize)] = &[(1, 3, 3), (2, 5, 5), (4, 10, 10), (8, 19, 20)];
/// Columns of an integer in a key.
const KEY_INT: &[(u8, usize, usize)] = &[(1, 3, 3), (2, 5, 5), (4, 8, 8), (8, 16, 16)];

/// How default output looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// `-q`: no padding.
    pub quiet: bool,
    /// `-x rawbytes`: strings and bytes are dumped even where they look like text, numbers as well.
    pub rawbytes: bool,
    /// `-x stackindent`.
    pub stackindent: usize,
    /// `-x strsize`: so many bytes a string has where it is dumped.
    pub strsize: usize,
}

/// A datum of `trace()`.
pub fn trace(out: &mut Vec<u8>, v: &Value<'_>, style: Style, symbols: &mut Symbols) {
    match *v {
        Value::Int { bits, size, .. } if style.rawbytes => {
            let bytes = bits.to_le_bytes();
            dump(out, bytes.get(..size.into()).unwrap_or(&bytes));
        }
        _ => datum(out, v, style, TRACE_WIDTH, TRACE_INT, symbols),
    }
}

/// A member of an aggregation's key. `quiet` makes no difference here.
pub fn key(out: &mut Vec<u8>, v: &Value<'_>, style: Style, symbols: &mut Symbols) {
    datum(
        out,
        v,
        Style {
            quiet: false,
            // As the reference implementation has them: a NUL comes behind.
            strsize: style.strsize.saturating_add(1),
            ..style
        },
        KEY_WIDTH,
        KEY_INT,
        symbols,
    );
}

fn datum(
    out: &mut Vec<u8>,
    v: &Value<'_>,
    style: Style,
    width: usize,
    ints: &[(u8, usize, usize)],
    symbols: &mut Symbols,
) {
    match *v {
        Value::Int { size, signed, .. } => {
            let column = ints
                .iter()
                .find(|i| i.0 == size)
                .map_or(0, |i| if signed { i.1 } else { i.2 });
            let number = match signed {
                true => v.signed().to_string(),
                false => v.unsigned().to_string(),
            };
            // Writing to a Vec never fails.
            let _ = match style.quiet {
                true => write!(out, "{number}"),
                false => write!(out, " {number:>column$}"),
            };
        }
        Value::Str(s) if !style.rawbytes && (s.is_empty() || looks_like_text(s).is_some()) => {
            text(out, s, style.quiet, width)
        }
        // As the reference implementation does, which records all of a string.
        Value::Str(s) => {
            let mut all = s.to_vec();
            all.resize(style.strsize.max(s.len()), 0);
            dump(out, &all);
        }
        Value::Bytes { data, .. } => match looks_like_text(data) {
            Some(s) if !style.rawbytes => text(out, s, style.quiet, width),
            _ => dump(out, data),
        },
        Value::Stack { .. } | Value::Ustack { .. } => {
            stack::print(out, v, style.stackindent, symbols)
        }
        Value::Sym { addr, pid, kind } => {
            let name = symbols.by_kind(kind, pid, addr);
            text(out, name.as_bytes(), false, KEY_WIDTH);
        }
    }
}

/// Two blanks, then the text left-justified; quiet: the text alone.
fn text(out: &mut Vec<u8>, s: &[u8], quiet: bool, width: usize) {
    if quiet {
        out.extend_from_slice(s);
        return;
    }
    out.extend_from_slice(b"  ");
    out.extend_from_slice(s);
    out.extend(std::iter::repeat_n(b' ', width.saturating_sub(s.len())));
}

/// The text in a range of bytes: printable ones, at least one, then nothing but NULs.
fn looks_like_text(data: &[u8]) -> Option<&[u8]> {
    let s = until_nul(data);
    let printable = |&b: &u8| matches!(b, 0x20..=0x7e | 7..=13);
    let rest = data.get(s.len()..).unwrap_or_default();
    (!s.is_empty() && s.iter().all(printable) && rest.iter().all(|&b| b == 0)).then_some(s)
}

/// A hex dump: a line of column numbers, then 16 bytes a line with their offset and their characters.
pub fn dump(out: &mut Vec<u8>, data: &[u8]) {
    const MARGIN: usize = 5;
    let _ = write!(out, "\n{:MARGIN$}      ", "");
    for d in b"0123456789abcdef" {
        let _ = write!(out, "  {}", char::from(*d));
    }
    out.extend_from_slice(b"  0123456789abcdef\n");
    for (i, chunk) in data.chunks(16).enumerate() {
        let _ = write!(out, "{:MARGIN$}{:5x}:", "", i * 16);
        for b in chunk {
            let _ = write!(out, " {b:02x}");
        }
        out.extend(std::iter::repeat_n(b' ', 3 * (16 - chunk.len()) + 2));
        out.extend(
            chunk
                .iter()
                .map(|&b| if (0x20..0x7f).contains(&b) { b } else { b'.' }),
        );
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsl::program::SymKind;

    fn check(v: Value<'_>, quiet: bool, want: &str) {
        let mut out = Vec::new();
        let style = Style {
            quiet,
            stackindent: 14,
            ..Style::default()
        };
        trace(
            &mut out,
            &v,
            style,
            &mut Symbols::fixed(&[(0x1000, "vmlinux", "f")]),
        );
        assert_eq!(String::from_utf8_lossy(&out), want, "{v:?}");
    }

    fn int(bits: u64, size: u8, signed: bool) -> Value<'static> {
        Value::Int { bits, size, signed }
    }

    #[test]
    fn integers_by_size() {
        check(int(0xff, 1, true), false, "  -1");
        check(int(0xff, 1, false), false, " 255");
        check(int(0xffff, 2, true), false, "    -1");
        check(int(0xffff, 2, false), false, " 65535");
        check(int(0xffff_ffff, 4, true), false, "         -1");
        check(int(0xffff_ffff, 4, false), false, " 4294967295");
        check(int(u64::MAX, 8, true), false, "                  -1");
        check(int(u64::MAX, 8, false), false, " 18446744073709551615");
        check(int(u64::MAX, 8, true), true, "-1");
        check(int(5, 4, true), true, "5");
    }

    #[test]
    fn strings() {
        check(
            Value::Str(b"a"),
            false,
            "  a                                ",
        );
        check(
            Value::Str(b""),
            false,
            "                                   ",
        );
        check(Value::Str(b"x"), true, "x");
        check(
            Value::Bytes {
                data: b"dtrace\0\0",
                chars: true,
            },
            false,
            "  dtrace                           ",
        );
        check(
            Value::Bytes {
                data: b"dtrace",
                chars: true,
            },
            false,
            "  dtrace                           ",
        );
    }

    #[test]
    fn dumps() {
        check(
            Value::Bytes {
                data: b"aAbBc\x05dD\0",
                chars: true,
            },
            false,
            "
             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef
         0: 61 41 62 42 63 05 64 44 00                       aAbBc.dD.
",
        );
        let mut out = Vec::new();
        dump(&mut out, &[b'x'; 18]);
        assert!(
            String::from_utf8_lossy(&out)
                .ends_with("        10: 78 78                                            xx\n")
        );
    }

    #[test]
    fn strings_of_other_bytes_are_dumped() {
        let shown = |s: &[u8], quiet: bool| {
            let style = Style {
                strsize: 16,
                quiet,
                ..Style::default()
            };
            let mut out = Vec::new();
            trace(&mut out, &Value::Str(s), style, &mut Symbols::default());
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(shown(b"a\tb\n", true), "a\tb\n");
        assert_eq!(shown(b"", true), "");
        for (quiet, s) in [(true, "\u{e9}t\u{e9}"), (false, "a\u{1}b")] {
            let dump = shown(s.as_bytes(), quiet);
            assert_eq!(dump.lines().count(), 3, "{dump}");
            assert!(dump.contains("0123456789abcdef\n         0: "), "{dump}");
        }
    }

    #[test]
    fn rawbytes_dumps_text_too() {
        let mut out = Vec::new();
        let style = Style {
            rawbytes: true,
            ..Style::default()
        };
        trace(
            &mut out,
            &Value::Bytes {
                data: b"ab",
                chars: true,
            },
            style,
            &mut Symbols::default(),
        );
        assert!(String::from_utf8_lossy(&out).contains(" 61 62 "));
    }

    #[test]
    fn symbols() {
        check(
            Value::Sym {
                addr: 0x1004,
                pid: 0,
                kind: SymKind::Sym,
            },
            false,
            "  vmlinux`f                                         ",
        );
    }

    #[test]
    fn keys_are_wider() {
        let mut out = Vec::new();
        key(
            &mut out,
            &Value::Str(b"cat"),
            Style::default(),
            &mut Symbols::default(),
        );
        assert_eq!(out.len(), 52);
        out.clear();
        key(
            &mut out,
            &int(4, 4, true),
            Style {
                quiet: true,
                ..Style::default()
            },
            &mut Symbols::default(),
        );
        assert_eq!(out, b"        4");
        out.clear();
        key(
            &mut out,
            &int(97, 8, true),
            Style::default(),
            &mut Symbols::default(),
        );
        assert_eq!(out, b"               97");
    }
}
