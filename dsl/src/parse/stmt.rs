//! Statements: expressions and `if`.

use super::{Failed, Open, PResult, Parser};
use crate::ast::{Stmt, StmtKind};
use crate::lex::token::{Kw, P, Tok};

impl Parser<'_> {
    /// `{ … }`. An error in a statement costs that statement only.
    pub(super) fn block(&mut self) -> PResult<Vec<Stmt>> {
        self.expect(P::LBrace)?;
        let mut stmts = Vec::new();
        loop {
            match self.tok.tok {
                Tok::Punct(P::RBrace) => {
                    self.bump();
                    return Ok(stmts);
                }
                Tok::Eof => return Err(self.unexpected()),
                _ if self.stopped() => return Err(Failed),
                _ => {}
            }
            let start = self.tok.span;
            match self.nested(Self::stmt) {
                Ok(stmt) => stmts.push(stmt),
                Err(Failed) => self.skip_stmt(start),
            }
        }
    }

    /// A block, or one statement.
    fn branch(&mut self) -> PResult<Vec<Stmt>> {
        if self.tok.is(P::LBrace) {
            self.block()
        } else {
            Ok(vec![self.nested(Self::stmt)?])
        }
    }

    fn stmt(&mut self) -> PResult<Stmt> {
        self.open = Open {
            braces: self.open.braces,
            ..Open::default()
        };
        let start = self.tok.span;
        let kind = if self.eat(P::Semi) {
            StmtKind::Empty
        } else if self.tok.is_kw(Kw::If) {
            self.bump();
            self.expect(P::LParen)?;
            let cond = self.expr()?;
            self.expect(P::RParen)?;
            let then = self.branch()?;
            let otherwise = if self.tok.is_kw(Kw::Else) {
                self.bump();
                Some(self.branch()?)
            } else {
                None
            };
            StmtKind::If {
                cond,
                then,
                otherwise,
            }
        } else {
            let expr = self.expr()?;
            // The last statement of a block needs no semicolon.
            if !self.tok.is(P::RBrace) {
                self.expect(P::Semi)?;
            }
            StmtKind::Expr(expr)
        };
        Ok(Stmt {
            kind,
            span: start.to(self.last),
        })
    }

    /// After an error: past the next `;`, or to the `}` that closes this block.
    fn skip_stmt(&mut self, start: crate::source::Span) {
        let (mut depth, mut parens) = (0u32, 0u32);
        if self.tok.span == start && !self.tok.is(P::RBrace) && !self.tok.is(P::LBrace) {
            self.bump_any();
        }
        while !self.stopped() {
            match self.tok.tok {
                Tok::Eof => return,
                Tok::Punct(P::LBrace) => depth += 1,
                // `for (a; b; c)` is one thing to skip.
                Tok::Punct(P::LParen) => parens += 1,
                Tok::Punct(P::RParen) => parens = parens.saturating_sub(1),
                Tok::Punct(P::RBrace) if depth == 0 => return,
                Tok::Punct(P::RBrace) => {
                    depth -= 1;
                    if depth == 0 {
                        self.bump();
                        return;
                    }
                }
                Tok::Punct(P::Semi) if depth == 0 && parens == 0 => {
                    self.bump();
                    return;
                }
                _ => {}
            }
            self.bump_any();
        }
    }
}
