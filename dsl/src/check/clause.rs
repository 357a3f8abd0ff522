//! Clauses: probe descriptions, predicates, statements and actions.
//!
//! `if`/`else` is sugar: the clause becomes several on the same probe, run one after another, each guarded by hidden
//! clause-local variables. A part that faults never sets the variable that lets the next one run, so an error ends the whole
//! of what was written as one clause.

use std::rc::Rc;

use super::action::Order;
use super::expr::agg_text;
use super::tree::{Cmp, TExpr, TKind, VarIdx};
use super::{Checker, ClauseCtx};
use crate::ast::{self, Expr, ExprKind, ProbeKind};
use crate::builtin::{Action, ActionRow, AggRow, Status};
use crate::diag::{Diag, Region, Tag};
use crate::kernel::Matched;
use crate::program::{AggId, Clause, Datum, ProbeDesc, Stmt, StmtKind, SymKind};
use crate::source::Span;
use crate::types::{Type, TypeId};

/// What will be one [`Clause`].
struct Part {
    pred: Option<TExpr>,
    stmts: Vec<Stmt>,
    /// Number of the next action.
    action: u32,
    order: Order,
}

impl Part {
    fn new(pred: Option<TExpr>) -> Part {
        Part {
            pred,
            stmts: Vec::new(),
            action: 1,
            order: Order::default(),
        }
    }

    /// Adds a statement that counts for so many actions.
    fn push(&mut self, span: Span, kind: StmtKind, actions: usize) {
        self.stmts.push(Stmt {
            span,
            action: self.action,
            kind,
        });
        self.action = self
            .action
            .saturating_add(u32::try_from(actions.max(1)).unwrap_or(u32::MAX));
    }
}

/// What is recorded of an argument: a value, or what only an action makes.
pub(super) struct Recorded {
    pub datum: Datum,
    pub ty: TypeId,
}

