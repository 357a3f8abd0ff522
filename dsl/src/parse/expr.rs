//! Expressions: precedence climbing over one table of operators.

use super::decl::split_scope;
use super::{PResult, Parser};
use crate::ast::{BinaryOp, Expr, ExprKind, IntLit, MAX_DEPTH, Name, UnaryOp, VarScope};
use crate::diag::Tag;
use crate::lex::token::{Kw, P, Tok};
use crate::source::Span;

/// Binary operators with their precedence, lowest first; all associate to the left.
const BINARY: &[(P, u8, BinaryOp)] = &[
    (P::OrOr, 1, BinaryOp::LogOr),
    (P::XorXor, 2, BinaryOp::LogXor),
    (P::AndAnd, 3, BinaryOp::LogAnd),
    (P::Pipe, 4, BinaryOp::BitOr),
    (P::Caret, 5, BinaryOp::BitXor),
    (P::Amp, 6, BinaryOp::BitAnd),
    (P::EqEq, 7, BinaryOp::Eq),
    (P::Ne, 7, BinaryOp::Ne),
    (P::Lt, 8, BinaryOp::Lt),
    (P::Le, 8, BinaryOp::Le),
    (P::Gt, 8, BinaryOp::Gt),
    (P::Ge, 8, BinaryOp::Ge),
    (P::Shl, 9, BinaryOp::Shl),
    (P::Shr, 9, BinaryOp::Shr),
    (P::Plus, 10, BinaryOp::Add),
    (P::Minus, 10, BinaryOp::Sub),
    (P::Star, 11, BinaryOp::Mul),
    (P::Slash, 11, BinaryOp::Div),
    (P::Percent, 11, BinaryOp::Rem),
];

/// Assignment operators with the operation that they join to `=`.
const ASSIGN: &[(P, Option<BinaryOp>)] = &[
    (P::Eq, None),
    (P::PlusEq, Some(BinaryOp::Add)),
    (P::MinusEq, Some(BinaryOp::Sub)),
    (P::StarEq, Some(BinaryOp::Mul)),
    (P::SlashEq, Some(BinaryOp::Div)),
    (P::PercentEq, Some(BinaryOp::Rem)),
    (P::AndEq, Some(BinaryOp::BitAnd)),
    (P::XorEq, Some(BinaryOp::BitXor)),
    (P::OrEq, Some(BinaryOp::BitOr)),
    (P::ShlEq, Some(BinaryOp::Shl)),
    (P::ShrEq, Some(BinaryOp::Shr)),
];

const UNARY: &[(P, UnaryOp)] = &[
    (P::Plus, UnaryOp::Plus),
    (P::Minus, UnaryOp::Neg),
    (P::Tilde, UnaryOp::BitNot),
    (P::Bang, UnaryOp::Not),
    (P::Star, UnaryOp::Deref),
    (P::Amp, UnaryOp::AddrOf),
];

/// An expression under construction: `height` keeps the tree's depth within [`MAX_DEPTH`].
struct Node {
    expr: Expr,
    height: u32,
    /// Can stand left of an assignment operator, as far as the grammar goes.
    unary: bool,
}

