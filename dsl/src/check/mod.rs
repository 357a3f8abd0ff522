//! Names and types: from the syntax tree to a [`Program`].
//!
//! Items are taken in the order of the text, as DTrace does: a variable is known from its first assignment on. Each clause
//! is checked once per probe description, because the types of `args[]` depend on it. Expressions become typed trees
//! ([`tree`]), which codegen turns into DIF one by one. Errors are collected, not thrown: a wrong expression becomes one of
//! [`Type::Error`](crate::types::Type), which fits everywhere, so that one mistake is one message.

mod action;
mod agg;
mod assign;
mod clause;
mod ctype;
mod decl;
mod expr;
mod func;
mod inline;
mod name;
mod ops;
pub(crate) mod pragma;
mod printf;
mod provider;
pub mod tree;
mod xlate;

pub(crate) use ops::{normalize, working_shape};

use std::collections::HashMap;
use std::rc::Rc;

use crate::CompileOpts;
use crate::ast;
use crate::cg;
use crate::diag::{Diag, Region, Tag};
use crate::kernel::{KernelView, Matched};
use crate::program::{AggDef, DifType, Difo, KeyType, ProbeDesc, Program, Scope, VarDef};
use crate::source::Span;
use crate::types::{Type, TypeId, Types};
use tree::{TExpr, VarIdx};

/// A user variable.
#[derive(Clone, Debug)]
pub struct VarInfo {
    /// Without `self->`/`this->`.
    pub name: String,
    /// Where it lives.
    pub scope: Scope,
    /// What it, or one element of it, holds.
    pub ty: TypeId,
    /// Types of the keys of an associative array.
    pub tuple: Option<Vec<TypeId>>,
    /// Where it was declared or first assigned.
    pub span: Span,
}

/// What a global name stands for.
#[derive(Clone)]
enum Global {
    Var(VarIdx),
    Enumerator(i64, TypeId),
    Inline(Rc<InlineDef>),
}

/// `inline type name = expr;`
struct InlineDef {
    ty: TypeId,
    /// Names and types of the keys of an inline array.
    params: Vec<(String, TypeId)>,
    value: ast::Expr,
}

/// What the clause being checked is enabled on.
struct ClauseCtx {
    desc: ProbeDesc,
    matched: Rc<Matched>,
}

/// Inline expressions are expanded where they are used; a chain of them that doubles at each step would not fit memory.
const MAX_EXPANSIONS: u32 = 20_000;

/// State of one compilation.
pub struct Checker<'k> {
    types: Types<'k>,
    opts: CompileOpts,
    diags: Vec<Diag>,
    vars: Vec<VarInfo>,
    globals: HashMap<String, Global>,
    thread: HashMap<String, VarIdx>,
    local: HashMap<String, VarIdx>,
    /// Types that `extern` declarations give to kernel symbols.
    externs: HashMap<String, TypeId>,
    aggs: Vec<AggDef>,
    matched: HashMap<ProbeDesc, Rc<Matched>>,
    ctx: Option<ClauseCtx>,
    translators: Vec<Rc<xlate::Translator>>,
    providers: Vec<provider::DeclaredProvider>,
    /// What `#pragma D attributes` says of names.
    attributes: HashMap<String, ast::Attributes>,
    /// The version of D from which on a name is there, by `#pragma D binding`.
    bindings: HashMap<String, ast::Version>,
    /// The input of the translator, or the keys of the inline, that is being expanded.
    bound: Vec<(String, TExpr)>,
    /// Inlines being expanded, to stop an inline that names itself.
    expanding: Vec<String>,
    expansions: u32,
    /// Of the expression being checked.
    depth: u32,
    spills: cg::SpillPool,
    region: Option<Region>,
    /// Clause number of the text.
    source_clause: u32,
    /// An inline mentions `args`, so any clause may.
    inline_args: bool,
    program: Program,
}

/// Checks a whole program.
pub fn check(ast: &ast::Ast, opts: &CompileOpts, kernel: &dyn KernelView) -> (Program, Vec<Diag>) {
    let mut c = Checker {
        types: Types::new(kernel),
        opts: opts.clone(),
        diags: Vec::new(),
        vars: Vec::new(),
        globals: HashMap::new(),
        thread: HashMap::new(),
        local: HashMap::new(),
        externs: HashMap::new(),
        aggs: Vec::new(),
        matched: HashMap::new(),
        ctx: None,
        translators: Vec::new(),
        providers: Vec::new(),
        attributes: HashMap::new(),
        bindings: HashMap::new(),
        bound: Vec::new(),
        expanding: Vec::new(),
        expansions: 0,
        depth: 0,
        spills: cg::SpillPool::default(),
        region: None,
        source_clause: 0,
        inline_args: false,
        program: Program::default(),
    };
    c.note_pragmas(ast);
    c.types.set_strsize(c.opts.strsize);
    for item in &ast.items {
        match &item.kind {
            ast::ItemKind::Clause(clause) => c.clause(clause, item.span),
            ast::ItemKind::Decl(d) => c.decl(d, item.span),
            ast::ItemKind::Inline(i) => c.inline(i, item.span),
            ast::ItemKind::Translator(t) => c.translator(t, item.span),
            ast::ItemKind::Provider(p) => c.provider(p, item.span),
        }
    }
    c.check_pragmas(ast);
    c.finish()
}