impl Checker<'_> {
    /// A clause of the text.
    pub(super) fn clause(&mut self, c: &ast::Clause, span: Span) {
        let number = self.source_clause;
        self.source_clause += 1;
        let body = c.body.as_deref().unwrap_or(&[]);
        let want_args = self.inline_args
            || c.predicate.as_ref().is_some_and(mentions_args)
            || body.iter().any(stmt_mentions_args);
        for p in &c.probes {
            let Some(desc) = self.probe_desc(p) else {
                continue;
            };
            let matched = self.match_probes(&desc, want_args);
            if matched.count == 0 && !self.opts.zdefs {
                let text = format!("probe description {desc} does not match any probes");
                let mut d = Diag::new(Tag::D_PDESC_ZERO, p.span, text);
                if let Some(reason) = self.types.kernel().why_no_match(&desc) {
                    d = d.note(reason);
                }
                if !matched.nearest.is_empty() {
                    let near: Vec<&str> =
                        matched.nearest.iter().take(5).map(String::as_str).collect();
                    d = d.note(format!("nearest probes: {}", near.join(", ")));
                }
                self.report(d);
                // What is wrong with the body may follow from the probe being another one.
                continue;
            }
            let enabled = matched.count > 0;
            self.ctx = Some(ClauseCtx {
                desc: desc.clone(),
                matched,
            });
            let parts = self.parts(c.predicate.as_ref(), body);
            self.ctx = None;
            self.region = None;
            if !enabled {
                self.program.unmatched.push(desc);
                continue;
            }
            for part in parts {
                let pred = part.pred.map(|p| self.difo(&p));
                let clause = Clause {
                    desc: desc.clone(),
                    source_clause: number,
                    span,
                    pred,
                    stmts: part.stmts,
                };
                self.program.clauses.push(clause);
            }
        }
    }

    fn probe_desc(&mut self, p: &ast::ProbeDesc) -> Option<ProbeDesc> {
        match &p.kind {
            ProbeKind::Id(id) => match u32::try_from(*id) {
                Ok(id) if id > 0 => Some(ProbeDesc {
                    id: Some(id),
                    ..ProbeDesc::default()
                }),
                _ => {
                    self.err(
                        Tag::D_PDESC_INVAL,
                        p.span,
                        format!("probe identifier {id} is out of range"),
                    );
                    None
                }
            },
            ProbeKind::Fields {
                provider,
                module,
                function,
                name,
            } => Some(ProbeDesc {
                id: None,
                provider: provider.text.clone(),
                module: module.text.clone(),
                function: function.text.clone(),
                name: name.text.clone(),
            }),
        }
    }

    fn match_probes(&mut self, desc: &ProbeDesc, want_args: bool) -> Rc<Matched> {
        if let Some(m) = self.matched.get(desc)
            && (!want_args || m.args.is_some())
        {
            return m.clone();
        }
        let m = Rc::new(self.types.kernel().match_probes(desc, want_args));
        self.matched.insert(desc.clone(), m.clone());
        m
    }

    fn parts(&mut self, pred: Option<&Expr>, body: &[ast::Stmt]) -> Vec<Part> {
        self.region = Some(Region::Predicate);
        let tag = Tag::D_PRED_SCALAR;
        let pred = pred.map(|p| self.condition(p, tag, "predicate result must be of scalar type"));
        self.region = Some(Region::ActionList);
        let mut out = Vec::new();
        let last = self.stmts(body, Part::new(pred), &mut out);
        // After an `if` nothing may be left to do; but a clause without statements records that it fired.
        if out.is_empty() || !last.stmts.is_empty() {
            out.push(last);
        }
        out
    }

    fn condition(&mut self, e: &Expr, tag: Tag, what: &str) -> TExpr {
        let c = self.expr(e);
        let c = self.decay(c);
        if self.types.is_error(c.ty) || self.types.is_scalar(c.ty) {
            return c;
        }
        self.bad(tag, e.span, what)
    }

    /// Statements, from `cur` on. Returns the part that what follows them belongs to.
    fn stmts(&mut self, list: &[ast::Stmt], mut cur: Part, out: &mut Vec<Part>) -> Part {
        for s in list {
            match &s.kind {
                ast::StmtKind::Empty => {}
                ast::StmtKind::Expr(e) => self.stmt(e, &mut cur),
                ast::StmtKind::If {
                    cond,
                    then,
                    otherwise,
                } => {
                    let c = self.condition(
                        cond,
                        Tag::D_OP_SCALAR,
                        "condition of if must be of scalar type",
                    );
                    let (Some(which), Some(done)) = (
                        self.hidden_var("if", s.span),
                        self.hidden_var("done", s.span),
                    ) else {
                        return cur;
                    };
                    let int = |v| Box::new(TExpr::new(TKind::Int(v), TypeId::INT, cond.span));
                    let choice = TExpr::new(
                        TKind::Cond(Box::new(c), int(1), int(2)),
                        TypeId::INT,
                        cond.span,
                    );
                    self.set_hidden(which, choice, &mut cur);
                    out.push(cur);
                    let blocks = [(1, Some(then)), (2, otherwise.as_ref())];
                    for (value, block) in blocks {
                        let Some(block) = block else { continue };
                        let part = Part::new(Some(is_value(which, value, s.span)));
                        let mut part = self.stmts(block, part, out);
                        self.set_hidden(done, *int(1), &mut part);
                        out.push(part);
                    }
                    let mut next = is_value(done, 1, s.span);
                    if otherwise.is_none() {
                        let skipped = is_value(which, 2, s.span);
                        next = TExpr::new(
                            TKind::LogOr(Box::new(next), Box::new(skipped)),
                            TypeId::INT,
                            s.span,
                        );
                    }
                    cur = Part::new(Some(next));
                }
            }
        }
        cur
    }

    fn set_hidden(&mut self, var: VarIdx, value: TExpr, part: &mut Part) {
        let span = value.span;
        let lv = TExpr::new(TKind::Var(var), TypeId::INT, span);
        let e = TExpr::new(
            TKind::Assign(Box::new(lv), Box::new(value)),
            TypeId::INT,
            span,
        );
        let difo = self.difo(&e);
        part.push(span, StmtKind::Expr(difo), 1);
    }

    fn stmt(&mut self, e: &Expr, part: &mut Part) {
        let span = e.span;
        match &e.kind {
            ExprKind::Call { func, args } if func.scope.is_none() => {
                if let Some(row) = ActionRow::by_name(&func.name)
                    && row.status == Status::Ready
                {
                    if let Some((kind, actions)) = self.action(row, args, span)
                        && self.in_order(&mut part.order, &kind, span)
                    {
                        part.push(span, kind, actions);
                    }
                    return;
                }
                if AggRow::by_name(&func.name).is_some() {
                    let text = format!(
                        "{}( ) must be assigned to an aggregation: @name = {}(...)",
                        func.name, func.name
                    );
                    return self.err(Tag::D_AGG_NULL, span, text);
                }
            }
            ExprKind::Assign { op: None, lhs, rhs } => {
                if let ExprKind::Agg { name, keys } = &lhs.kind {
                    if let Some((kind, actions)) = self.aggregate(name, keys.as_deref(), rhs, span)
                        && self.in_order(&mut part.order, &kind, span)
                    {
                        part.push(span, kind, actions);
                    }
                    return;
                }
            }
            ExprKind::Agg { name, .. } => {
                return self.err(
                    Tag::D_AGG_NULL,
                    span,
                    format!("expression has null effect: @{}", agg_text(&name.name)),
                );
            }
            _ => {}
        }
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return;
        }
        let t = TExpr::new(TKind::Convert(Box::new(t)), TypeId::VOID, span);
        let difo = self.difo(&t);
        part.push(span, StmtKind::Expr(difo), 1);
    }

    fn action(
        &mut self,
        row: &'static ActionRow,
        args: &[Expr],
        span: Span,
    ) -> Option<(StmtKind, usize)> {
        let (min, max) = row.args;
        if !(min..=max).contains(&args.len()) {
            let before = self.diags.len();
            self.check_arity(row.name, args.len(), min, max, span);
            if let (Some(tag), Some(d)) = (proto_tag(row.action), self.diags.get_mut(before)) {
                d.tag = tag;
            }
            return None;
        }
        let one = |kind| Some((kind, 1));
        match row.action {
            Action::Trace => {
                let r = self.traced(args.first()?)?;
                one(StmtKind::Trace(r.datum))
            }
            Action::Printf => {
                let (format, args) = self.printf(row.name, args, span)?;
                let actions = args.len();
                Some((StmtKind::Printf { format, args }, actions))
            }
            Action::Printa => self.printa(args, span),
            Action::Tracemem => self.tracemem(args),
            Action::Print => one(self.print(args.first()?)?),
            Action::Printm => self.printm(args),
            Action::Pcap => Some((self.pcap(args, span)?, 5)),
            Action::Stack | Action::Ustack | Action::Jstack => {
                let d = self.stack(row, args)?;
                one(StmtKind::Stack(d))
            }
            Action::Sym | Action::Mod | Action::Usym | Action::Umod | Action::Uaddr => {
                let d = self.sym(row, args)?;
                one(StmtKind::Trace(d))
            }
            Action::Exit => {
                let e = self.expr(args.first()?);
                if self.types.is_error(e.ty) {
                    return None;
                }
                if !self.types.is_integer(e.ty) {
                    self.bad_argument("exit", 1, "int", &e);
                    return None;
                }
                let e = self.convert(e, TypeId::INT);
                let difo = self.difo(&e);
                one(StmtKind::Exit(Datum::Int {
                    difo,
                    size: 4,
                    signed: true,
                }))
            }
            Action::Clear => {
                let a = self.agg_arg(
                    row.name,
                    args.first()?,
                    1,
                    (Tag::D_CLEAR_AGGARG, Tag::D_CLEAR_AGGBAD),
                )?;
                one(StmtKind::Clear(a))
            }
            Action::Denormalize => {
                let tags = (Tag::D_DENORMALIZE_AGGARG, Tag::D_DENORMALIZE_AGGBAD);
                let a = self.agg_arg(row.name, args.first()?, 1, tags)?;
                one(StmtKind::Denormalize(a))
            }
            Action::Normalize => {
                let tags = (Tag::D_NORMALIZE_AGGARG, Tag::D_NORMALIZE_AGGBAD);
                let a = self.agg_arg(row.name, args.first()?, 1, tags)?;
                let n = self.scalar_arg(row.name, args.get(1)?, Tag::D_NORMALIZE_SCALAR)?;
                Some((StmtKind::Normalize(a, n), 2))
            }
            Action::Trunc => {
                let a = self.agg_arg(
                    row.name,
                    args.first()?,
                    1,
                    (Tag::D_TRUNC_AGGARG, Tag::D_TRUNC_AGGBAD),
                )?;
                let n = match args.get(1) {
                    Some(e) => Some(self.scalar_arg(row.name, e, Tag::D_TRUNC_SCALAR)?),
                    None => None,
                };
                Some((StmtKind::Trunc(a, n), 2))
            }
            Action::Setopt
            | Action::Ftruncate
            | Action::Freopen
            | Action::System
            | Action::Raise
            | Action::Return
            | Action::Stop
            | Action::Chill
            | Action::Speculate
            | Action::Commit
            | Action::Discard => self.outward(row, args, span),
            // Their rows are not ready, so that they have been reported.
            Action::Refused => None,
        }
    }

    /// An argument that must be an aggregation which the program has assigned to.
    pub(super) fn agg_arg(
        &mut self,
        func: &str,
        e: &Expr,
        n: usize,
        (arg, undef): (Tag, Tag),
    ) -> Option<AggId> {
        let ExprKind::Agg { name, keys } = &e.kind else {
            let t = self.expr(e);
            if !self.types.is_error(t.ty) {
                let text = format!(
                    "{func}( ) argument #{n} is incompatible with prototype:\n\tprototype: aggregation\n\t argument: {}",
                    self.types.name(t.ty)
                );
                self.err(arg, e.span, text);
            }
            return None;
        };
        if keys.is_some() {
            self.err(
                arg,
                e.span,
                format!("{func}( ) takes an aggregation as a whole: no keys may be given"),
            );
            return None;
        }
        let found = self.aggs.iter().position(|a| a.name == name.name);
        if found.is_none() {
            self.err(
                undef,
                e.span,
                format!("undefined aggregation: @{}", agg_text(&name.name)),
            );
        }
        found.map(|i| AggId(i as u32))
    }

    fn scalar_arg(&mut self, func: &str, e: &Expr, tag: Tag) -> Option<Datum> {
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return None;
        }
        if !self.types.is_integer(t.ty) {
            self.err(
                tag,
                e.span,
                format!("{func}( ) argument #2 must be of scalar type"),
            );
            return None;
        }
        let t = self.convert(t, TypeId::INT64);
        let difo = self.difo(&t);
        Some(Datum::Int {
            difo,
            size: 8,
            signed: true,
        })
    }

    /// The argument of trace().
    fn traced(&mut self, e: &Expr) -> Option<Recorded> {
        if matches!(e.kind, ExprKind::Agg { .. }) {
            self.err(
                Tag::D_TRACE_AGG,
                e.span,
                "trace( ) may not be used with an aggregation",
            );
            return None;
        }
        if let Some(special) = self.special(e) {
            return special;
        }
        let t = self.expr(e);
        if self.types.is_void(t.ty) {
            self.err(
                Tag::D_TRACE_VOID,
                e.span,
                "trace( ) may not be applied to a void expression",
            );
            return None;
        }
        self.record(t, e.span)
    }

    /// The arguments that are actions themselves: stacks and symbols. `None`: it is none of them; `Some(None)`: reported.
    pub(super) fn special(&mut self, e: &Expr) -> Option<Option<Recorded>> {
        let ExprKind::Call { func, args } = &e.kind else {
            return None;
        };
        if func.scope.is_some() {
            return None;
        }
        let row = ActionRow::by_name(&func.name).filter(|r| r.status == Status::Ready)?;
        let is_stack = matches!(row.action, Action::Stack | Action::Ustack | Action::Jstack);
        let is_sym = sym_kind(row.action).is_some();
        if !is_stack && !is_sym {
            return None;
        }
        let (min, max) = row.args;
        if !self.check_arity(row.name, args.len(), min, max, e.span) {
            return Some(None);
        }
        Some(if is_stack {
            self.stack(row, args).map(|datum| {
                let (user, frames) = match datum {
                    Datum::Ustack { frames } => (true, frames),
                    Datum::Stack { frames } => (false, frames),
                    _ => (false, 0),
                };
                Recorded {
                    datum,
                    ty: self.types.add(Type::Stack { user, frames }),
                }
            })
        } else {
            let kind = sym_kind(row.action).unwrap_or(SymKind::Sym);
            self.sym(row, args).map(|datum| Recorded {
                datum,
                ty: self.types.add(Type::Sym(kind)),
            })
        })
    }

    /// How a value goes into a record.
    pub(super) fn record(&mut self, t: TExpr, span: Span) -> Option<Recorded> {
        let ty = t.ty;
        if self.types.is_error(ty) {
            return None;
        }
        let t = if self.types.is_func(ty) {
            self.decay(t)
        } else {
            t
        };
        let datum = match &*self.types.resolve(t.ty) {
            Type::String => Datum::Str {
                difo: self.difo(&t),
            },
            Type::Array { .. } | Type::Sou(_) | Type::Float { .. } => {
                let Some(size) = self.types.size_of(ty).filter(|n| *n > 0) else {
                    let text = format!(
                        "a value of incomplete type {} cannot be recorded",
                        self.types.name(ty)
                    );
                    self.err(Tag::D_OP_INCOMPLETE, span, text);
                    return None;
                };
                let chars = self.types.is_char_array(ty);
                Datum::Bytes {
                    difo: self.difo(&t),
                    size,
                    chars,
                }
            }
            Type::Void => {
                self.err(
                    Tag::D_OP_DYN,
                    span,
                    "a void expression has no value to record",
                );
                return None;
            }
            _ => {
                let shape = self.types.shape(t.ty)?;
                let difo = self.difo(&t);
                Datum::Int {
                    difo,
                    size: shape.size.min(8) as u8,
                    signed: shape.signed,
                }
            }
        };
        Some(Recorded { datum, ty })
    }

    fn stack(&mut self, row: &ActionRow, args: &[Expr]) -> Option<Datum> {
        let user = row.action != Action::Stack;
        let (tag, default) = match row.action {
            Action::Stack => (Tag::D_STACK_SIZE, self.opts.stackframes),
            Action::Jstack => (Tag::D_USTACK_FRAMES, self.opts.jstackframes),
            _ => (Tag::D_USTACK_FRAMES, self.opts.ustackframes),
        };
        let frames = match args.first() {
            None => default,
            Some(e) => {
                let t = self.expr(e);
                if self.types.is_error(t.ty) {
                    return None;
                }
                match t.int().and_then(|n| u16::try_from(n).ok()) {
                    Some(n) if n > 0 => n,
                    _ => {
                        let what = if user { "frames" } else { "size" };
                        let text = format!(
                            "{}( ) {what} must be a positive integral constant expression",
                            row.name
                        );
                        self.err(tag, e.span, text);
                        return None;
                    }
                }
            }
        };
        if let Some(e) = args.get(1) {
            // Room for the names of frames, which are looked up when the stack is printed, however many they are.
            if self.expr(e).int().is_none_or(|n| n < 0) {
                let text = format!(
                    "{}( ) strsize must be a positive integral constant expression",
                    row.name
                );
                self.err(Tag::D_USTACK_STRSIZE, e.span, text);
                return None;
            }
        }
        Some(if user {
            Datum::Ustack { frames }
        } else {
            Datum::Stack { frames }
        })
    }

    fn sym(&mut self, row: &ActionRow, args: &[Expr]) -> Option<Datum> {
        let e = args.first()?;
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return None;
        }
        let t = self.decay(t);
        if !self.types.is_scalar(t.ty) {
            self.bad_argument(row.name, 1, "uintptr_t", &t);
            return None;
        }
        let t = self.convert(t, TypeId::ULONG);
        let difo = self.difo(&t);
        Some(Datum::Sym {
            difo,
            kind: sym_kind(row.action)?,
        })
    }

    pub(super) fn tracemem(&mut self, args: &[Expr]) -> Option<(StmtKind, usize)> {
        let (addr, size) = (args.first()?, args.get(1)?);
        let a = self.expr(addr);
        let s = self.expr(size);
        if self.types.is_error(a.ty) || self.types.is_error(s.ty) {
            return None;
        }
        let a = self.decay(a);
        if !self.types.is_scalar(a.ty) && !self.types.is_string(a.ty) && !self.types.is_sou(a.ty) {
            let text = format!(
                "tracemem( ) argument #1 is incompatible with prototype:\n\tprototype: pointer or integer\n\t argument: {}",
                self.types.name(a.ty)
            );
            self.err(Tag::D_TRACEMEM_ADDR, addr.span, text);
            return None;
        }
        let Some(n) = s
            .int()
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| *n > 0)
        else {
            let text =
                "tracemem( ) argument #2 must be a non-zero positive integral constant expression";
            self.err(Tag::D_TRACEMEM_SIZE, size.span, text);
            return None;
        };
        let shown = match args.get(2) {
            None => None,
            Some(e) => {
                let t = self.expr(e);
                if self.types.is_error(t.ty) {
                    return None;
                }
                if !self.types.is_integer(t.ty) {
                    let text = "tracemem( ) argument #3 must be of integer type";
                    self.err(Tag::D_TRACEMEM_DYNSIZE, e.span, text);
                    return None;
                }
                let t = self.convert(t, TypeId::UINT64);
                let difo = self.difo(&t);
                Some(Datum::Int {
                    difo,
                    size: 8,
                    signed: false,
                })
            }
        };
        let actions = 1 + usize::from(shown.is_some());
        let difo = self.difo(&a);
        Some((
            StmtKind::Tracemem {
                data: Datum::Bytes {
                    difo,
                    size: n,
                    chars: false,
                },
                shown,
            },
            actions,
        ))
    }
}

