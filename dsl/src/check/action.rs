//! Actions that reach beyond the record: the consumer's options and output, commands, signals to the traced process, delays.

use super::Checker;
use super::tree::{TExpr, TKind};
use crate::ast::{BinaryOp, Expr, ExprKind, Ident, IntLit, Radix};
use crate::builtin::{Action, ActionRow};
use crate::diag::Tag;
use crate::dif::BuiltinVar;
use crate::program::{Datum, Difo, StmtKind};
use crate::shape::Shape;
use crate::source::Span;
use crate::types::{Tagged, TypeId};

/// Bytes of a packet that are captured at the most.
const MOST_PACKET: u32 = 65_535;

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
            Action::Return => {
                let value = self.number(row.name, "int", TypeId::INT64, args.first()?)?;
                Some((StmtKind::Return(value), 1))
            }
            Action::Stop => {
                let signal = TExpr::new(TKind::Int(SIGSTOP), TypeId::INT, span);
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
        let mut data = self.record(t, e.span)?.datum;
        if let Datum::Bytes { size, .. } = &mut data
            && self.opts.printsize > 0
        {
            *size = (*size).min(self.opts.printsize);
        }
        let shape = Shape::new(&self.types, ty);
        Some(StmtKind::Print { data, shape })
    }

    /// `printm(size, memref(address, bytes))`: a dump of so many bytes, `size` at the most.
    pub(super) fn printm(&mut self, args: &[Expr]) -> Option<(StmtKind, usize)> {
        let (size, what) = (args.first()?, args.get(1)?);
        match &what.kind {
            ExprKind::Call { func, args } if func.scope.is_none() && func.name == "memref" => {
                if !self.check_arity("memref", args.len(), 2, 2, what.span) {
                    return None;
                }
                let (address, bytes) = (args.first()?, args.get(1)?);
                self.tracemem(&[address.clone(), size.clone(), bytes.clone()])
            }
            // A memory reference from elsewhere: the address and the number of bytes stand where it points.
            _ => {
                let t = self.expr(what);
                if self.types.is_error(t.ty) {
                    return None;
                }
                let word = self.types.pointee(t.ty).and_then(|to| self.types.shape(to));
                if word.is_none_or(|s| s.size != 8) {
                    let text =
                        "printm( ) argument #2 must be a memory reference, as memref( ) gives it";
                    self.err(Tag::D_PRINTM_ADDR, what.span, text);
                    return None;
                }
                let span = what.span;
                let nth = |n: u64| {
                    let lit = IntLit {
                        value: n,
                        radix: Radix::Decimal,
                        unsigned: false,
                        longs: 0,
                    };
                    let index = Expr {
                        kind: ExprKind::Int(lit),
                        span,
                    };
                    let (base, keys) = (Box::new(what.clone()), vec![index]);
                    Expr {
                        kind: ExprKind::Index { base, keys },
                        span,
                    }
                };
                self.tracemem(&[nth(0), size.clone(), nth(1)])
            }
        }
    }

    /// `pcap(skb, kind)`: the packet from the head of its kind on, as far as it lies together in memory.
    pub(super) fn pcap(&mut self, args: &[Expr], span: Span) -> Option<StmtKind> {
        const ETHERNET: i64 = 1;
        const IP: i64 = 101;
        let Some(sk_buff) = self.types.tag(None, Tagged::Struct, "sk_buff") else {
            let text = "pcap( ) is not available: it needs this kernel's types";
            self.err(Tag::D_FUNC_UNSUP, span, text);
            return None;
        };
        let skb = self.expr(args.first()?);
        let kind = self.expr(args.get(1)?);
        if self.types.is_error(skb.ty) || self.types.is_error(kind.ty) {
            return None;
        }
        let skb = self.decay(skb);
        if !self.types.is_scalar(skb.ty) {
            self.bad_argument("pcap", 1, "struct sk_buff *", &skb);
            return None;
        }
        let Some(link) = kind.int() else {
            self.bad_argument("pcap", 2, "an integer constant", &kind);
            return None;
        };
        let to = self.types.ptr(sk_buff);
        let skb = self.convert(skb, to);
        let (skb, first) = self.once(skb)?;
        let mut member = |name: &str| {
            let name = Ident {
                name: name.into(),
                span,
            };
            self.member_of(skb.clone(), true, &name, span)
        };
        let (data, bytes, apart) = (member("data"), member("len"), member("data_len"));
        let header = match link {
            ETHERNET => Some(member("mac_header")),
            IP => Some(member("network_header")),
            _ => None,
        };
        let head = member("head");
        let number = |c: &mut Self, e: TExpr| c.convert(e, TypeId::ULONG);
        let data = number(self, data);
        // The offset of a header that is not known is all ones.
        let start = match header {
            None => data.clone(),
            Some(header) => {
                let none = TExpr::new(TKind::Int(0xffff), TypeId::INT, span);
                let known = self.binary(BinaryOp::Ne, header.clone(), none, span);
                let head = number(self, head);
                let at = self.binary(BinaryOp::Add, head, header, span);
                let at = number(self, at);
                let choice = TKind::Cond(Box::new(known), Box::new(at), Box::new(data.clone()));
                TExpr::new(choice, TypeId::ULONG, span)
            }
        };
        // Headers before the data are not counted in its length.
        let before = self.binary(BinaryOp::Sub, data, start.clone(), span);
        let (bytes, apart) = (number(self, bytes), number(self, apart));
        let bytes = self.binary(BinaryOp::Add, bytes, before, span);
        let there = self.binary(BinaryOp::Sub, bytes.clone(), apart, span);
        let time = TExpr::new(
            TKind::Builtin(BuiltinVar::Walltimestamp),
            TypeId::INT64,
            span,
        );
        let time = super::inline::sequence(first.into_iter().collect(), time);
        let mut int = |e: &TExpr| Datum::Int {
            difo: self.difo(e),
            size: 8,
            signed: false,
        };
        let (time, bytes, there) = (int(&time), int(&bytes), int(&there));
        let link = int(&TExpr::new(TKind::Int(link), TypeId::INT64, span));
        let data = Datum::Bytes {
            difo: self.difo(&start),
            size: self.opts.pcapsize.clamp(1, MOST_PACKET),
            chars: false,
        };
        Some(StmtKind::Pcap(Box::new([time, link, bytes, there, data])))
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
