//! Types as C text, as probe tables and kernels give them: `const struct pt_regs *`, `unsigned long`, `char [16]`.
//!
//! Only what argument lists contain: specifiers, then pointers and array dimensions. Parameter names are ignored.

use super::Checker;
use crate::types::{Tagged, TypeId};

impl Checker<'_> {
    /// The type that the text names, or `None` where it is not known or not understood.
    pub(super) fn c_type(&mut self, text: &str) -> Option<TypeId> {
        let mut words = tokens(text).into_iter().peekable();
        let mut base: Option<TypeId> = None;
        let mut constant = false;
        let mut ints: Vec<&str> = Vec::new();
        while let Some(w) = words.peek().copied() {
            match w {
                "const" => constant = true,
                "volatile" | "restrict" | "__user" | "__rcu" | "__percpu" | "extern"
                | "register" | "userland" => {}
                "struct" | "union" | "enum" => {
                    words.next();
                    let tag = words.peek().copied()?;
                    let kind = match w {
                        "struct" => Tagged::Struct,
                        "union" => Tagged::Union,
                        _ => Tagged::Enum,
                    };
                    base = Some(match self.types.tag(None, kind, tag) {
                        Some(t) => t,
                        // A pointer to a struct that nobody describes is a pointer all the same.
                        None => self.forward(kind, tag),
                    });
                }
                "signed" | "unsigned" | "short" | "long" | "int" | "char" => ints.push(w),
                _ if w.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                    if base.is_some() || !ints.is_empty() {
                        break;
                    }
                    base = Some(self.types.plain(None, w)?);
                }
                _ => break,
            }
            words.next();
        }
        let mut ty = match base {
            Some(t) => t,
            None => int_of(&ints)?,
        };
        if constant {
            ty = self.types.constant(ty);
        }
        let mut dims = Vec::new();
        while let Some(w) = words.next() {
            match w {
                "*" => ty = self.types.ptr(ty),
                "const" | "volatile" | "restrict" | "__user" | "__rcu" => {}
                "[" => {
                    let len = words.next()?;
                    if len == "]" {
                        dims.push(0);
                    } else {
                        dims.push(len.parse().ok()?);
                        words.next().filter(|w| *w == "]")?;
                    }
                }
                _ if w.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {}
                _ => return None,
            }
        }
        for d in dims.into_iter().rev() {
            ty = self.types.array(ty, d);
        }
        Some(ty)
    }

    /// A struct, union or enum of which only the tag is known.
    pub(super) fn forward(&mut self, kind: Tagged, tag: &str) -> TypeId {
        use crate::types::{Sou, Type};
        let sou = Sou {
            name: tag.into(),
            is_union: kind == Tagged::Union,
            body: None,
        };
        let id = match kind {
            Tagged::Enum => TypeId::INT,
            Tagged::Struct | Tagged::Union => self.types.add(Type::Sou(std::rc::Rc::new(sou))),
        };
        self.types.define_tag(kind, tag, id);
        id
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let len = if word(c) {
            rest.find(|c| !word(c)).unwrap_or(rest.len())
        } else {
            c.len_utf8()
        };
        let (w, r) = rest.split_at(len);
        out.push(w);
        rest = r.trim_start();
    }
    out
}

/// `["unsigned", "long"]` → `unsigned long`.
fn int_of(words: &[&str]) -> Option<TypeId> {
    if words.is_empty() {
        return None;
    }
    let has = |w: &str| words.contains(&w);
    let unsigned = has("unsigned");
    let longs = words.iter().filter(|w| **w == "long").count();
    Some(match (has("char"), has("short"), longs) {
        (true, ..) if unsigned => TypeId::UCHAR,
        (true, ..) if has("signed") => TypeId::SCHAR,
        (true, ..) => TypeId::CHAR,
        (_, true, _) if unsigned => TypeId::USHORT,
        (_, true, _) => TypeId::SHORT,
        (_, _, 0) if unsigned => TypeId::UINT,
        (_, _, 0) => TypeId::INT,
        (_, _, 1) if unsigned => TypeId::ULONG,
        (_, _, 1) => TypeId::LONG,
        _ if unsigned => TypeId::ULLONG,
        _ => TypeId::LLONG,
    })
}