fn is_value(var: VarIdx, value: i64, span: Span) -> TExpr {
    let l = TExpr::new(TKind::Var(var), TypeId::INT, span);
    let r = TExpr::new(TKind::Int(value), TypeId::INT, span);
    let kind = TKind::Compare {
        op: Cmp::Eq,
        l: Box::new(l),
        r: Box::new(r),
        common: TypeId::INT,
    };
    TExpr::new(kind, TypeId::INT, span)
}

fn sym_kind(a: Action) -> Option<SymKind> {
    Some(match a {
        Action::Sym => SymKind::Sym,
        Action::Mod => SymKind::Mod,
        Action::Usym => SymKind::Usym,
        Action::Umod => SymKind::Umod,
        Action::Uaddr => SymKind::Uaddr,
        _ => return None,
    })
}

/// The tag of a wrong number of arguments, where it is not D_PROTO_LEN.
fn proto_tag(a: Action) -> Option<Tag> {
    Some(match a {
        Action::Tracemem => Tag::D_TRACEMEM_PROTO,
        Action::Print => Tag::D_PRINT_PROTO,
        Action::Stack => Tag::D_STACK_PROTO,
        Action::Ustack | Action::Jstack => Tag::D_USTACK_PROTO,
        Action::Clear => Tag::D_CLEAR_PROTO,
        Action::Trunc => Tag::D_TRUNC_PROTO,
        Action::Normalize => Tag::D_NORMALIZE_PROTO,
        Action::Denormalize => Tag::D_DENORMALIZE_PROTO,
        Action::Printa => Tag::D_PRINTA_PROTO,
        _ => return None,
    })
}

