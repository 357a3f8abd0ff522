//! `print()`: a value as its type has it, members by name, one a line.

use super::value::{Value, extend, uint, until_nul};
use dsl::shape::{Member, Shape, ShapeKind};
use std::io::Write;

/// Blanks of each level.
const INDENT: usize = 4;
/// Elements of an array beyond this are only counted.
const MOST_ELEMENTS: u32 = 256;

/// The whole of `print()`: type, value, newline.
pub fn print(out: &mut Vec<u8>, shape: &Shape, v: &Value<'_>) {
    let bits;
    let data: &[u8] = match v {
        Value::Int { bits: b, .. } => {
            bits = b.to_le_bytes();
            &bits
        }
        Value::Str(s) => s,
        Value::Bytes { data, .. } => data,
        Value::Stack { .. } | Value::Ustack { .. } | Value::Sym { .. } => &[],
    };
    // Writing to a Vec never fails.
    let _ = write!(out, "{} ", shape.name);
    value(out, shape, data, 0);
    out.push(b'\n');
}

fn value(out: &mut Vec<u8>, shape: &Shape, data: &[u8], depth: usize) {
    match &shape.kind {
        ShapeKind::Int {
            size,
            signed,
            char_,
            bool_,
        } => {
            let bits = uint(data, 0, *size as usize);
            integer(out, bits, *size, *signed, *char_, *bool_);
        }
        ShapeKind::Enum {
            size,
            signed,
            values,
        } => {
            let v = extend(uint(data, 0, *size as usize), *size as u8, *signed);
            let _ = match values.iter().find(|(_, n)| *n == v) {
                Some((name, _)) => write!(out, "{name}"),
                None => write!(out, "{v}"),
            };
        }
        ShapeKind::Pointer => {
            let _ = write!(out, "{:#x}", uint(data, 0, 8));
        }
        ShapeKind::Str => quoted(out, data),
        ShapeKind::Array { elem, len, stride } => array(out, elem, *len, *stride, data, depth),
        ShapeKind::Sou(members) => {
            out.extend_from_slice(b"{\n");
            for m in members {
                // `printsize` ends the record here.
                if (m.bit_offset / 8) as usize >= data.len() && shape_bytes(&m.shape) > 0 {
                    indent(out, depth + 1);
                    out.extend_from_slice(b"...\n");
                    break;
                }
                member(out, m, data, depth + 1);
            }
            indent(out, depth);
            out.push(b'}');
        }
        ShapeKind::Bytes { size } => {
            out.extend_from_slice(b"[");
            for b in data.iter().take(*size as usize) {
                let _ = write!(out, " {b:02x}");
            }
            out.extend_from_slice(b" ]");
        }
    }
}

/// Whether a type has any bytes, as far as it matters here.
fn shape_bytes(shape: &Shape) -> u32 {
    match &shape.kind {
        ShapeKind::Int { size, .. } | ShapeKind::Enum { size, .. } | ShapeKind::Bytes { size } => {
            *size
        }
        ShapeKind::Pointer | ShapeKind::Str => 8,
        ShapeKind::Array { len, stride, .. } => len.saturating_mul(*stride),
        ShapeKind::Sou(members) => members.iter().map(|m| shape_bytes(&m.shape)).sum(),
    }
}

fn indent(out: &mut Vec<u8>, depth: usize) {
    out.extend(std::iter::repeat_n(b' ', INDENT * depth));
}

fn integer(out: &mut Vec<u8>, bits: u64, size: u32, signed: bool, char_: bool, bool_: bool) {
    let _ = match (bool_, char_, bits as u8) {
        (true, ..) => write!(out, "{}", if bits & 1 == 1 { "true" } else { "false" }),
        (_, true, 0) if size == 1 => write!(out, "'\\0'"),
        (_, true, c @ 0x20..=0x7e) if size == 1 && signed => write!(out, "'{}'", char::from(c)),
        _ => match bits {
            0 => write!(out, "0"),
            n => write!(out, "{n:#x}"),
        },
    };
}

fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &b in until_nul(text) {
        let _ = match b {
            b'"' | b'\\' => write!(out, "\\{}", char::from(b)),
            b'\n' => write!(out, "\\n"),
            b'\t' => write!(out, "\\t"),
            0x20..=0x7e => write!(out, "{}", char::from(b)),
            b => write!(out, "\\x{b:02x}"),
        };
    }
    out.push(b'"');
}

fn member(out: &mut Vec<u8>, m: &Member, data: &[u8], depth: usize) {
    indent(out, depth);
    let at = (m.bit_offset / 8) as usize;
    let _ = write!(out, "{}", m.shape.name);
    if !m.name.is_empty() {
        let _ = write!(out, " {}", m.name);
    }
    if m.bit_size > 0 {
        let _ = write!(out, " :{} = ", m.bit_size);
        // At most 64 bits, from any bit on: nine bytes hold them.
        let low = u128::from(uint(data, at, 8));
        let all = low | u128::from(uint(data, at.saturating_add(8), 1)) << 64;
        let mask = u128::MAX.checked_shr(128 - m.bit_size.min(64)).unwrap_or(0);
        let bits = ((all >> (m.bit_offset % 8)) & mask) as u64;
        let bool_ = matches!(m.shape.kind, ShapeKind::Int { bool_: true, .. });
        integer(out, bits, 8, false, false, bool_);
    } else {
        out.extend_from_slice(b" = ");
        value(out, &m.shape, data.get(at..).unwrap_or_default(), depth);
    }
    out.push(b'\n');
}

fn array(out: &mut Vec<u8>, elem: &Shape, len: u32, stride: u32, data: &[u8], depth: usize) {
    let bytes = len.saturating_mul(stride) as usize;
    let data = data.get(..bytes).unwrap_or(data);
    if let ShapeKind::Int {
        size: 1,
        char_: true,
        ..
    } = elem.kind
        && len > 0
        && until_nul(data)
            .iter()
            .all(|b| matches!(b, 0x20..=0x7e | b'\n' | b'\t'))
    {
        out.extend_from_slice(b"[ ");
        quoted(out, data);
        out.extend_from_slice(b" ]");
        return;
    }
    let lines = matches!(elem.kind, ShapeKind::Sou(_) | ShapeKind::Array { .. });
    out.push(b'[');
    let there = (data.len() as u32).div_ceil(stride.max(1));
    let shown = len.min(MOST_ELEMENTS).min(there);
    for i in 0..shown {
        let at = i.saturating_mul(stride) as usize;
        if lines {
            out.push(b'\n');
            indent(out, depth + 1);
            let _ = write!(out, "{} ", elem.name);
        } else {
            out.extend_from_slice(if i == 0 { b" " } else { b", " });
        }
        value(out, elem, data.get(at..).unwrap_or_default(), depth + 1);
        if lines && i + 1 < shown {
            out.push(b',');
        }
    }
    if len > shown {
        let _ = write!(out, ", ... {} more", len - shown);
    }
    if lines && len > 0 {
        out.push(b'\n');
        indent(out, depth);
        out.push(b']');
    } else {
        out.extend_from_slice(b" ]");
    }
}
