//! C types, as D has them: an arena of types that are looked at one level at a time.
//!
//! Types come from three places: the language (`int`, `string`, `pid_t`, …), the script's own declarations, and the kernel
//! through [`KernelView`]. Kernel types are imported lazily, because `struct task_struct` reaches thousands of others: a
//! [`TypeId`] may stand for a kernel type that nobody has looked at yet, and [`Types::get`] resolves it on first use. All
//! methods take `&self`, so that a checker can hold on to a type while it asks for another.
//!
//! The model is LP64. *Invariant:* nothing here reports errors; a type that cannot be had is `None` or [`Type::Error`].

mod layout;
mod print;
mod promote;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crate::kernel::{KType, KTypeId, KernelView, TypeNs};
use crate::program::SymKind;

pub use layout::{Field, LayoutError, SouBuilder};
pub use promote::{IntShape, fit_literal};

/// A type in a [`Types`] arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u32);

/// What kind of integer, beyond size and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntKind {
    /// Any but the following.
    Plain,
    /// A character: arrays of it may be strings.
    Char,
    /// `_Bool`.
    Bool,
}

/// One level of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `void`.
    Void,
    /// An integer.
    Int {
        /// C name.
        name: Rc<str>,
        /// 1, 2, 4 or 8 (16 exists in kernels and cannot be loaded).
        size: u32,
        /// Whether it is signed.
        signed: bool,
        /// Character, truth value or neither.
        kind: IntKind,
    },
    /// A floating-point number: it can be traced, not calculated with.
    Float {
        /// C name.
        name: Rc<str>,
        /// Bytes.
        size: u32,
    },
    /// A pointer.
    Ptr(TypeId),
    /// A C array.
    Array {
        /// Of what.
        elem: TypeId,
        /// How many; 0 for `[]`.
        len: u32,
    },
    /// A struct or union.
    Sou(Rc<Sou>),
    /// An enumeration.
    Enum(Rc<Enum>),
    /// Another name.
    Typedef {
        /// The name.
        name: Rc<str>,
        /// What it stands for.
        target: TypeId,
    },
    /// `const`.
    Const(TypeId),
    /// `volatile`.
    Volatile(TypeId),
    /// A function.
    Func(Rc<Func>),
    /// D's `string`: the value is an address, comparison and assignment go by content.
    String,
    /// What `stack()` and `ustack()` give.
    Stack {
        /// Of the process.
        user: bool,
        /// At most so many.
        frames: u16,
    },
    /// What `sym()`, `usym()` and their like give.
    Sym(SymKind),
    /// The type of something that was already reported as wrong: fits everywhere, so that one error stays one.
    Error,
}

/// A struct or union.
#[derive(Clone, Debug, PartialEq)]
pub struct Sou {
    /// Tag, empty if it has none.
    pub name: Rc<str>,
    /// Union.
    pub is_union: bool,
    /// `None`: only declared.
    pub body: Option<SouBody>,
}

/// Members and size.
#[derive(Clone, Debug, PartialEq)]
pub struct SouBody {
    /// Bytes.
    pub size: u32,
    /// Alignment in bytes.
    pub align: u32,
    /// In order.
    pub members: Vec<Field>,
}

/// An enumeration.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// Tag, empty if it has none.
    pub name: Rc<str>,
    /// Bytes.
    pub size: u32,
    /// Signed.
    pub signed: bool,
    /// Enumerators.
    pub values: Vec<(String, i64)>,
}

/// A function type.
#[derive(Clone, Debug, PartialEq)]
pub struct Func {
    /// What it returns.
    pub ret: TypeId,
    /// What it takes.
    pub params: Vec<TypeId>,
    /// `, ...`.
    pub varargs: bool,
}

/// A slot of the arena.
enum Slot {
    Known(Rc<Type>),
    /// Not looked at yet.
    Kernel(KTypeId),
}

#[derive(Default)]
struct Inner {
    slots: Vec<Slot>,
    /// Pointers, arrays and qualified types that were built here, so that equal ones are one.
    derived: HashMap<DerivedKey, TypeId>,
    kernel: HashMap<KTypeId, TypeId>,
    /// Typedefs and base types by name, of the language and the script.
    plain: HashMap<Rc<str>, TypeId>,
    /// Tags of the script.
    tags: HashMap<(Tagged, Rc<str>), TypeId>,
}