fn stmt_mentions_args(s: &ast::Stmt) -> bool {
    match &s.kind {
        ast::StmtKind::Empty => false,
        ast::StmtKind::Expr(e) => mentions_args(e),
        ast::StmtKind::If {
            cond,
            then,
            otherwise,
        } => {
            mentions_args(cond)
                || then.iter().any(stmt_mentions_args)
                || otherwise.iter().flatten().any(stmt_mentions_args)
        }
    }
}

/// Whether `args` is named somewhere in it. (A user variable of that name only costs a question to the kernel view.)
pub(super) fn mentions_args(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Name(n) => n.scope.is_none() && n.name == "args",
        ExprKind::Int(_)
        | ExprKind::Char(_)
        | ExprKind::Str(_)
        | ExprKind::Scoped { .. }
        | ExprKind::SizeofType(_)
        | ExprKind::Offsetof { .. }
        | ExprKind::Error => false,
        ExprKind::Agg { keys, .. } => keys.iter().flatten().any(mentions_args),
        ExprKind::Unary(_, x)
        | ExprKind::IncDec { operand: x, .. }
        | ExprKind::Member { base: x, .. }
        | ExprKind::Cast { operand: x, .. }
        | ExprKind::SizeofExpr(x)
        | ExprKind::Stringof(x)
        | ExprKind::Xlate { operand: x, .. } => mentions_args(x),
        ExprKind::Binary(_, l, r)
        | ExprKind::Assign { lhs: l, rhs: r, .. }
        | ExprKind::Comma(l, r) => mentions_args(l) || mentions_args(r),
        ExprKind::Ternary { cond, yes, no } => {
            mentions_args(cond) || mentions_args(yes) || mentions_args(no)
        }
        ExprKind::Call { args, .. } => args.iter().any(mentions_args),
        ExprKind::Index { base, keys } => mentions_args(base) || keys.iter().any(mentions_args),
    }
}
