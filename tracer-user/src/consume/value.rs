//! One value out of a record or out of an aggregation's key.

use dsl::program::{KeyType, SymKind};
use tracer_ebpf::image::{Field, FieldKind, KeyField, RecordLayout};

/// A value, borrowed from the record or key that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer: its bits, its size in bytes, whether its type is signed.
    Int {
        /// As recorded, zero-extended.
        bits: u64,
        /// 1, 2, 4 or 8.
        size: u8,
        /// Of the C type.
        signed: bool,
    },
    /// A string, without its NUL.
    Str(&'a [u8]),
    /// Raw bytes.
    Bytes {
        /// All of them.
        data: &'a [u8],
        /// An array of char.
        chars: bool,
    },
    /// Kernel stack.
    Stack {
        /// Little-endian u64s; at the top there may be some that are ours.
        frames: &'a [u8],
        /// How many the program wants.
        most: usize,
    },
    /// User stack.
    Ustack {
        /// Process.
        pid: u32,
        /// Little-endian u64s.
        frames: &'a [u8],
    },
    /// An address to be shown as a symbol.
    Sym {
        /// Where.
        addr: u64,
        /// The process, for user addresses.
        pid: u32,
        /// How it is shown.
        kind: SymKind,
    },
}

impl Value<'_> {
    /// As a signed number, by the size and sign of its type.
    pub fn signed(&self) -> i64 {
        match *self {
            Value::Int { bits, size, signed } => extend(bits, size, signed),
            Value::Sym { addr, .. } => addr as i64,
            Value::Bytes { data, .. } | Value::Str(data) => uint(data, 0, data.len().min(8)) as i64,
            Value::Stack { .. } | Value::Ustack { .. } => 0,
        }
    }

    /// As a number without sign, by the size of its type.
    pub fn unsigned(&self) -> u64 {
        match *self {
            Value::Int { bits, size, .. } => truncate(bits, size),
            _ => self.signed() as u64,
        }
    }

    /// Bytes that its type takes.
    pub fn size(&self) -> u8 {
        match *self {
            Value::Int { size, .. } => size,
            Value::Bytes { data, .. } => data.len().min(8) as u8,
            _ => 8,
        }
    }
}

/// The low `size` bytes.
pub fn truncate(bits: u64, size: u8) -> u64 {
    match size {
        1 => bits & 0xff,
        2 => bits & 0xffff,
        4 => bits & 0xffff_ffff,
        _ => bits,
    }
}

/// The low `size` bytes as a number of that type.
pub fn extend(bits: u64, size: u8, signed: bool) -> i64 {
    match (size, signed) {
        (1, true) => i64::from(bits as i8),
        (2, true) => i64::from(bits as i16),
        (4, true) => i64::from(bits as i32),
        _ => truncate(bits, size) as i64,
    }
}

/// A little-endian integer of `size` bytes at `off`; bytes that aren't there count as 0.
pub fn uint(data: &[u8], off: usize, size: usize) -> u64 {
    (0..size.min(8)).rev().fold(0, |v, i| {
        v << 8 | u64::from(data.get(off + i).copied().unwrap_or(0))
    })
}

/// The frames of a stack, up to the first zero.
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes
        .chunks_exact(8)
        .map(|c| uint(c, 0, 8))
        .take_while(|&pc| pc != 0)
}

/// The bytes before the first NUL.
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    match bytes.iter().position(|&b| b == 0) {
        Some(n) => bytes.get(..n).unwrap_or_default(),
        None => bytes,
    }
}

fn slice(data: &[u8], off: usize, len: usize) -> &[u8] {
    let end = off.saturating_add(len).min(data.len());
    data.get(off.min(end)..end).unwrap_or_default()
}

/// Where a field ends up after the fields before it: strings and stacks stand behind the fixed part, one after another.
pub fn fields<'a, 'l>(
    layout: &'l RecordLayout,
    record: &'a [u8],
) -> impl Iterator<Item = (&'l Field, Value<'a>)> + use<'a, 'l> {
    let mut var = layout.fixed as usize;
    layout.fields.iter().map(move |f| {
        let off = f.off as usize;
        let mut tail = || {
            let len = uint(record, off, 4) as usize;
            let bytes = slice(record, var, len);
            var = var.saturating_add(len);
            bytes
        };
        let value = match f.kind {
            FieldKind::Int { size, signed } => Value::Int {
                bits: uint(record, off, usize::from(size)),
                size,
                signed,
            },
            FieldKind::Str => Value::Str(until_nul(tail())),
            FieldKind::Bytes { size, chars } => Value::Bytes {
                data: slice(record, off, size as usize),
                chars,
            },
            FieldKind::Stack { frames } => Value::Stack {
                frames: tail(),
                most: usize::from(frames),
            },
            FieldKind::Ustack => {
                let frames = tail();
                Value::Ustack {
                    pid: uint(record, off + 4, 4) as u32,
                    frames,
                }
            }
            FieldKind::Sym { kind } => Value::Sym {
                addr: uint(record, off, 8),
                pid: match is_user(kind) {
                    true => uint(record, off + 8, 4) as u32,
                    false => 0,
                },
                kind,
            },
        };
        (f, value)
    })
}