#[derive(PartialEq, Eq, Hash)]
enum DerivedKey {
    Ptr(TypeId),
    Array(TypeId, u32),
    Const(TypeId),
    Volatile(TypeId),
}

/// Which kind of tag. All tags are one name space in C; keeping them apart only makes a wrong use an unknown type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tagged {
    /// `struct`.
    Struct,
    /// `union`.
    Union,
    /// `enum`.
    Enum,
}

/// The arena.
pub struct Types<'k> {
    inner: RefCell<Inner>,
    strsize: Cell<u32>,
    kernel: &'k dyn KernelView,
}

macro_rules! basic_types { ($($konst:ident, $idx:literal, $name:literal, $size:literal, $signed:literal, $kind:ident;)*) => {
    impl TypeId { $(#[doc = $name] pub const $konst: TypeId = TypeId($idx);)* }
    /// Index, name, bytes, sign and kind of the integers of LP64.
    const BASIC: &[(u32, &str, u32, bool, IntKind)] = &[$(($idx, $name, $size, $signed, IntKind::$kind),)*];
} }
basic_types! {
    CHAR, 0, "char", 1, true, Char;
    SCHAR, 1, "signed char", 1, true, Char;
    UCHAR, 2, "unsigned char", 1, false, Char;
    SHORT, 3, "short", 2, true, Plain;
    USHORT, 4, "unsigned short", 2, false, Plain;
    INT, 5, "int", 4, true, Plain;
    UINT, 6, "unsigned int", 4, false, Plain;
    LONG, 7, "long", 8, true, Plain;
    ULONG, 8, "unsigned long", 8, false, Plain;
    LLONG, 9, "long long", 8, true, Plain;
    ULLONG, 10, "unsigned long long", 8, false, Plain;
    BOOL, 11, "_Bool", 1, false, Bool;
}

impl TypeId {
    /// `void`.
    pub const VOID: TypeId = TypeId(12);
    /// `string`.
    pub const STRING: TypeId = TypeId(13);
    /// See [`Type::Error`].
    pub const ERROR: TypeId = TypeId(14);
    /// `int64_t`.
    pub const INT64: TypeId = TypeId(15);
    /// `uint64_t`.
    pub const UINT64: TypeId = TypeId(16);
    /// `void *`.
    pub const VOID_PTR: TypeId = TypeId(17);
    /// `char *`.
    pub const CHAR_PTR: TypeId = TypeId(18);
}

/// Typedefs that a D program may use without a kernel to ask, in the order of definition. System names are Linux's on
/// LP64.
const TYPEDEFS: &[(&str, TypeId)] = &[
    ("int8_t", TypeId::SCHAR),
    ("int16_t", TypeId::SHORT),
    ("int32_t", TypeId::INT),
    ("uint8_t", TypeId::UCHAR),
    ("uint16_t", TypeId::USHORT),
    ("uint32_t", TypeId::UINT),
    ("intptr_t", TypeId::LONG),
    ("uintptr_t", TypeId::ULONG),
    ("size_t", TypeId::ULONG),
    ("ssize_t", TypeId::LONG),
    ("ptrdiff_t", TypeId::LONG),
    ("uchar_t", TypeId::UCHAR),
    ("ushort_t", TypeId::USHORT),
    ("uint_t", TypeId::UINT),
    ("ulong_t", TypeId::ULONG),
    ("longlong_t", TypeId::LLONG),
    ("u_longlong_t", TypeId::ULLONG),
    ("u_char", TypeId::UCHAR),
    ("u_short", TypeId::USHORT),
    ("u_int", TypeId::UINT),
    ("u_long", TypeId::ULONG),
    ("u8", TypeId::UCHAR),
    ("u16", TypeId::USHORT),
    ("u32", TypeId::UINT),
    ("u64", TypeId::ULLONG),
    ("s8", TypeId::SCHAR),
    ("s16", TypeId::SHORT),
    ("s32", TypeId::INT),
    ("s64", TypeId::LLONG),
    ("bool", TypeId::BOOL),
    ("boolean_t", TypeId::INT),
    ("hrtime_t", TypeId::LLONG),
    ("pid_t", TypeId::INT),
    ("id_t", TypeId::INT),
    ("zoneid_t", TypeId::INT),
    ("processorid_t", TypeId::INT),
    ("chipid_t", TypeId::INT),
    ("lgrp_id_t", TypeId::INT),
    ("uid_t", TypeId::UINT),
    ("gid_t", TypeId::UINT),
    ("mode_t", TypeId::UINT),
    ("dev_t", TypeId::ULONG),
    ("ino_t", TypeId::ULONG),
    ("off_t", TypeId::LONG),
    ("time_t", TypeId::LONG),
    ("clock_t", TypeId::LONG),
    ("caddr_t", TypeId::CHAR_PTR),
    ("ipaddr_t", TypeId::UINT),
];

impl<'k> Types<'k> {
    /// The language's types, and the kernel's on demand.
    pub fn new(kernel: &'k dyn KernelView) -> Types<'k> {
        let types = Types {
            inner: RefCell::new(Inner::default()),
            strsize: Cell::new(256),
            kernel,
        };
        for (i, (idx, name, size, signed, kind)) in BASIC.iter().enumerate() {
            debug_assert_eq!(i as u32, *idx);
            let name: Rc<str> = Rc::from(*name);
            let id = types.add(Type::Int {
                name: name.clone(),
                size: *size,
                signed: *signed,
                kind: *kind,
            });
            types.inner.borrow_mut().plain.insert(name, id);
        }
        let fixed = [
            (TypeId::VOID, Type::Void),
            (TypeId::STRING, Type::String),
            (TypeId::ERROR, Type::Error),
            (
                TypeId::INT64,
                Type::Typedef {
                    name: Rc::from("int64_t"),
                    target: TypeId::LONG,
                },
            ),
            (
                TypeId::UINT64,
                Type::Typedef {
                    name: Rc::from("uint64_t"),
                    target: TypeId::ULONG,
                },
            ),
        ];
        for (want, ty) in fixed {
            let id = types.add(ty);
            debug_assert_eq!(id, want);
        }
        let vp = types.ptr(TypeId::VOID);
        debug_assert_eq!(vp, TypeId::VOID_PTR);
        let cp = types.ptr(TypeId::CHAR);
        debug_assert_eq!(cp, TypeId::CHAR_PTR);
        types.define("void", TypeId::VOID);
        types.define("string", TypeId::STRING);
        types.define("int64_t", TypeId::INT64);
        types.define("uint64_t", TypeId::UINT64);
        for (name, target) in TYPEDEFS {
            let id = types.add(Type::Typedef {
                name: Rc::from(*name),
                target: *target,
            });
            types.define(name, id);
        }
        types
    }

    /// How many bytes a string has room for (`-x strsize`).
    pub fn set_strsize(&self, size: u32) {
        self.strsize.set(size);
    }

    /// The kernel that types come from.
    pub fn kernel(&self) -> &'k dyn KernelView {
        self.kernel
    }

    /// A new type. Use [`ptr`](Self::ptr), [`array`](Self::array) for derived ones.
    pub fn add(&self, ty: Type) -> TypeId {
        let mut inner = self.inner.borrow_mut();
        inner.slots.push(Slot::Known(Rc::new(ty)));
        TypeId(inner.slots.len() as u32 - 1)
    }

    /// Give a declared-only type its body.
    pub fn complete(&self, id: TypeId, ty: Type) {
        if let Some(slot) = self.inner.borrow_mut().slots.get_mut(id.0 as usize) {
            *slot = Slot::Known(Rc::new(ty));
        }
    }

    /// One level of a type.
    pub fn get(&self, id: TypeId) -> Rc<Type> {
        let kid = match self.inner.borrow().slots.get(id.0 as usize) {
            Some(Slot::Known(t)) => return t.clone(),
            Some(Slot::Kernel(kid)) => *kid,
            None => return Rc::new(Type::Error),
        };
        let ty = self.import_level(kid);
        let rc = Rc::new(ty);
        if let Some(slot) = self.inner.borrow_mut().slots.get_mut(id.0 as usize) {
            *slot = Slot::Known(rc.clone());
        }
        rc
    }

    /// A kernel type. Nothing is read before [`get`](Self::get).
    pub fn import(&self, kid: KTypeId) -> TypeId {
        let mut inner = self.inner.borrow_mut();
        if let Some(id) = inner.kernel.get(&kid) {
            return *id;
        }
        inner.slots.push(Slot::Kernel(kid));
        let id = TypeId(inner.slots.len() as u32 - 1);
        inner.kernel.insert(kid, id);
        id
    }

    fn import_level(&self, kid: KTypeId) -> Type {
        let Some(kt) = self.kernel.ktype(kid) else {
            return Type::Error;
        };
        let members = |is_union: bool, name: String, size: u32, ms: Vec<crate::kernel::KMember>| {
            let members = ms
                .into_iter()
                .map(|m| Field {
                    name: Rc::from(m.name),
                    ty: self.import(m.ty),
                    bit_offset: m.bit_offset,
                    bit_size: m.bit_size,
                })
                .collect();
            Type::Sou(Rc::new(Sou {
                name: Rc::from(name),
                is_union,
                body: Some(SouBody {
                    size,
                    align: 8,
                    members,
                }),
            }))
        };
        match kt {
            KType::Void => Type::Void,
            KType::Int {
                name,
                size,
                signed,
                bool_,
                char_,
            } => {
                // C's own names are the language's own types, so that equal types have equal ids.
                let kind = if bool_ {
                    IntKind::Bool
                } else if char_ || (size == 1 && name.contains("char")) {
                    IntKind::Char
                } else {
                    IntKind::Plain
                };
                let name = normal_int_name(&name).map_or_else(|| Rc::from(name.as_str()), Rc::from);
                Type::Int {
                    name,
                    size,
                    signed,
                    kind,
                }
            }
            KType::Float { name, size } => Type::Float {
                name: Rc::from(name),
                size,
            },
            KType::Ptr(t) => Type::Ptr(self.import(t)),
            KType::Array { elem, len } => Type::Array {
                elem: self.import(elem),
                len,
            },
            KType::Struct {
                name,
                size,
                members: ms,
            } => members(false, name, size, ms),
            KType::Union {
                name,
                size,
                members: ms,
            } => members(true, name, size, ms),
            KType::Enum {
                name,
                size,
                signed,
                values,
            } => Type::Enum(Rc::new(Enum {
                name: Rc::from(name),
                size,
                signed,
                values,
            })),
            KType::Forward { name } => {
                // Another module, or another compilation unit, may have the definition.
                let full = [TypeNs::Struct, TypeNs::Union, TypeNs::Enum]
                    .into_iter()
                    .filter_map(|ns| self.kernel.type_by_name(None, ns, &name))
                    .find(|full| {
                        *full != kid
                            && !matches!(
                                self.kernel.ktype(*full),
                                Some(KType::Forward { .. }) | None
                            )
                    });
                match full {
                    Some(full) => self.import_level(full),
                    None => Type::Sou(Rc::new(Sou {
                        name: Rc::from(name),
                        is_union: false,
                        body: None,
                    })),
                }
            }
            KType::Typedef { name, target } => Type::Typedef {
                name: Rc::from(name),
                target: self.import(target),
            },
            KType::Const(t) => Type::Const(self.import(t)),
            KType::Volatile(t) => Type::Volatile(self.import(t)),
            // A view whose transparent types form a ring would hang us: give up after some.
            KType::Transparent(mut t) => {
                for _ in 0..16 {
                    match self.kernel.ktype(t) {
                        Some(KType::Transparent(next)) => t = next,
                        Some(_) => return self.import_level(t),
                        None => return Type::Error,
                    }
                }
                Type::Error
            }
            KType::Func { ret, params } => Type::Func(Rc::new(Func {
                ret: self.import(ret),
                params: params.into_iter().map(|(_, t)| self.import(t)).collect(),
                varargs: false,
            })),
        }
    }

    fn derive(&self, key: DerivedKey, ty: Type) -> TypeId {
        if let Some(id) = self.inner.borrow().derived.get(&key) {
            return *id;
        }
        let id = self.add(ty);
        self.inner.borrow_mut().derived.insert(key, id);
        id
    }

    /// Pointer to it.
    pub fn ptr(&self, to: TypeId) -> TypeId {
        self.derive(DerivedKey::Ptr(to), Type::Ptr(to))
    }

    /// Array of it.
    pub fn array(&self, elem: TypeId, len: u32) -> TypeId {
        self.derive(DerivedKey::Array(elem, len), Type::Array { elem, len })
    }

    /// `const` of it.
    pub fn constant(&self, of: TypeId) -> TypeId {
        self.derive(DerivedKey::Const(of), Type::Const(of))
    }

    /// `volatile` of it.
    pub fn volatile(&self, of: TypeId) -> TypeId {
        self.derive(DerivedKey::Volatile(of), Type::Volatile(of))
    }

    /// Makes `name` mean the type from now on.
    pub fn define(&self, name: &str, id: TypeId) {
        self.inner.borrow_mut().plain.insert(Rc::from(name), id);
    }

    /// Makes the tag mean the type from now on.
    pub fn define_tag(&self, kind: Tagged, name: &str, id: TypeId) {
        self.inner
            .borrow_mut()
            .tags
            .insert((kind, Rc::from(name)), id);
    }

    /// Whether the language or the script (not the kernel) has a typedef or base type of that name.
    pub fn own_plain(&self, name: &str) -> Option<TypeId> {
        self.inner.borrow().plain.get(name).copied()
    }

    /// Whether the script declared the tag.
    pub fn own_tag(&self, kind: Tagged, name: &str) -> Option<TypeId> {
        self.inner
            .borrow()
            .tags
            .get(&(kind, Rc::from(name)))
            .copied()
    }

    /// A typedef or base type by name: the script's or the language's, else the kernel's.
    pub fn plain(&self, module: Option<&str>, name: &str) -> Option<TypeId> {
        if module.is_none()
            && let Some(id) = self.own_plain(name)
        {
            return Some(id);
        }
        self.kernel
            .type_by_name(module, TypeNs::Plain, name)
            .map(|k| self.import(k))
    }

    /// `struct`, `union` or `enum` by tag.
    pub fn tag(&self, module: Option<&str>, kind: Tagged, name: &str) -> Option<TypeId> {
        if module.is_none()
            && let Some(id) = self.own_tag(kind, name)
        {
            return Some(id);
        }
        let ns = match kind {
            Tagged::Struct => TypeNs::Struct,
            Tagged::Union => TypeNs::Union,
            Tagged::Enum => TypeNs::Enum,
        };
        self.kernel
            .type_by_name(module, ns, name)
            .map(|k| self.import(k))
    }

    /// The type without qualifiers and typedefs on its outermost level.
    pub fn resolve(&self, id: TypeId) -> Rc<Type> {
        self.get(self.strip(id))
    }

    /// See [`resolve`](Self::resolve).
    pub fn strip(&self, mut id: TypeId) -> TypeId {
        // A malformed view could give a ring of typedefs.
        for _ in 0..64 {
            match &*self.get(id) {
                Type::Typedef { target, .. } => id = *target,
                Type::Const(t) | Type::Volatile(t) => id = *t,
                _ => return id,
            }
        }
        TypeId::ERROR
    }

    /// Without qualifiers; typedefs stay.
    pub fn unqualified(&self, mut id: TypeId) -> TypeId {
        for _ in 0..64 {
            match &*self.get(id) {
                Type::Const(t) | Type::Volatile(t) => id = *t,
                _ => return id,
            }
        }
        TypeId::ERROR
    }
}

/// GCC and clang write the integer types into BTF by other names than a programmer does.
fn normal_int_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "long unsigned int" | "unsigned long int" => "unsigned long",
        "long int" => "long",
        "short unsigned int" | "unsigned short int" => "unsigned short",
        "short int" => "short",
        "long long int" => "long long",
        "long long unsigned int" | "unsigned long long int" => "unsigned long long",
        _ => return None,
    })
}
