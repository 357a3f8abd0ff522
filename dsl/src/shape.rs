//! What `print()` has to know of a type: a tree that the consumer walks along with the recorded bytes, long after the types
//! themselves are gone.

use crate::types::{IntKind, Type, TypeId, Types};

/// A type as `print()` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The type in C.
    pub name: String,
    /// What its bytes are.
    pub kind: ShapeKind,
}

/// What bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ShapeKind {
    Int {
        size: u32,
        signed: bool,
        char_: bool,
        bool_: bool,
    },
    Enum {
        size: u32,
        signed: bool,
        values: Vec<(String, i64)>,
    },
    /// An address.
    Pointer,
    /// D's string.
    Str,
    Array {
        elem: Box<Shape>,
        len: u32,
        stride: u32,
    },
    Sou(Vec<Member>),
    /// Shown byte by byte: floating-point numbers, and what is nested too deep.
    Bytes {
        size: u32,
    },
}

/// A member of a struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Empty for an anonymous struct or union.
    pub name: String,
    /// From the start of the struct.
    pub bit_offset: u32,
    /// 0 = not a bit-field.
    pub bit_size: u32,
    /// Its type.
    pub shape: Shape,
}

/// Structs within structs beyond this are shown as bytes.
const MAX_DEPTH: u32 = 16;
/// As are all that come after so many members.
const MAX_NODES: u32 = 20_000;

impl Shape {
    /// Of a type.
    pub fn new(types: &Types<'_>, ty: TypeId) -> Shape {
        let mut left = MAX_NODES;
        shape(types, ty, 0, &mut left)
    }
}

fn shape(types: &Types<'_>, ty: TypeId, depth: u32, left: &mut u32) -> Shape {
    let size = types.size_of(ty).unwrap_or(0);
    let deep = depth >= MAX_DEPTH || *left == 0;
    *left = left.saturating_sub(1);
    let kind = match &*types.resolve(ty) {
        Type::Int { signed, kind, .. } => ShapeKind::Int {
            size,
            signed: *signed,
            char_: *kind == IntKind::Char,
            bool_: *kind == IntKind::Bool,
        },
        Type::Enum(e) => ShapeKind::Enum {
            size: e.size,
            signed: e.signed,
            values: e.values.clone(),
        },
        Type::Ptr(_) | Type::Func(_) => ShapeKind::Pointer,
        Type::String => ShapeKind::Str,
        Type::Array { elem, len } if !deep => ShapeKind::Array {
            stride: types.size_of(*elem).unwrap_or(0),
            elem: Box::new(shape(types, *elem, depth + 1, left)),
            len: *len,
        },
        Type::Sou(s) if !deep => match &s.body {
            Some(body) => ShapeKind::Sou(
                body.members
                    .iter()
                    .map(|m| Member {
                        name: m.name.to_string(),
                        bit_offset: m.bit_offset,
                        bit_size: m.bit_size,
                        shape: shape(types, m.ty, depth + 1, left),
                    })
                    .collect(),
            ),
            None => ShapeKind::Bytes { size },
        },
        _ => ShapeKind::Bytes { size },
    };
    Shape {
        name: types.name(ty),
        kind,
    }
}