impl<'k> Checker<'k> {
    fn finish(mut self) -> (Program, Vec<Diag>) {
        let vars = std::mem::take(&mut self.vars);
        for (i, v) in vars.iter().enumerate() {
            let tuple = v
                .tuple
                .iter()
                .flatten()
                .map(|t| self.key_type(*t))
                .collect();
            let def = VarDef {
                id: cg::var_id(i),
                name: v.name.clone(),
                scope: v.scope,
                tuple,
                ty: self.dif_type(v.ty),
            };
            self.program.vars.push(def);
        }
        self.program.aggs = std::mem::take(&mut self.aggs);
        // A clause with several probe descriptions is checked several times; its mistakes are reported once.
        let mut seen: Vec<Diag> = Vec::new();
        for d in self.diags {
            if !seen.contains(&d) {
                seen.push(d);
            }
        }
        (self.program, seen)
    }

    fn err(&mut self, tag: Tag, span: Span, text: impl Into<String>) {
        self.report(Diag::new(tag, span, text));
    }

    fn report(&mut self, mut d: Diag) {
        d.region = self.region;
        self.diags.push(d);
    }

    /// Reports, and gives the expression that stands in.
    fn bad(&mut self, tag: Tag, span: Span, text: impl Into<String>) -> TExpr {
        self.err(tag, span, text);
        TExpr::error(span)
    }

    /// A new user variable.
    fn new_var(&mut self, info: VarInfo) -> Option<VarIdx> {
        if self.vars.len() >= cg::MAX_VARS {
            self.err(
                Tag::D_ID_OFLOW,
                info.span,
                "too many variables: no identifiers are left",
            );
            return None;
        }
        self.vars.push(info);
        Some(self.vars.len() - 1)
    }

    /// A variable of our own, such as the condition of an `if`.
    fn hidden_var(&mut self, name: &str, span: Span) -> Option<VarIdx> {
        let name = format!("%{name}{}", self.vars.len());
        self.new_var(VarInfo {
            name,
            scope: Scope::Clause,
            ty: TypeId::INT,
            tuple: None,
            span,
        })
    }

    /// How DIF sees a type.
    fn dif_type(&self, ty: TypeId) -> DifType {
        dif_type(&self.types, ty)
    }

    /// How a key of that type is recorded.
    fn key_type(&self, ty: TypeId) -> KeyType {
        match self.dif_type(ty) {
            DifType::Int { size, signed } => KeyType::Int { size, signed },
            DifType::Str => KeyType::Str,
            DifType::Bytes { size } => KeyType::Bytes { size },
            DifType::Void => KeyType::Int {
                size: 8,
                signed: true,
            },
        }
    }

    /// Code for an expression. After any error there is none to run, so an empty object will do.
    fn difo(&mut self, e: &TExpr) -> Difo {
        if self.diags.is_empty() {
            match cg::expr(
                &self.types,
                &mut self.vars,
                &mut self.spills,
                self.opts.strsize,
                e,
            ) {
                Ok(d) => return d,
                Err(d) => self.report(*d),
            }
        }
        Difo {
            text: Vec::new(),
            inttab: Vec::new(),
            strtab: vec![0],
            rtype: DifType::Void,
            spans: Vec::new(),
        }
    }
}

/// How DIF sees a type.
pub fn dif_type(types: &Types, ty: TypeId) -> DifType {
    match &*types.resolve(ty) {
        Type::String => DifType::Str,
        Type::Void | Type::Stack { .. } => DifType::Void,
        Type::Array { .. } | Type::Sou(_) | Type::Float { .. } => DifType::Bytes {
            size: types.size_of(ty).unwrap_or(0),
        },
        _ => match types.shape(ty) {
            Some(s) if matches!(s.size, 1 | 2 | 4 | 8) => DifType::Int {
                size: s.size as u8,
                signed: s.signed,
            },
            _ => DifType::Int {
                size: 8,
                signed: true,
            },
        },
    }
}
