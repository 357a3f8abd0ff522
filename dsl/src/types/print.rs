//! Types as C text, for messages.

use super::{Type, TypeId, Types};
use crate::program::SymKind;

impl Types<'_> {
    /// The type as a C programmer writes it: `struct file *`, `char [16]`, `int (*)(void)`.
    pub fn name(&self, id: TypeId) -> String {
        self.declare(id, String::new(), 0)
    }

    /// C declarators read inside out: `inner` is what has been said so far around the (absent) name.
    fn declare(&self, id: TypeId, inner: String, depth: u32) -> String {
        if depth > 32 {
            return "...".into();
        }
        let join = |base: &str| {
            if inner.is_empty() {
                base.to_string()
            } else {
                format!("{base} {inner}")
            }
        };
        match &*self.get(id) {
            Type::Void => join("void"),
            Type::Int { name, .. } | Type::Float { name, .. } | Type::Typedef { name, .. } => {
                join(name)
            }
            Type::String => join("string"),
            Type::Error => join("<unknown>"),
            Type::Stack { .. } => join("stack"),
            Type::Sym(SymKind::Sym | SymKind::Mod) => join("_symaddr"),
            Type::Sym(SymKind::Usym | SymKind::Umod | SymKind::Uaddr) => join("_usymaddr"),
            Type::Sou(s) => {
                let kind = if s.is_union { "union" } else { "struct" };
                let tag = if s.name.is_empty() { "(anon)" } else { &s.name };
                join(&format!("{kind} {tag}"))
            }
            Type::Enum(e) => join(&format!(
                "enum {}",
                if e.name.is_empty() { "(anon)" } else { &e.name }
            )),
            Type::Const(t) => match &*self.get(*t) {
                Type::Ptr(_) => self.declare(
                    *t,
                    format!("const{}{inner}", if inner.is_empty() { "" } else { " " }),
                    depth + 1,
                ),
                _ => format!("const {}", self.declare(*t, inner, depth + 1)),
            },
            Type::Volatile(t) => match &*self.get(*t) {
                Type::Ptr(_) => self.declare(
                    *t,
                    format!("volatile{}{inner}", if inner.is_empty() { "" } else { " " }),
                    depth + 1,
                ),
                _ => format!("volatile {}", self.declare(*t, inner, depth + 1)),
            },
            Type::Ptr(t) => {
                // Between `*` and what follows there is no blank, but `* const` has one.
                let inner = match &*self.get(self.unqualified(*t)) {
                    Type::Array { .. } | Type::Func(_) => format!("(*{inner})"),
                    _ => format!("*{inner}"),
                };
                self.declare(*t, inner, depth + 1)
            }
            Type::Array { elem, len } => {
                let dim = if *len == 0 {
                    "[]".to_string()
                } else {
                    format!("[{len}]")
                };
                self.declare(*elem, format!("{inner}{dim}"), depth + 1)
            }
            Type::Func(f) => {
                let mut params: Vec<String> = f
                    .params
                    .iter()
                    .map(|p| self.declare(*p, String::new(), depth + 1))
                    .collect();
                if f.varargs {
                    params.push("...".into());
                }
                let params = if params.is_empty() {
                    "void".into()
                } else {
                    params.join(", ")
                };
                self.declare(f.ret, format!("{inner}({params})"), depth + 1)
            }
        }
    }
}
