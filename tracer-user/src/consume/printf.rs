//! The `printf` and `printa` engine: one [`Conv`] after another, each printing one [`Value`].
//!
//! Formats were parsed and checked by the compiler, so nothing can go wrong here but a record that is too short: what has no
//! value prints nothing. Integers print by the size and sign of their own type (`d-language.md` §9): `%d` of an unsigned
//! type is unsigned, `%x` of a negative `int` has eight digits.

use super::net;
use super::symbol::Symbols;
use super::value::{Value, extend, truncate};
use super::{stack, time};
use dsl::format::{Conv, ConvKind, Format, Piece, Size};

/// Digits of a pointer: the width that `?` stands for.
const POINTER_WIDTH: usize = 16;

/// Prints the conversion of an aggregation's value; the number says how many there were before it.
pub type AggConv<'a> = &'a mut dyn FnMut(&mut Vec<u8>, &Conv, Spec, usize);

/// Prints a format. `agg` prints the conversion of an aggregation's value (`%@d`), with the number of such conversions
/// before it.
pub fn print(
    out: &mut Vec<u8>,
    format: &Format,
    args: &mut dyn Iterator<Item = Value<'_>>,
    symbols: &mut Symbols,
    agg: AggConv<'_>,
) {
    let mut seen = 0;
    for piece in &format.pieces {
        match piece {
            Piece::Text(t) => out.extend_from_slice(t.as_bytes()),
            Piece::Conv(c) => {
                let spec = Spec::new(c, args);
                if c.agg || c.kind == ConvKind::AggDefault {
                    agg(out, c, spec, seen);
                    seen += 1;
                } else if let Some(v) = args.next() {
                    convert(out, c, spec, &v, symbols);
                }
            }
        }
    }
}

/// Width, precision and flags of one conversion, with `*` replaced by its arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spec {
    width: usize,
    prec: Option<usize>,
    left: bool,
    plus: bool,
    space: bool,
    alt: bool,
    zero: bool,
    group: bool,
}

/// Widths beyond this are cut: nobody reads them, and an argument could ask for gigabytes.
const MAX_WIDTH: usize = 16 << 20;

impl Spec {
    fn new(c: &Conv, args: &mut dyn Iterator<Item = Value<'_>>) -> Spec {
        let mut spec = Spec {
            left: c.left,
            plus: c.plus,
            space: c.space,
            alt: c.alt,
            zero: c.zero,
            group: c.group,
            ..Spec::default()
        };
        let mut size = |s: Size| match s {
            Size::None => None,
            Size::Fixed(n) => Some(i64::from(n)),
            Size::Pointer => Some(POINTER_WIDTH as i64),
            Size::Arg => Some(args.next().map_or(0, |v| v.signed())),
        };
        if let Some(w) = size(c.width) {
            // As C has it: a negative width argument means left-justified.
            spec.left |= w < 0;
            spec.width = (w.unsigned_abs() as usize).min(MAX_WIDTH);
        }
        // As C has it: a negative precision argument means none.
        spec.prec = size(c.prec)
            .and_then(|p| usize::try_from(p).ok())
            .map(|p| p.min(MAX_WIDTH));
        spec
    }

    /// Writes `body` at the width. `prefix` (sign, `0x`) goes before padding zeros.
    fn pad(&self, out: &mut Vec<u8>, prefix: &[u8], body: &[u8], zeros: bool) {
        let fill = self.width.saturating_sub(prefix.len() + body.len());
        let blanks = |out: &mut Vec<u8>, b: u8| out.extend(std::iter::repeat_n(b, fill));
        match (self.left, zeros) {
            (true, _) => {
                out.extend_from_slice(prefix);
                out.extend_from_slice(body);
                blanks(out, b' ');
            }
            (false, true) => {
                out.extend_from_slice(prefix);
                blanks(out, b'0');
                out.extend_from_slice(body);
            }
            (false, false) => {
                blanks(out, b' ');
                out.extend_from_slice(prefix);
                out.extend_from_slice(body);
            }
        }
    }

