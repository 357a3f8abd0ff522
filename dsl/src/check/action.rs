//! Actions that reach beyond the record: the consumer's options and output, commands, signals to the traced process, delays.

use super::Checker;
use crate::ast::{Expr, ExprKind};
use crate::builtin::{Action, ActionRow};
use crate::diag::Tag;
use crate::program::{Datum, Difo, StmtKind};
use crate::shape::Shape;
use crate::source::Span;
use crate::types::TypeId;

/// Linux's SIGSTOP, which is what `stop()` raises.
const SIGSTOP: i64 = 19;

/// Which kinds of action a clause has had so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Order {
    speculates: bool,
    commits: bool,
    records: bool,
}

/// Whether DTrace counts it among the data-recording actions.
fn records(kind: &StmtKind) -> bool {
    let speculative = matches!(
        kind,
        StmtKind::Speculate(_) | StmtKind::Commit(_) | StmtKind::Discard(_)
    );
    let effect = kind.own_difo().is_some();
    !(speculative || effect || kind.destructive())
}

impl Checker<'_> {
    /// `setopt`, `ftruncate`, `freopen`, `system`, `raise`, `stop`, `chill`: the statement, and how many actions it is.
    pub(super) fn outward(
        &mut self,
        row: &'static ActionRow,
        args: &[Expr],
        span: Span,
    ) -> Option<(StmtKind, usize)> {
        match row.action {
            Action::Setopt => {
                let name = self.string_datum(row.name, 1, args.first()?)?;
                let value = match args.get(1) {
                    Some(e) => Some(self.string_datum(row.name, 2, e)?),
                    None => None,
                };
                Some((StmtKind::Setopt(name, value), 2))
            }
            Action::Ftruncate => Some((StmtKind::Ftruncate, 1)),
            Action::Freopen => {
                let (format, args) = self.printf(row.name, args, span)?;
                let actions = args.len();
                Some((StmtKind::Freopen { format, args }, actions))
            }
            Action::System => {
                let (format, args) = self.printf(row.name, args, span)?;
                let actions = args.len();
                Some((StmtKind::System { format, args }, actions))
            }
            Action::Raise => {
                let signal = self.number(row.name, "int", TypeId::INT, args.first()?)?;
                Some((StmtKind::Raise(signal), 1))
            }
            Action::Stop => {
                let signal =
                    super::tree::TExpr::new(super::tree::TKind::Int(SIGSTOP), TypeId::INT, span);
                Some((StmtKind::Raise(self.difo(&signal)), 1))
            }
            Action::Chill => {
                let ns = self.number(row.name, "int64_t", TypeId::INT64, args.first()?)?;
                Some((StmtKind::Chill(ns), 1))
            }
            Action::Speculate => Some((StmtKind::Speculate(self.speculation(row, args)?), 1)),
            Action::Commit => Some((StmtKind::Commit(self.speculation(row, args)?), 1)),
            Action::Discard => Some((StmtKind::Discard(self.speculation(row, args)?), 1)),
            _ => None,
        }
    }

    /// `print(x)`
    pub(super) fn print(&mut self, e: &Expr) -> Option<StmtKind> {
        if matches!(e.kind, ExprKind::Agg { .. }) {
            let text = "print( ) may not be used with an aggregation";
            self.err(Tag::D_PRINT_AGG, e.span, text);
            return None;
        }
        if let Some(special) = self.special(e) {
            special?;
            let text = "print( ) may not be applied to a stack or a symbol: use trace( )";
            self.err(Tag::D_PRINT_DYN, e.span, text);
            return None;
        }
        let t = self.expr(e);
        if self.types.is_void(t.ty) {
            let text = "print( ) may not be applied to a void expression";
            self.err(Tag::D_PRINT_VOID, e.span, text);
            return None;
        }
        let ty = t.ty;
        let data = self.record(t, e.span)?.datum;
        let shape = Shape::new(&self.types, ty);
        Some(StmtKind::Print { data, shape })
    }

    fn speculation(&mut self, row: &ActionRow, args: &[Expr]) -> Option<Datum> {
        let difo = self.number(row.name, "int", TypeId::INT64, args.first()?)?;
        Some(Datum::Int {
            difo,
            size: 8,
            signed: false,
        })
    }

    /// DTrace's rules of what may stand before and behind `speculate()` and `commit()`.
    pub(super) fn in_order(&mut self, order: &mut Order, kind: &StmtKind, span: Span) -> bool {
        let wrong = match kind {
            StmtKind::Commit(_) if order.commits => {
                (Tag::D_COMM_COMM, "commit( ) may not follow commit( )")
            }
            StmtKind::Commit(_) if order.records => (
                Tag::D_COMM_DREC,
                "commit( ) may not follow data-recording action(s)",
            ),
            StmtKind::Speculate(_) if order.speculates => {
                (Tag::D_SPEC_SPEC, "speculate( ) may not follow speculate( )")
            }
            StmtKind::Speculate(_) if order.commits => {
                (Tag::D_SPEC_COMM, "speculate( ) may not follow commit( )")
            }
            StmtKind::Speculate(_) if order.records => (
                Tag::D_SPEC_DREC,
                "speculate( ) may not follow data-recording action(s)",
            ),
            StmtKind::Aggregate { .. } if order.speculates => (
                Tag::D_AGG_SPEC,
                "aggregating actions may not follow speculate( )",
            ),
            StmtKind::Aggregate { .. } if order.commits => (
                Tag::D_AGG_COMM,
                "aggregating actions may not follow commit( )",
            ),
            StmtKind::Exit(_) if order.speculates => {
                (Tag::D_EXIT_SPEC, "exit( ) may not follow speculate( )")
            }
            k if k.destructive() && order.speculates => (
                Tag::D_ACT_SPEC,
                "destructive actions may not follow speculate( )",
            ),
            k if records(k) && order.commits => (
                Tag::D_DREC_COMM,
                "data-recording actions may not follow commit( )",
            ),
            _ => {
                match kind {
                    StmtKind::Commit(_) => order.commits = true,
                    StmtKind::Speculate(_) => order.speculates = true,
                    k => order.records |= records(k) && !order.speculates,
                }
                return true;
            }
        };
        self.err(wrong.0, span, wrong.1);
        false
    }

    /// The only argument, an integer.
    fn number(&mut self, func: &str, proto: &str, ty: TypeId, e: &Expr) -> Option<Difo> {
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return None;
        }
        if !self.types.is_integer(t.ty) {
            self.bad_argument(func, 1, proto, &t);
            return None;
        }
        let t = self.convert(t, ty);
        Some(self.difo(&t))
    }

    fn string_datum(&mut self, func: &str, n: usize, e: &Expr) -> Option<Datum> {
        let t = self.expr(e);
        if self.types.is_error(t.ty) {
            return None;
        }
        if !self.types.is_string_like(t.ty) {
            self.bad_argument(func, n, "string", &t);
            return None;
        }
        let t = self.as_string(t, e.span);
        Some(Datum::Str {
            difo: self.difo(&t),
        })
    }
}
