//! Declarations: types, variables, inlines.

use std::rc::Rc;

use super::{Checker, Global, VarInfo};
use crate::ast::{
    self, Declarator, EnumSpec, IntSize, Layer, LayerKind, Param, Quals, RecordSpec, Sign,
    SpecKind, Storage, TypeName, TypeSpec,
};
use crate::diag::{Diag, Tag};
use crate::program::Scope;
use crate::source::Span;
use crate::types::{Enum, Func, LayoutError, SouBuilder, Tagged, Type, TypeId};

/// A declarator's type, and the keys where it is an associative array.
pub(super) struct Declared {
    pub ty: TypeId,
    pub tuple: Option<Vec<TypeId>>,
}

impl Checker<'_> {
    /// The type of a cast, `sizeof` and their like. `None`: reported.
    pub(super) fn type_name(&mut self, t: &TypeName) -> Option<TypeId> {
        let base = self.spec(&t.base)?;
        let d = self.layers(base, &t.layers, t.span)?;
        if d.tuple.is_some() {
            self.err(
                Tag::D_DECL_ARRDIM,
                t.span,
                "an associative array is not a type that can be named here",
            );
            return None;
        }
        Some(d.ty)
    }

    fn quals(&mut self, ty: TypeId, q: Quals) -> TypeId {
        let ty = if q.is_const {
            self.types.constant(ty)
        } else {
            ty
        };
        if q.is_volatile {
            self.types.volatile(ty)
        } else {
            ty
        }
    }

    /// The base of a declaration. `None`: reported.
    pub(super) fn spec(&mut self, s: &TypeSpec) -> Option<TypeId> {
        let unsigned = |sign: &Option<Sign>| *sign == Some(Sign::Unsigned);
        let ty = match &s.kind {
            SpecKind::Void => TypeId::VOID,
            SpecKind::Char(None) => TypeId::CHAR,
            SpecKind::Char(Some(Sign::Signed)) => TypeId::SCHAR,
            SpecKind::Char(Some(Sign::Unsigned)) => TypeId::UCHAR,
            SpecKind::Int { size, sign } => match (size, unsigned(sign)) {
                (IntSize::Short, false) => TypeId::SHORT,
                (IntSize::Short, true) => TypeId::USHORT,
                (IntSize::Int, false) => TypeId::INT,
                (IntSize::Int, true) => TypeId::UINT,
                (IntSize::Long, false) => TypeId::LONG,
                (IntSize::Long, true) => TypeId::ULONG,
                (IntSize::LongLong, false) => TypeId::LLONG,
                (IntSize::LongLong, true) => TypeId::ULLONG,
            },
            SpecKind::Float => self.types.add(Type::Float {
                name: "float".into(),
                size: 4,
            }),
            SpecKind::Double { long: false } => self.types.add(Type::Float {
                name: "double".into(),
                size: 8,
            }),
            SpecKind::Double { long: true } => self.types.add(Type::Float {
                name: "long double".into(),
                size: 16,
            }),
            SpecKind::Named(n) => match self
                .types
                .plain(n.scope.as_deref().filter(|s| !s.is_empty()), &n.name)
            {
                Some(t) => t,
                None => {
                    self.err(
                        Tag::D_UNKNOWN,
                        n.span,
                        format!("failed to resolve type {}: Unknown type name", n.name),
                    );
                    return None;
                }
            },
            SpecKind::Record(r) => self.struct_spec(r, s.span)?,
            SpecKind::Enum(e) => self.enumeration(e, s.span)?,
        };
        Some(self.quals(ty, s.quals))
    }

    fn struct_spec(&mut self, r: &RecordSpec, span: Span) -> Option<TypeId> {
        let kind = if r.is_union {
            Tagged::Union
        } else {
            Tagged::Struct
        };
        let word = if r.is_union { "union" } else { "struct" };
        let tag = r.tag.as_ref();
        let Some(members) = &r.members else {
            let tag = tag?;
            let module = tag.scope.as_deref().filter(|s| !s.is_empty());
            return Some(match self.types.tag(module, kind, &tag.name) {
                Some(t) => t,
                None if module.is_none() => self.forward(kind, &tag.name),
                None => {
                    let text = format!(
                        "failed to resolve type {word} {}: Unknown type name",
                        tag.name
                    );
                    self.err(Tag::D_UNKNOWN, tag.span, text);
                    return None;
                }
            });
        };
        // Declared before its members, so that they may point to it.
        let id = match tag {
            None => self.forward_anon(r.is_union),
            Some(tag) => match self.types.own_tag(kind, &tag.name) {
                Some(t) if self.types.size_of(t).is_some() => {
                    self.err(
                        Tag::D_DECL_TYPERED,
                        span,
                        format!("type redeclared: {word} {}", tag.name),
                    );
                    return None;
                }
                Some(t) => t,
                None => self.forward(kind, &tag.name),
            },
        };
        let mut b = SouBuilder::new(r.is_union);
        for ms in members {
            let base = self.spec(&ms.base)?;
            if ms.declarators.is_empty() {
                self.add_member(&mut b, "", base, None, ms.span)?;
            }
            for d in &ms.declarators {
                let declared = self.layers(base, &d.layers, d.span)?;
                if declared.tuple.is_some() {
                    self.err(
                        Tag::D_DECL_ARRDIM,
                        d.span,
                        "a member cannot be an associative array",
                    );
                    return None;
                }
                let bits = match &d.bits {
                    None => None,
                    Some(e) => Some(self.bit_width(e, declared.ty)?),
                };
                let name = d.name.as_ref().map_or("", |n| n.name.as_str());
                if b.has(name) {
                    self.err(
                        Tag::D_DECL_MNAME,
                        d.span,
                        format!("member {name} is declared twice"),
                    );
                    return None;
                }
                if name.is_empty() && bits.is_none() {
                    self.err(
                        Tag::D_DECL_IDENT,
                        d.span,
                        "identifier expected in a member declaration",
                    );
                    return None;
                }
                self.add_member(&mut b, name, declared.ty, bits, d.span)?;
            }
        }
        let ty = b.finish(tag.map_or("", |t| t.name.as_str()));
        self.types.complete(id, ty);
        Some(id)
    }

    fn forward_anon(&mut self, is_union: bool) -> TypeId {
        self.types.add(Type::Sou(Rc::new(crate::types::Sou {
            name: "".into(),
            is_union,
            body: None,
        })))
    }

    fn add_member(
        &mut self,
        b: &mut SouBuilder,
        name: &str,
        ty: TypeId,
        bits: Option<u32>,
        span: Span,
    ) -> Option<()> {
        match b.push(&self.types, name, ty, bits) {
            Ok(()) => Some(()),
            Err(LayoutError::Incomplete) => {
                let text = format!(
                    "cannot declare a member of incomplete type {}",
                    self.types.name(ty)
                );
                self.err(Tag::D_DECL_INCOMPLETE, span, text);
                None
            }
            Err(LayoutError::TooBig) => {
                self.err(Tag::D_DECL_ARRBIG, span, "struct or union is too large");
                None
            }
        }
    }

    fn bit_width(&mut self, e: &ast::Expr, ty: TypeId) -> Option<u32> {
        if !self.types.is_integer(ty) {
            self.err(
                Tag::D_DECL_BFTYPE,
                e.span,
                "invalid type for a bit-field: an integer is needed",
            );
            return None;
        }
        let Some(v) = self.const_expr(e) else {
            self.err(
                Tag::D_DECL_BFCONST,
                e.span,
                "positive integral constant expression expected as bit-field size",
            );
            return None;
        };
        let max = i64::from(self.types.size_of(ty).unwrap_or(0)) * 8;
        if !(0..=max).contains(&v) {
            self.err(
                Tag::D_DECL_BFSIZE,
                e.span,
                format!("bit-field too big for type {}", self.types.name(ty)),
            );
            return None;
        }
        u32::try_from(v).ok()
    }

    fn enumeration(&mut self, e: &EnumSpec, span: Span) -> Option<TypeId> {
        let Some(list) = &e.enumerators else {
            let tag = e.tag.as_ref()?;
            let module = tag.scope.as_deref().filter(|s| !s.is_empty());
            return match self.types.tag(module, Tagged::Enum, &tag.name) {
                Some(t) => Some(t),
                None => {
                    self.err(
                        Tag::D_UNKNOWN,
                        tag.span,
                        format!(
                            "failed to resolve type enum {}: Unknown type name",
                            tag.name
                        ),
                    );
                    None
                }
            };
        };
        let mut next = 0i64;
        let mut values = Vec::new();
        for v in list {
            if let Some(expr) = &v.value {
                let Some(c) = self.const_expr(expr) else {
                    self.err(
                        Tag::D_DECL_ENCONST,
                        expr.span,
                        "enumerator must be assigned an integral constant expression",
                    );
                    return None;
                };
                next = c;
            }
            if i32::try_from(next).is_err() {
                self.err(
                    Tag::D_DECL_ENOFLOW,
                    v.name.span,
                    format!("enumerator {} value overflows int", v.name.name),
                );
                return None;
            }
            if self.globals.contains_key(&v.name.name) && !self.gives_way(&v.name.name) {
                self.err(
                    Tag::D_DECL_IDRED,
                    v.name.span,
                    format!("identifier redeclared: {}", v.name.name),
                );
                return None;
            }
            values.push((v.name.name.clone(), next));
            self.globals
                .insert(v.name.name.clone(), Global::Enumerator(next, TypeId::INT));
            next += 1;
        }
        let name = e.tag.as_ref().map_or("", |t| t.name.as_str());
        if !name.is_empty() && self.types.own_tag(Tagged::Enum, name).is_some() {
            self.err(
                Tag::D_DECL_TYPERED,
                span,
                format!("type redeclared: enum {name}"),
            );
            return None;
        }
        let id = self.types.add(Type::Enum(Rc::new(Enum {
            name: name.into(),
            size: 4,
            signed: true,
            values: values.clone(),
        })));
        for (n, v) in values {
            self.globals.insert(n, Global::Enumerator(v, id));
        }
        if !name.is_empty() {
            self.types.define_tag(Tagged::Enum, name, id);
        }
        Some(id)
    }

    /// Wraps the layers around a base. `None`: reported.
    pub(super) fn layers(
        &mut self,
        base: TypeId,
        layers: &[Layer],
        span: Span,
    ) -> Option<Declared> {
        let mut ty = base;
        let mut tuple = None;
        for l in layers {
            if tuple.is_some() {
                self.err(
                    Tag::D_DECL_ARRDIM,
                    l.span,
                    "cannot mix array dimensions and associative array keys",
                );
                return None;
            }
            match &l.kind {
                LayerKind::Pointer(q) => {
                    ty = self.types.ptr(ty);
                    ty = self.quals(ty, *q);
                }
                LayerKind::Array(None) => ty = self.types.array(ty, 0),
                LayerKind::Array(Some(e)) => {
                    let Some(n) = self.const_expr(e) else {
                        self.err(Tag::D_DECL_ARRSUB, e.span, "positive integral constant expression or tuple signature expected as array declaration subscript");
                        return None;
                    };
                    if n < 0 {
                        self.err(
                            Tag::D_DECL_ARRSUB,
                            e.span,
                            "array dimension must be positive",
                        );
                        return None;
                    }
                    let Ok(n) = u32::try_from(n) else {
                        self.err(Tag::D_DECL_ARRBIG, e.span, "array dimension is too large");
                        return None;
                    };
                    if self.types.size_of(ty).is_none() {
                        let text = format!(
                            "cannot declare an array of incomplete type {}",
                            self.types.name(ty)
                        );
                        self.err(Tag::D_DECL_INCOMPLETE, span, text);
                        return None;
                    }
                    ty = self.types.array(ty, n);
                    if self.types.size_of(ty).is_none() {
                        self.err(Tag::D_DECL_ARRBIG, e.span, "array is too large");
                        return None;
                    }
                }
                LayerKind::Assoc(keys) => tuple = Some(self.tuple_of(keys)?),
                LayerKind::Function(p) => {
                    let mut params = Vec::new();
                    for x in &p.list {
                        let t = self.param(x)?;
                        if self.types.is_void(t) {
                            if let Some(name) = &x.declarator.name {
                                let text = format!(
                                    "the parameter {} of type void may not have a name",
                                    name.name
                                );
                                self.err(Tag::D_DECL_PROTO_NAME, name.span, text);
                                return None;
                            }
                            if p.list.len() > 1 || p.varargs {
                                self.err(
                                    Tag::D_DECL_PROTO_VOID,
                                    x.span,
                                    "void must be the sole parameter in a function declaration",
                                );
                                return None;
                            }
                            continue;
                        }
                        params.push(t);
                    }
                    ty = self.types.add(Type::Func(Rc::new(Func {
                        ret: ty,
                        params,
                        varargs: p.varargs,
                    })));
                }
            }
        }
        Some(Declared { ty, tuple })
    }

    pub(super) fn param(&mut self, p: &Param) -> Option<TypeId> {
        let base = self.spec(&p.base)?;
        Some(self.layers(base, &p.declarator.layers, p.span)?.ty)
    }

    fn tuple_of(&mut self, keys: &[Param]) -> Option<Vec<TypeId>> {
        let mut out = Vec::new();
        for k in keys {
            let t = self.param(k)?;
            match self.tuple_type(t) {
                Some(t) => out.push(t),
                None => {
                    self.err(
                        Tag::D_KEY_TYPE,
                        k.span,
                        format!("type {} may not be used as a key", self.types.name(t)),
                    );
                    return None;
                }
            }
        }
        let span = keys.first().map_or(Span::NONE, |k| k.span);
        self.check_tuple_len(out.len(), span).then_some(out)
    }

    /// A declaration at the top level.
    pub(super) fn decl(&mut self, d: &ast::Decl, span: Span) {
        let Some(base) = self.spec(&d.base) else {
            return;
        };
        if d.declarators.is_empty() {
            if !matches!(d.base.kind, SpecKind::Record(_) | SpecKind::Enum(_)) {
                self.err(Tag::D_DECL_USELESS, span, "useless declaration");
            }
            return;
        }
        for x in &d.declarators {
            self.declarator(d.storage, base, x);
        }
    }

    fn declarator(&mut self, storage: Option<Storage>, base: TypeId, d: &Declarator) {
        let Some(declared) = self.layers(base, &d.layers, d.span) else {
            return;
        };
        let Some(name) = &d.name else {
            return self.err(
                Tag::D_DECL_IDENT,
                d.span,
                "identifier expected in declaration",
            );
        };
        let scope = match storage {
            Some(Storage::Typedef) => {
                if declared.tuple.is_some() {
                    return self.err(
                        Tag::D_DECL_ARRDIM,
                        d.span,
                        "typedef of an associative array",
                    );
                }
                if let Some(old) = self.types.own_plain(&name.name) {
                    if !self.types.same(old, declared.ty) {
                        self.err(
                            Tag::D_DECL_TYPERED,
                            d.span,
                            format!("type redeclared: {}", name.name),
                        );
                    }
                    return;
                }
                let id = self.types.add(Type::Typedef {
                    name: name.name.as_str().into(),
                    target: declared.ty,
                });
                return self.types.define(&name.name, id);
            }
            Some(Storage::Extern) => {
                self.externs.insert(name.name.clone(), declared.ty);
                return;
            }
            Some(Storage::Thread) => Scope::Thread,
            Some(Storage::Clause) => Scope::Clause,
            None => Scope::Global,
        };
        if self.types.is_void(declared.ty) {
            return self.err(Tag::D_DECL_VOIDOBJ, d.span, "cannot have void object");
        }
        if scope == Scope::Clause && declared.tuple.is_some() {
            return self.err(
                Tag::D_DECL_LOCASSC,
                d.span,
                "local variables may not be used as associative arrays",
            );
        }
        if self.types.is_func(declared.ty) {
            let text = "function declarations need extern: D has no functions of its own";
            return self.err(Tag::D_DECL_CLASS, d.span, text);
        }
        if d.layers
            .iter()
            .any(|l| matches!(l.kind, LayerKind::Array(None)))
        {
            let text = "array declaration requires array dimension or tuple signature";
            return self.err(Tag::D_DECL_ARRNULL, d.span, text);
        }
        let ty = match self.var_type(declared.ty) {
            Ok(_) => declared.ty,
            Err(what) => {
                let text = format!("{}: a variable cannot have the type {what}", name.name);
                return self.err(Tag::D_DECL_INCOMPLETE, d.span, text);
            }
        };
        if let Some(old) = self.lookup(scope, &name.name) {
            let (old_ty, old_tuple, old_span) = match self.vars.get(old) {
                Some(v) => (v.ty, v.tuple.clone(), v.span),
                None => return,
            };
            let same_keys = match (&old_tuple, &declared.tuple) {
                (None, None) => true,
                (Some(a), Some(b)) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.types.same(*a, *b))
                }
                _ => false,
            };
            if !self.types.same(old_ty, ty) || !same_keys {
                let text = format!(
                    "identifier redeclared: {0}\n\t current: {1} {0}\n\tprevious: {2} {0}",
                    name.name,
                    self.types.name(ty),
                    self.types.name(old_ty)
                );
                self.report(
                    Diag::new(Tag::D_DECL_IDRED, d.span, text)
                        .note_at(old_span, "declared here before"),
                );
            }
            return;
        }
        if scope == Scope::Global && self.name_is_taken(&name.name) {
            return self.err(
                Tag::D_DECL_IDRED,
                d.span,
                format!("identifier redeclared: {}", name.name),
            );
        }
        self.declare(VarInfo {
            name: name.name.clone(),
            scope,
            ty,
            tuple: declared.tuple,
            span: d.span,
        });
    }
}