    /// Writes text, cut to the precision.
    pub fn text(&self, out: &mut Vec<u8>, s: &[u8]) {
        let s = s
            .get(..self.prec.unwrap_or(usize::MAX).min(s.len()))
            .unwrap_or_default();
        self.pad(out, b"", s, false);
    }

    fn digits(&self, out: &mut Vec<u8>, prefix: &[u8], digits: String, grouping: bool) {
        let mut digits = digits;
        if self.prec == Some(0) && digits == "0" {
            digits.clear();
        }
        if self.group && grouping {
            digits = grouped(&digits, &time::thousands_separator());
        }
        let missing = self.prec.unwrap_or(0).saturating_sub(digits.len());
        let digits = "0".repeat(missing) + &digits;
        // As C has it: with a precision the flag `0` is ignored.
        self.pad(
            out,
            prefix,
            digits.as_bytes(),
            self.zero && self.prec.is_none(),
        );
    }

    /// Writes a number as `kind` has it. `size` and `signed` are those of its type.
    pub fn number(&self, out: &mut Vec<u8>, kind: ConvKind, bits: u64, size: u8, signed: bool) {
        let unsigned = truncate(bits, size);
        match kind {
            ConvKind::Dec if signed => {
                let v = extend(bits, size, true);
                let sign: &[u8] = match (v < 0, self.plus, self.space) {
                    (true, ..) => b"-",
                    (false, true, _) => b"+",
                    (false, false, true) => b" ",
                    (false, false, false) => b"",
                };
                self.digits(out, sign, v.unsigned_abs().to_string(), true);
            }
            ConvKind::Oct => {
                let mut s = format!("{unsigned:o}");
                if self.alt && !s.starts_with('0') {
                    s.insert(0, '0');
                }
                self.digits(out, b"", s, false);
            }
            ConvKind::Hex | ConvKind::Pointer => {
                let prefix: &[u8] = if self.alt && unsigned != 0 {
                    b"0x"
                } else {
                    b""
                };
                self.digits(out, prefix, format!("{unsigned:x}"), false);
            }
            ConvKind::HexUp => {
                let prefix: &[u8] = if self.alt && unsigned != 0 {
                    b"0X"
                } else {
                    b""
                };
                self.digits(out, prefix, format!("{unsigned:X}"), false);
            }
            _ => self.digits(out, b"", unsigned.to_string(), true),
        }
    }
}

/// Groups of three digits, from the right.
fn grouped(digits: &str, separator: &str) -> String {
    let n = digits.len();
    digits
        .chars()
        .enumerate()
        .flat_map(|(i, c)| {
            let sep = if i > 0 && (n - i).is_multiple_of(3) {
                separator
            } else {
                ""
            };
            sep.chars().chain(std::iter::once(c))
        })
        .collect()
}

/// One conversion of one value.
pub fn convert(out: &mut Vec<u8>, c: &Conv, spec: Spec, v: &Value<'_>, symbols: &mut Symbols) {
    match c.kind {
        ConvKind::Dec
        | ConvKind::Udec
        | ConvKind::Oct
        | ConvKind::Hex
        | ConvKind::HexUp
        | ConvKind::Pointer => {
            // `%hd` and the like claim a size and with it, for `d`, a sign; otherwise the argument's own count.
            let own = v.size();
            let (size, signed) = match (c.modifier, v) {
                (0, Value::Int { size, signed, .. }) => (*size, *signed),
                (0, _) => (own, false),
                (m, _) => (m, true),
            };
            let bits = match size > own {
                true => v.signed() as u64,
                false => v.unsigned(),
            };
            spec.number(out, c.kind, bits, size, signed);
        }
        ConvKind::Char => {
            let v = v.unsigned();
            let mut buf = [0; 4];
            let text: &[u8] = match char::from_u32(v as u32) {
                Some(ch) if c.modifier > 0 && v > 0x7f => ch.encode_utf8(&mut buf).as_bytes(),
                _ => {
                    buf[0] = v as u8;
                    &buf[..1]
                }
            };
            Spec { prec: None, ..spec }.text(out, text);
        }
        ConvKind::CharEsc => Spec { prec: None, ..spec }.text(out, &escape(&[v.unsigned() as u8])),
        ConvKind::Str => spec.text(out, &text_of(v, symbols)),
        ConvKind::StrEsc => spec.text(out, &escape(&text_of(v, symbols))),
        ConvKind::KernelSym => spec.text(out, symbols.kernel(v.unsigned()).as_bytes()),
        ConvKind::UserSym => {
            let pid = if let Value::Sym { pid, .. } = v {
                *pid
            } else {
                0
            };
            spec.text(out, symbols.user(pid, v.unsigned()).as_bytes());
        }
        ConvKind::Stack => stack::print(out, v, spec.width, symbols),
        ConvKind::Date => spec.text(out, time::date(v.signed()).as_bytes()),
        ConvKind::Time => spec.text(out, time::rfc822(v.signed()).as_bytes()),
        ConvKind::Inet => spec.text(out, net::host_name(&text_of(v, symbols)).as_bytes()),
        ConvKind::Port => spec.text(out, net::service_name(v.unsigned() as u16).as_bytes()),
        ConvKind::Float => float(out, c, spec, v),
        // Only printa has it, and prints it itself.
        ConvKind::AggDefault => spec.number(out, ConvKind::Dec, v.signed() as u64, 8, true),
    }
}

