//! Questions that the checker asks about types, and DTrace's conversion rules.
//!
//! DTrace does not promote small integers to `int`. The usual arithmetic conversion goes by rank, the number of bits plus
//! one for unsigned types; the greater rank wins, and between equal ranks the later type.

use super::{IntKind, Type, TypeId, Types};

/// How large an integer literal is, by its value and suffix: the first type of C's list that holds it.
/// `decimal`: written without `0` or `0x`, so that only an explicit `u` makes it unsigned.
pub fn fit_literal(value: u64, decimal: bool, unsigned: bool, longs: u8) -> Option<TypeId> {
    const ALL: &[(TypeId, u64, bool, u8)] = &[
        (TypeId::INT, i32::MAX as u64, false, 0),
        (TypeId::UINT, u32::MAX as u64, true, 0),
        (TypeId::LONG, i64::MAX as u64, false, 1),
        (TypeId::ULONG, u64::MAX, true, 1),
        (TypeId::LLONG, i64::MAX as u64, false, 2),
        (TypeId::ULLONG, u64::MAX, true, 2),
    ];
    ALL.iter()
        .find(|(_, max, uns, l)| {
            *l >= longs && value <= *max && if unsigned { *uns } else { !(decimal && *uns) }
        })
        .map(|(id, ..)| *id)
}

/// An integer's size and sign, where only those matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntShape {
    /// Bytes.
    pub size: u32,
    /// Signed.
    pub signed: bool,
}

impl Types<'_> {
    /// Size and sign of an integer or enum, and of a pointer (8, unsigned). `None` for the rest.
    pub fn shape(&self, id: TypeId) -> Option<IntShape> {
        match &*self.resolve(id) {
            Type::Int { size, signed, .. } => Some(IntShape {
                size: *size,
                signed: *signed,
            }),
            Type::Enum(e) => Some(IntShape {
                size: e.size,
                signed: e.signed,
            }),
            Type::Ptr(_) | Type::Func(_) | Type::Sym(_) => Some(IntShape {
                size: 8,
                signed: false,
            }),
            _ => None,
        }
    }

    /// Already reported as wrong.
    pub fn is_error(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Error)
    }
    /// Integer or enum.
    pub fn is_integer(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Int { .. } | Type::Enum(_))
    }
    /// Floating point.
    pub fn is_float(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Float { .. })
    }
    /// `void`.
    pub fn is_void(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Void)
    }
    /// `string`.
    pub fn is_string(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::String)
    }
    /// Pointer.
    pub fn is_pointer(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Ptr(_))
    }
    /// C array.
    pub fn is_array(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Array { .. })
    }
    /// Struct or union.
    pub fn is_sou(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Sou(_))
    }
    /// Function.
    pub fn is_func(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Func(_))
    }
    /// Integer, enum or pointer: what fits a register.
    pub fn is_scalar(&self, id: TypeId) -> bool {
        self.is_integer(id) || self.is_pointer(id)
    }
    /// What is handled by its address: strings, arrays, structs.
    pub fn is_by_ref(&self, id: TypeId) -> bool {
        matches!(
            &*self.resolve(id),
            Type::String | Type::Array { .. } | Type::Sou(_) | Type::Func(_) | Type::Float { .. }
        )
    }

    /// What a pointer points to, or an array consists of.
    pub fn pointee(&self, id: TypeId) -> Option<TypeId> {
        match &*self.resolve(id) {
            Type::Ptr(t) => Some(*t),
            Type::Array { elem, .. } => Some(*elem),
            _ => None,
        }
    }

    /// A character.
    pub fn is_char(&self, id: TypeId) -> bool {
        matches!(
            &*self.resolve(id),
            Type::Int {
                kind: IntKind::Char,
                ..
            }
        )
    }
    /// Array of characters.
    pub fn is_char_array(&self, id: TypeId) -> bool {
        matches!(&*self.resolve(id), Type::Array { elem, .. } if self.is_char(*elem))
    }
    /// `string`, or what may be compared and printed like one: `char *`, `char [n]`.
    pub fn is_string_like(&self, id: TypeId) -> bool {
        match &*self.resolve(id) {
            Type::String => true,
            Type::Ptr(t) | Type::Array { elem: t, .. } => self.is_char(*t),
            _ => false,
        }
    }

    /// DTrace's usual arithmetic conversion of two integers.
    pub fn promote(&self, l: TypeId, r: TypeId) -> TypeId {
        let base = |id: TypeId| {
            if matches!(&*self.resolve(id), Type::Enum(_)) {
                TypeId::INT
            } else {
                self.unqualified(id)
            }
        };
        let (l, r) = (base(l), base(r));
        let rank = |id: TypeId| {
            self.shape(id)
                .map_or(0, |s| s.size * 8 + u32::from(!s.signed))
        };
        let (lr, rr) = (rank(l), rank(r));
        if lr > rr || (lr == rr && l > r) { l } else { r }
    }

    /// Whether two types are the same but for qualifiers and names given by typedef.
    pub fn same(&self, a: TypeId, b: TypeId) -> bool {
        self.same_at(a, b, 0)
    }

    fn same_at(&self, a: TypeId, b: TypeId, depth: u32) -> bool {
        let (a, b) = (self.strip(a), self.strip(b));
        if a == b || depth > 16 {
            return a == b;
        }
        match (&*self.get(a), &*self.get(b)) {
            (
                Type::Int {
                    size: s1,
                    signed: g1,
                    ..
                },
                Type::Int {
                    size: s2,
                    signed: g2,
                    ..
                },
            ) => s1 == s2 && g1 == g2,
            (Type::Float { size: s1, .. }, Type::Float { size: s2, .. }) => s1 == s2,
            (Type::Ptr(x), Type::Ptr(y)) => self.same_at(*x, *y, depth + 1),
            (Type::Array { elem: x, len: n }, Type::Array { elem: y, len: m }) => {
                n == m && self.same_at(*x, *y, depth + 1)
            }
            (Type::Sou(x), Type::Sou(y)) => {
                x.name == y.name
                    && x.is_union == y.is_union
                    && match (&x.body, &y.body) {
                        (Some(p), Some(q)) => {
                            p.size == q.size
                                && p.members.len() == q.members.len()
                                && !x.name.is_empty()
                        }
                        _ => !x.name.is_empty(),
                    }
            }
            (Type::Enum(x), Type::Enum(y)) => x == y,
            (Type::Func(x), Type::Func(y)) => {
                x.params.len() == y.params.len()
                    && self.same_at(x.ret, y.ret, depth + 1)
                    && x.params
                        .iter()
                        .zip(&y.params)
                        .all(|(p, q)| self.same_at(*p, *q, depth + 1))
            }
            (x, y) => x == y,
        }
    }
}