impl Parser<'_> {
    /// `a, b, …`
    pub(super) fn expr(&mut self) -> PResult<Expr> {
        Ok(self.comma()?.expr)
    }

    /// What stands between commas.
    pub(super) fn assignment_expr(&mut self) -> PResult<Expr> {
        Ok(self.assignment()?.expr)
    }

    /// A constant expression: no assignment, no comma.
    pub(super) fn conditional_with_height(&mut self) -> PResult<(Expr, u32)> {
        let node = self.conditional()?;
        Ok((node.expr, node.height))
    }

    /// Make a node whose deepest child has the depth `below`.
    fn node(&mut self, kind: ExprKind, span: Span, below: u32) -> PResult<Node> {
        let height = below + 1;
        if height > MAX_DEPTH {
            return Err(self.too_deep(self.last));
        }
        Ok(Node {
            expr: Expr { kind, span },
            height,
            unary: false,
        })
    }

    fn leaf(&mut self, kind: ExprKind, span: Span) -> PResult<Node> {
        self.node(kind, span, 0)
    }

    fn comma(&mut self) -> PResult<Node> {
        let mut left = self.assignment()?;
        while self.eat(P::Comma) {
            let right = self.assignment()?;
            let span = left.expr.span.to(right.expr.span);
            let below = left.height.max(right.height);
            left = self.node(
                ExprKind::Comma(Box::new(left.expr), Box::new(right.expr)),
                span,
                below,
            )?;
        }
        Ok(left)
    }

    fn assignment(&mut self) -> PResult<Node> {
        let left = self.conditional()?;
        let Tok::Punct(p) = self.tok.tok else {
            return Ok(left);
        };
        let Some((_, op)) = ASSIGN.iter().find(|(text, _)| *text == p) else {
            return Ok(left);
        };
        if !left.unary {
            return Err(self.unexpected());
        }
        self.bump();
        let right = self.nested(Self::assignment)?;
        let span = left.expr.span.to(right.expr.span);
        let below = left.height.max(right.height);
        let (lhs, rhs) = (Box::new(left.expr), Box::new(right.expr));
        self.node(ExprKind::Assign { op: *op, lhs, rhs }, span, below)
    }

    /// `a ? b : c`. Long chains (`x == 1 ? "a" : x == 2 ? "b" : …`) are how D programs look things up, so a chain costs
    /// no recursion.
    fn conditional(&mut self) -> PResult<Node> {
        let mut arms = Vec::new();
        let mut last = loop {
            let cond = self.binary(0)?;
            if !self.eat(P::Question) {
                break cond;
            }
            if arms.len() as u32 >= MAX_DEPTH {
                return Err(self.too_deep(self.last));
            }
            let yes = self.nested(Self::comma)?;
            self.expect(P::Colon)?;
            arms.push((cond, yes));
        };
        for (cond, yes) in arms.into_iter().rev() {
            let span = cond.expr.span.to(last.expr.span);
            let below = cond.height.max(yes.height).max(last.height);
            let (cond, yes, no) = (Box::new(cond.expr), Box::new(yes.expr), Box::new(last.expr));
            last = self.node(ExprKind::Ternary { cond, yes, no }, span, below)?;
        }
        Ok(last)
    }

    /// Operators that bind tighter than `floor`.
    fn binary(&mut self, floor: u8) -> PResult<Node> {
        let mut left = self.unary()?;
        loop {
            let Tok::Punct(p) = self.tok.tok else {
                return Ok(left);
            };
            let Some((_, level, op)) = BINARY
                .iter()
                .find(|(text, level, _)| *text == p && *level > floor)
            else {
                return Ok(left);
            };
            self.bump();
            let right = self.nested(|p| p.binary(*level))?;
            let span = left.expr.span.to(right.expr.span);
            let below = left.height.max(right.height);
            left = self.node(
                ExprKind::Binary(*op, Box::new(left.expr), Box::new(right.expr)),
                span,
                below,
            )?;
        }
    }

    fn unary(&mut self) -> PResult<Node> {
        let start = self.tok.span;
        let mut made = match self.tok.tok {
            Tok::Punct(p @ (P::Inc | P::Dec)) => {
                self.bump();
                let operand = self.nested(Self::unary)?;
                self.inc_dec(p == P::Inc, true, operand, start)?
            }
            Tok::Punct(p) if UNARY.iter().any(|(text, _)| *text == p) => {
                self.bump();
                let operand = self.nested(Self::unary)?;
                let op = UNARY
                    .iter()
                    .find(|(text, _)| *text == p)
                    .map_or(UnaryOp::Plus, |(_, op)| *op);
                let span = start.to(operand.expr.span);
                self.node(
                    ExprKind::Unary(op, Box::new(operand.expr)),
                    span,
                    operand.height,
                )?
            }
            Tok::Kw(Kw::Sizeof) => {
                self.bump();
                self.sizeof(start)?
            }
            Tok::Kw(Kw::Stringof) => {
                self.bump();
                let operand = self.nested(Self::unary)?;
                let span = start.to(operand.expr.span);
                self.node(
                    ExprKind::Stringof(Box::new(operand.expr)),
                    span,
                    operand.height,
                )?
            }
            Tok::Punct(P::LParen) if self.is_cast() => {
                self.bump();
                let (ty, in_type) = self.type_name_with_height()?;
                self.expect(P::RParen)?;
                let operand = self.nested(Self::unary)?;
                let span = start.to(operand.expr.span);
                let below = operand.height.max(in_type);
                self.node(
                    ExprKind::Cast {
                        ty,
                        operand: Box::new(operand.expr),
                    },
                    span,
                    below,
                )?
            }
            _ => self.postfix()?,
        };
        made.unary = true;
        Ok(made)
    }

    fn inc_dec(&mut self, inc: bool, prefix: bool, operand: Node, span: Span) -> PResult<Node> {
        let span = span.to(self.last);
        let kind = ExprKind::IncDec {
            inc,
            prefix,
            operand: Box::new(operand.expr),
        };
        self.node(kind, span, operand.height)
    }

    fn sizeof(&mut self, start: Span) -> PResult<Node> {
        if self.tok.is(P::LParen) {
            let mut inside = self.ahead();
            let first = inside.next();
            let known = match &first.tok {
                Tok::Kw(k) => k.begins_type(),
                Tok::Ident(name) => self.is_type_name(name) || stars_then_close(&mut inside),
                _ => false,
            };
            if known {
                self.bump();
                let (ty, in_type) = self.type_name_with_height()?;
                self.expect(P::RParen)?;
                let span = start.to(self.last);
                return self.node(ExprKind::SizeofType(ty), span, in_type);
            }
        }
        let operand = self.nested(Self::unary)?;
        let span = start.to(operand.expr.span);
        self.node(
            ExprKind::SizeofExpr(Box::new(operand.expr)),
            span,
            operand.height,
        )
    }

    /// Whether the parenthesis here begins a cast. A known type does; an unknown name does when it is followed by
    /// stars and the closing parenthesis, or stands alone in parentheses before something that only a cast can have
    /// behind it.
    fn is_cast(&self) -> bool {
        let mut ahead = self.ahead();
        match &ahead.next().tok {
            Tok::Kw(k) => k.begins_type(),
            Tok::Ident(name) if self.is_type_name(name) => {
                // `(size_t)` is a cast; `(stack)` might be a variable: only if an operand follows.
                let next = ahead.next();
                !next.is(P::RParen) || begins_operand(&ahead.next().tok, true)
            }
            Tok::Ident(_) => {
                if stars_then_close(&mut Clone::clone(&ahead)) {
                    return true;
                }
                ahead.next().is(P::RParen) && begins_operand(&ahead.next().tok, false)
            }
            _ => false,
        }
    }

    fn postfix(&mut self) -> PResult<Node> {
        let start = self.tok.span;
        let mut node = self.primary()?;
        loop {
            match self.tok.tok {
                Tok::Punct(P::LBracket) => {
                    let (keys, in_keys) = self.bracketed(P::LBracket, P::RBracket, false)?;
                    let span = start.to(self.last);
                    let below = node.height.max(in_keys);
                    node = self.node(
                        ExprKind::Index {
                            base: Box::new(node.expr),
                            keys,
                        },
                        span,
                        below,
                    )?;
                }
                Tok::Punct(p @ (P::Dot | P::Arrow)) => {
                    self.bump();
                    let member = self.member_name()?;
                    let span = start.to(self.last);
                    let kind = ExprKind::Member {
                        base: Box::new(node.expr),
                        arrow: p == P::Arrow,
                        member,
                    };
                    node = self.node(kind, span, node.height)?;
                }
                Tok::Punct(p @ (P::Inc | P::Dec)) => {
                    self.bump();
                    node = self.inc_dec(p == P::Inc, false, node, start)?;
                }
                // D calls by name only; names with their arguments are primaries.
                Tok::Punct(P::LParen) => {
                    let span = node.expr.span;
                    self.bracketed(P::LParen, P::RParen, true)?;
                    self.report(
                        Tag::D_FUNC_IDENT,
                        span,
                        "function designator is not of function type",
                    );
                    node = self.leaf(ExprKind::Error, start.to(self.last))?;
                }
                _ => return Ok(node),
            }
        }
    }

    /// Expressions between commas between brackets, and the depth of the deepest.
    fn bracketed(&mut self, open: P, close: P, may_be_empty: bool) -> PResult<(Vec<Expr>, u32)> {
        self.expect(open)?;
        let mut list = Vec::new();
        let mut height = 0;
        if !(may_be_empty && self.tok.is(close)) {
            loop {
                let node = self.nested(Self::assignment)?;
                height = height.max(node.height);
                list.push(node.expr);
                if !self.eat(P::Comma) {
                    break;
                }
            }
        }
        self.expect(close)?;
        Ok((list, height))
    }

    fn primary(&mut self) -> PResult<Node> {
        let start = self.tok.span;
        match std::mem::replace(&mut self.tok.tok, Tok::Eof) {
            Tok::Int(lit) => self.taken(ExprKind::Int(lit), start),
            Tok::NegInt(lit) => self.negative(lit, start),
            Tok::Char(c) => self.taken(ExprKind::Char(c), start),
            Tok::Str(bytes) => self.taken(ExprKind::Str(bytes), start),
            Tok::Ident(text) => {
                self.bump();
                self.name_or_call(split_scope(&text, start))
            }
            Tok::Agg(text) => {
                self.bump();
                self.aggregation(text, start)
            }
            Tok::Punct(P::LParen) => {
                self.open.parens += 1;
                self.bump();
                let mut node = self.nested(Self::comma)?;
                self.expect(P::RParen)?;
                node.expr.span = start.to(self.last);
                Ok(node)
            }
            Tok::Kw(k @ (Kw::Self_ | Kw::This)) => {
                self.bump();
                self.expect(P::Arrow)?;
                let name = self.member_name()?;
                let scope = if k == Kw::Self_ {
                    VarScope::Thread
                } else {
                    VarScope::Clause
                };
                self.leaf(ExprKind::Scoped { scope, name }, start.to(self.last))
            }
            Tok::Kw(Kw::Offsetof) => {
                self.bump();
                self.expect(P::LParen)?;
                let (ty, in_type) = self.type_name_with_height()?;
                self.expect(P::Comma)?;
                let member = self.member_name()?;
                self.expect(P::RParen)?;
                self.node(
                    ExprKind::Offsetof { ty, member },
                    start.to(self.last),
                    in_type,
                )
            }
            Tok::Kw(Kw::Xlate) => {
                self.bump();
                self.expect(P::Lt)?;
                let (ty, in_type) = self.type_name_with_height()?;
                self.expect(P::Gt)?;
                self.expect(P::LParen)?;
                let operand = self.nested(Self::comma)?;
                self.expect(P::RParen)?;
                let below = operand.height.max(in_type);
                let kind = ExprKind::Xlate {
                    ty,
                    operand: Box::new(operand.expr),
                };
                self.node(kind, start.to(self.last), below)
            }
            // `return(errno)` is an action; the word is reserved for nothing else.
            Tok::Kw(Kw::Return) if self.peek().is(P::LParen) => {
                self.bump();
                self.name_or_call(Name {
                    scope: None,
                    name: Kw::Return.text().into(),
                    span: start,
                })
            }
            other => {
                self.tok.tok = other;
                let failed = self.unexpected();
                // An open string or comment must not be met again by whoever goes on from here.
                if matches!(self.tok.tok, Tok::Bad(..)) {
                    self.bump();
                    if !matches!(self.diags.last(), Some(d) if d.tag == Tag::D_SYNTAX) {
                        // A malformed constant is still an operand: go on as if it were right.
                        return self.leaf(ExprKind::Error, start);
                    }
                }
                Err(failed)
            }
        }
    }

    fn taken(&mut self, kind: ExprKind, span: Span) -> PResult<Node> {
        self.bump();
        self.leaf(kind, span)
    }

    fn negative(&mut self, lit: IntLit, span: Span) -> PResult<Node> {
        self.bump();
        let operand = Expr {
            kind: ExprKind::Int(lit),
            span,
        };
        self.node(ExprKind::Unary(UnaryOp::Neg, Box::new(operand)), span, 1)
    }

    fn name_or_call(&mut self, name: Name) -> PResult<Node> {
        let start = name.span;
        if !self.tok.is(P::LParen) {
            return self.leaf(ExprKind::Name(name), start);
        }
        let (args, height) = self.bracketed(P::LParen, P::RParen, true)?;
        self.node(
            ExprKind::Call { func: name, args },
            start.to(self.last),
            height,
        )
    }

    fn aggregation(&mut self, text: String, start: Span) -> PResult<Node> {
        let name = crate::ast::Ident {
            name: text,
            span: start,
        };
        let (keys, height) = if self.tok.is(P::LBracket) {
            let (keys, height) = self.bracketed(P::LBracket, P::RBracket, false)?;
            (Some(keys), height)
        } else {
            (None, 0)
        };
        self.node(ExprKind::Agg { name, keys }, start.to(self.last), height)
    }
}