/// What `%s` prints.
fn text_of(v: &Value<'_>, symbols: &mut Symbols) -> Vec<u8> {
    match v {
        Value::Str(s) => s.to_vec(),
        Value::Bytes { data, .. } => super::value::until_nul(data).to_vec(),
        Value::Int { .. } => v.signed().to_string().into_bytes(),
        Value::Sym { addr, pid, kind } => symbols.by_kind(*kind, *pid, *addr).into_bytes(),
        Value::Stack { .. } | Value::Ustack { .. } => {
            let mut s = Vec::new();
            stack::print(&mut s, v, 0, symbols);
            s
        }
    }
}

/// Unprintable characters as C writes them in a literal.
fn escape(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        match b {
            0 => out.extend(b"\\0"),
            7 => out.extend(b"\\a"),
            8 => out.extend(b"\\b"),
            9 => out.extend(b"\\t"),
            10 => out.extend(b"\\n"),
            11 => out.extend(b"\\v"),
            12 => out.extend(b"\\f"),
            13 => out.extend(b"\\r"),
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            0x20..=0x7e => out.push(b),
            _ => out.extend(format!("\\{b:03o}").bytes()),
        }
    }
    out
}

/// `e f g E G` of kernel floating-point data.
fn float(out: &mut Vec<u8>, c: &Conv, spec: Spec, v: &Value<'_>) {
    let bits = v.unsigned();
    let x = match v.size() {
        4 => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits),
    };
    let prec = spec.prec.unwrap_or(6).min(100);
    let letter = c.text.chars().last().unwrap_or('f');
    let body = match letter.to_ascii_lowercase() {
        _ if !x.is_finite() => format!("{:?}", x.abs()).to_lowercase(),
        'e' => exponent(x.abs(), prec),
        'g' => general(x.abs(), prec.max(1), spec.alt),
        _ => format!("{:.prec$}", x.abs()),
    };
    let body = if letter.is_ascii_uppercase() {
        body.to_uppercase()
    } else {
        body
    };
    let sign: &[u8] = match (x.is_sign_negative() && !x.is_nan(), spec.plus, spec.space) {
        (true, ..) => b"-",
        (_, true, _) => b"+",
        (_, _, true) => b" ",
        _ => b"",
    };
    spec.pad(out, sign, body.as_bytes(), spec.zero && x.is_finite());
}

