//! Sizes, alignments and members.

use std::rc::Rc;

use super::{Sou, SouBody, Type, TypeId, Types};

/// A member of a struct or union.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Empty for an anonymous struct or union, whose members are found through it.
    pub name: Rc<str>,
    /// Its type.
    pub ty: TypeId,
    /// From the start of the struct.
    pub bit_offset: u32,
    /// 0 = not a bit-field.
    pub bit_size: u32,
}

/// Why a member cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// The member's type has no size.
    Incomplete,
    /// The struct would be larger than 2^28 bytes.
    TooBig,
}

/// No D program needs a larger struct, and bit offsets stay within 32 bits.
const MAX_SIZE: u64 = 1 << 28;

/// Lays out a declared struct or union, member by member, by the System V ABI.
pub struct SouBuilder {
    is_union: bool,
    bits: u64,
    align: u32,
    members: Vec<Field>,
}

impl SouBuilder {
    /// Without members.
    pub fn new(is_union: bool) -> SouBuilder {
        SouBuilder {
            is_union,
            bits: 0,
            align: 1,
            members: Vec::new(),
        }
    }

    /// Append a member. `bit_size` is `Some` for a bit-field; a zero width ends the storage unit.
    pub fn push(
        &mut self,
        types: &Types,
        name: &str,
        ty: TypeId,
        bit_size: Option<u32>,
    ) -> Result<(), LayoutError> {
        let size = types.size_of(ty).ok_or(LayoutError::Incomplete)?;
        let align = types.align_of(ty).max(1);
        let start = if self.is_union { 0 } else { self.bits };
        let (offset, len) = match bit_size {
            Some(0) => {
                self.bits = start.next_multiple_of(u64::from(size.max(1)) * 8);
                return Ok(());
            }
            Some(width) => {
                // A bit-field does not straddle a unit of its type.
                let unit = u64::from(size.max(1)) * 8;
                let fits = start % unit + u64::from(width) <= unit;
                (
                    if fits {
                        start
                    } else {
                        start.next_multiple_of(unit)
                    },
                    u64::from(width),
                )
            }
            None => (
                start.next_multiple_of(u64::from(align) * 8),
                u64::from(size) * 8,
            ),
        };
        let end = offset
            .checked_add(len)
            .filter(|e| *e <= MAX_SIZE * 8)
            .ok_or(LayoutError::TooBig)?;
        self.bits = if self.is_union {
            self.bits.max(end)
        } else {
            end
        };
        self.align = self.align.max(align);
        let bit_offset = u32::try_from(offset).map_err(|_| LayoutError::TooBig)?;
        self.members.push(Field {
            name: Rc::from(name),
            ty,
            bit_offset,
            bit_size: bit_size.unwrap_or(0),
        });
        Ok(())
    }

    /// Whether a member of that name is there.
    pub fn has(&self, name: &str) -> bool {
        !name.is_empty() && self.members.iter().any(|m| &*m.name == name)
    }

    /// The finished type.
    pub fn finish(self, name: &str) -> Type {
        let size = self
            .bits
            .div_ceil(8)
            .next_multiple_of(u64::from(self.align));
        let body = SouBody {
            size: size as u32,
            align: self.align,
            members: self.members,
        };
        Type::Sou(Rc::new(Sou {
            name: Rc::from(name),
            is_union: self.is_union,
            body: Some(body),
        }))
    }
}

impl Types<'_> {
    /// In bytes; `None` for what has no size (void, functions, incomplete types, stacks).
    pub fn size_of(&self, id: TypeId) -> Option<u32> {
        self.size_at(id, 0)
    }

    fn size_at(&self, id: TypeId, depth: u32) -> Option<u32> {
        if depth > 64 {
            return None;
        }
        match &*self.resolve(id) {
            Type::Int { size, .. } | Type::Float { size, .. } => Some(*size),
            Type::Ptr(_) | Type::Sym(_) => Some(8),
            Type::String => Some(self.strsize.get()),
            Type::Array { elem, len } => {
                let total = u64::from(self.size_at(*elem, depth + 1)?) * u64::from(*len);
                u32::try_from(total)
                    .ok()
                    .filter(|t| u64::from(*t) <= MAX_SIZE)
            }
            Type::Sou(s) => s.body.as_ref().map(|b| b.size),
            Type::Enum(e) => Some(e.size),
            Type::Error => Some(8),
            Type::Void | Type::Func(_) | Type::Stack { .. } => None,
            // `resolve` took these away.
            Type::Typedef { .. } | Type::Const(_) | Type::Volatile(_) => None,
        }
    }

    /// In bytes, 1 at least.
    pub fn align_of(&self, id: TypeId) -> u32 {
        let mut id = id;
        for _ in 0..64 {
            match &*self.resolve(id) {
                Type::Array { elem, .. } => id = *elem,
                Type::Sou(s) => return s.body.as_ref().map_or(1, |b| b.align),
                Type::String => return 1,
                _ => return self.size_of(id).unwrap_or(1).clamp(1, 16),
            }
        }
        1
    }

    /// A member by name, also through anonymous members: its offset is from the start of `id`.
    pub fn member(&self, id: TypeId, name: &str) -> Option<Field> {
        self.member_at(id, name, 0)
    }

    fn member_at(&self, id: TypeId, name: &str, depth: u32) -> Option<Field> {
        if depth > 32 {
            return None;
        }
        let Type::Sou(sou) = &*self.resolve(id) else {
            return None;
        };
        let body = sou.body.as_ref()?;
        for m in &body.members {
            if &*m.name == name && !name.is_empty() {
                return Some(m.clone());
            }
        }
        for m in &body.members {
            if m.name.is_empty()
                && let Some(inner) = self.member_at(m.ty, name, depth + 1)
            {
                return Some(Field {
                    bit_offset: inner.bit_offset.checked_add(m.bit_offset)?,
                    ..inner
                });
            }
        }
        None
    }

    /// Names of the members, also through anonymous ones: for suggestions.
    pub fn member_names(&self, id: TypeId) -> Vec<Rc<str>> {
        let mut out = Vec::new();
        let mut todo = vec![(id, 0)];
        while let Some((id, depth)) = todo.pop() {
            if let Type::Sou(sou) = &*self.resolve(id)
                && let Some(body) = &sou.body
            {
                for m in &body.members {
                    if !m.name.is_empty() {
                        out.push(m.name.clone());
                    } else if depth < 8 {
                        todo.push((m.ty, depth + 1));
                    }
                }
            }
        }
        out
    }
}