/// After an unknown name: one or more stars (and qualifiers), then the closing parenthesis.
fn stars_then_close(ahead: &mut super::Ahead<'_>) -> bool {
    let mut t = ahead.next();
    let mut stars = 0;
    while t.is(P::Star)
        || stars > 0 && (t.is_kw(Kw::Const) || t.is_kw(Kw::Volatile) || t.is_kw(Kw::Restrict))
    {
        stars += 1;
        if stars > 16 {
            return false;
        }
        t = ahead.next();
    }
    stars > 0 && t.is(P::RParen)
}

/// Whether this can begin the operand of a cast. What could go on with an expression as well (`(a) - b`, `(a) * b`)
/// counts only where the name is `known` to be a type.
fn begins_operand(tok: &Tok, known: bool) -> bool {
    match tok {
        Tok::Ident(_) | Tok::Agg(_) | Tok::Int(_) | Tok::NegInt(_) | Tok::Char(_) | Tok::Str(_) => {
            true
        }
        Tok::Kw(k) => matches!(
            k,
            Kw::Self_ | Kw::This | Kw::Sizeof | Kw::Stringof | Kw::Offsetof | Kw::Xlate
        ),
        Tok::Punct(P::LParen | P::Bang | P::Tilde) => true,
        Tok::Punct(P::Plus | P::Minus | P::Star | P::Amp | P::Inc | P::Dec) => known,
        _ => false,
    }
}