/// As C's `%e`: the exponent has a sign and at least two digits.
fn exponent(x: f64, prec: usize) -> String {
    let s = format!("{x:.prec$e}");
    match s.split_once('e') {
        Some((m, e)) => {
            let e: i32 = e.parse().unwrap_or(0);
            format!("{m}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs())
        }
        None => s,
    }
}

/// As C's `%g`: the shorter of the two, without trailing zeros.
fn general(x: f64, prec: usize, alt: bool) -> String {
    let e = format!("{x:.*e}", prec - 1);
    let exp: i32 = e
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    let trim = |s: String| match !alt && s.contains('.') {
        true => s.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => s,
    };
    match exp < -4 || exp >= prec as i32 {
        true => {
            let s = exponent(x, prec - 1);
            match s.split_once('e') {
                Some((m, e)) => format!("{}e{e}", trim(m.to_owned())),
                None => s,
            }
        }
        false => trim(format!("{x:.*}", (prec as i32 - 1 - exp).max(0) as usize)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversion from its text, as the compiler reads it.
    pub fn conv(s: &str) -> Conv {
        let text = format!("%{}", s.trim_start_matches('%'));
        let format = Format::parse(&text).expect(s);
        format.convs().next().expect(s).clone()
    }

    fn check(format: &str, args: &[Value<'_>], want: &str) {
        let f = Format {
            pieces: vec![Piece::Conv(conv(format))],
        };
        let mut out = Vec::new();
        let mut symbols = Symbols::fixed(&[
            (0xffff_0000, "vmlinux", "vfs_read"),
            (0xffff_1000, "ext4", "ext4_open"),
        ]);
        print(
            &mut out,
            &f,
            &mut args.iter().copied(),
            &mut symbols,
            &mut |_, _, _, _| (),
        );
        assert_eq!(String::from_utf8_lossy(&out), want, "{format} of {args:?}");
    }

    fn int(v: i64) -> Value<'static> {
        Value::Int {
            bits: v as u64,
            size: 8,
            signed: true,
        }
    }
    fn i32_(v: i32) -> Value<'static> {
        Value::Int {
            bits: v as u32 as u64,
            size: 4,
            signed: true,
        }
    }
    fn u32_(v: u32) -> Value<'static> {
        Value::Int {
            bits: u64::from(v),
            size: 4,
            signed: false,
        }
    }

    #[test]
    fn integers() {
        for (f, v, want) in [
            ("%d", 97, "97"),
            ("%i", -97, "-97"),
            ("%u", 97, "97"),
            ("%o", 97, "141"),
            ("%#o", 97, "0141"),
            ("%x", 97, "61"),
            ("%X", 0xbeef, "BEEF"),
            ("%p", 97, "61"),
            ("%#x", 0x123, "0x123"),
            ("%#8x", 0x123, "   0x123"),
            ("%#08x", 0x123, "0x000123"),
            ("%#X", 0x12a, "0X12A"),
            ("%#x", 0, "0"),
            ("%08x", 0x123, "00000123"),
            ("%-8x|", 0x123, "123     "),
            ("%+8d", 123, "    +123"),
            ("% 8d", 123, "     123"),
            ("% d", 123, " 123"),
            ("%+d", -1, "-1"),
            ("%5d", -42, "  -42"),
            ("%05d", -42, "-0042"),
            ("%-5d", -42, "-42  "),
            ("%.4d", 42, "0042"),
            ("%8.4d", -42, "   -0042"),
            ("%08.4d", 42, "    0042"),
            ("%.0d", 0, ""),
            ("%?d", 5, "               5"),
            ("%?x", 0xabc, "             abc"),
            ("%0?x", 0xabc, "0000000000000abc"),
            ("%1d", 123_456, "123456"),
            ("%d", i64::MIN, "-9223372036854775808"),
            ("%u", -1, "18446744073709551615"),
        ] {
            check(f.trim_end_matches('|'), &[int(v)], want);
        }
    }

    #[test]
    fn sizes_and_signs_are_the_arguments() {
        check("%d", &[i32_(-1)], "-1");
        check("%d", &[u32_(u32::MAX)], "4294967295");
        check("%x", &[i32_(-1)], "ffffffff");
        check("%u", &[i32_(-1)], "4294967295");
        check(
            "%x",
            &[Value::Int {
                bits: 0xff,
                size: 1,
                signed: true,
            }],
            "ff",
        );
        check(
            "%d",
            &[Value::Int {
                bits: 0xff,
                size: 1,
                signed: true,
            }],
            "-1",
        );
        check(
            "%hd",
            &[Value::Int {
                bits: 0xffff,
                size: 2,
                signed: true,
            }],
            "-1",
        );
        check("%hu", &[i32_(-1)], "65535");
        check("%lld", &[i32_(-7)], "-7");
        check("%llx", &[i32_(-1)], "ffffffffffffffff");
        check("%lx", &[u32_(0x8000_0000)], "80000000");
        check("%ld", &[int(-9)], "-9");
    }

    #[test]
    fn widths_from_arguments() {
        check("%*d", &[i32_(5), int(42)], "   42");
        check("%*d", &[i32_(-5), int(42)], "42   ");
        check("%.*s", &[i32_(2), Value::Str(b"hello")], "he");
        check("%*.*s", &[i32_(4), i32_(1), Value::Str(b"hello")], "   h");
        check("%.*d", &[i32_(-1), int(0)], "0");
    }

    #[test]
    fn characters_and_strings() {
        check("%c", &[i32_(97)], "a");
        check("%3c", &[i32_(97)], "  a");
        check("%wc", &[i32_(0x20ac)], "€");
        check("%C", &[i32_(10)], "\\n");
        check("%C", &[i32_(1)], "\\001");
        check("%s", &[Value::Str(b"hello")], "hello");
        check("%-7s", &[Value::Str(b"hello")], "hello  ");
        check("%7s", &[Value::Str(b"hello")], "  hello");
        check("%.3s", &[Value::Str(b"hello")], "hel");
        check(
            "%s",
            &[Value::Bytes {
                data: b"ab\0cd",
                chars: true,
            }],
            "ab",
        );
        check("%S", &[Value::Str(b"a\tb\"\\\x80")], "a\\tb\\\"\\\\\\200");
    }

    #[test]
    fn symbols() {
        check("%a", &[int(0xffff_0000)], "vmlinux`vfs_read");
        check("%a", &[int(0xffff_0010)], "vmlinux`vfs_read+0x10");
        check("%a", &[int(0x10)], "0x10");
        check("%-12a", &[int(0xffff_1000)], "ext4`ext4_open");
        check("%20a", &[int(0xffff_0000)], "    vmlinux`vfs_read");
    }

    #[test]
    fn stacks() {
        let mut s = Vec::new();
        s.extend(0xffff_0004_u64.to_le_bytes());
        s.extend(0xffff_1000_u64.to_le_bytes());
        s.extend(0_u64.to_le_bytes());
        check(
            "%k",
            &[Value::Stack {
                frames: &s,
                most: 20,
            }],
            "\nvmlinux`vfs_read+0x4\next4`ext4_open\n",
        );
        check(
            "%4k",
            &[Value::Stack {
                frames: &s,
                most: 20,
            }],
            "\n    vmlinux`vfs_read+0x4\n    ext4`ext4_open\n",
        );
    }

    #[test]
    fn floats() {
        let f = |x: f64| Value::Int {
            bits: x.to_bits(),
            size: 8,
            signed: false,
        };
        check("%f", &[f(1.5)], "1.500000");
        check("%.2f", &[f(-1.567)], "-1.57");
        check("%8.2f", &[f(3.25)], "    3.25");
        check("%e", &[f(12345.678)], "1.234568e+04");
        check("%E", &[f(0.00012)], "1.200000E-04");
        check("%g", &[f(0.0001)], "0.0001");
        check("%g", &[f(1e10)], "1e+10");
        check("%g", &[f(100.0)], "100");
        check(
            "%f",
            &[Value::Int {
                bits: u64::from(1.5_f32.to_bits()),
                size: 4,
                signed: false,
            }],
            "1.500000",
        );
    }

    #[test]
    fn missing_arguments_print_nothing() {
        check("%d", &[], "");
        check("%*d", &[], "");
    }

    #[test]
    fn digits_in_groups() {
        assert_eq!(grouped("1234567", ","), "1,234,567");
        assert_eq!(grouped("123", ","), "123");
        assert_eq!(grouped("1234", ""), "1234");
    }
}