/// Whether addresses of this kind belong to a process.
pub fn is_user(kind: SymKind) -> bool {
    match kind {
        SymKind::Sym | SymKind::Mod => false,
        SymKind::Usym | SymKind::Umod | SymKind::Uaddr => true,
    }
}

/// One member of an aggregation's key.
pub fn key_member<'a>(field: &KeyField, key: &'a [u8]) -> Value<'a> {
    let off = field.off as usize;
    let bytes = slice(key, off, field.bytes as usize);
    match field.ty {
        KeyType::Int { size, signed } => Value::Int {
            bits: uint(key, off, usize::from(size)),
            size,
            signed,
        },
        KeyType::Str => Value::Str(until_nul(bytes)),
        KeyType::Bytes { .. } => Value::Bytes {
            data: bytes,
            chars: true,
        },
        KeyType::Stack { frames } => Value::Stack {
            frames: bytes,
            most: usize::from(frames),
        },
        // The process id takes a word of its own before the frames.
        KeyType::Ustack { .. } => Value::Ustack {
            pid: uint(bytes, 0, 4) as u32,
            frames: bytes.get(8..).unwrap_or_default(),
        },
        KeyType::Sym(kind) => Value::Sym {
            addr: uint(bytes, 0, 8),
            pid: match is_user(kind) {
                true => uint(bytes, 8, 4) as u32,
                false => 0,
            },
            kind,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_part_follows_in_field_order() {
        let field = |off, kind| Field {
            stmt: 0,
            datum: 0,
            off,
            kind,
        };
        let layout = RecordLayout {
            emits: true,
            fixed: 32,
            fields: vec![
                field(8, FieldKind::Str),
                field(
                    12,
                    FieldKind::Int {
                        size: 4,
                        signed: true,
                    },
                ),
                field(16, FieldKind::Stack { frames: 20 }),
                field(20, FieldKind::Ustack),
                field(
                    28,
                    FieldKind::Bytes {
                        size: 2,
                        chars: true,
                    },
                ),
            ],
        };
        let mut r = vec![0; 8];
        r.extend(3_u32.to_le_bytes());
        r.extend((-5_i32).to_le_bytes());
        r.extend(16_u32.to_le_bytes());
        r.extend(8_u32.to_le_bytes());
        r.extend(77_u32.to_le_bytes());
        r.extend(b"xy\0\0");
        r.extend(b"ab\0");
        r.extend(1_u64.to_le_bytes());
        r.extend(2_u64.to_le_bytes());
        r.extend(9_u64.to_le_bytes());
        let v: Vec<Value> = fields(&layout, &r).map(|(_, v)| v).collect();
        assert_eq!(v[0], Value::Str(b"ab"));
        assert_eq!(v[1].signed(), -5);
        assert_eq!(v[1].unsigned(), 0xffff_fffb);
        let Value::Stack {
            frames: s,
            most: 20,
        } = v[2]
        else {
            panic!("{v:?}")
        };
        assert_eq!(frames(s).collect::<Vec<_>>(), [1, 2]);
        let Value::Ustack { pid, frames: f } = v[3] else {
            panic!("{v:?}")
        };
        assert_eq!((pid, frames(f).collect::<Vec<_>>()), (77, vec![9]));
        assert_eq!(
            v[4],
            Value::Bytes {
                data: b"xy",
                chars: true
            }
        );
    }

    #[test]
    fn a_torn_record_gives_short_values() {
        let layout = RecordLayout {
            emits: true,
            fixed: 16,
            fields: vec![
                Field {
                    stmt: 0,
                    datum: 0,
                    off: 8,
                    kind: FieldKind::Str,
                },
                Field {
                    stmt: 0,
                    datum: 1,
                    off: 12,
                    kind: FieldKind::Int {
                        size: 4,
                        signed: false,
                    },
                },
            ],
        };
        let v: Vec<Value> = fields(&layout, &[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
            .map(|(_, v)| v)
            .collect();
        assert_eq!(v[0], Value::Str(b""));
        assert_eq!(v[1].unsigned(), 0);
    }
}
