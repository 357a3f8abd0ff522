//! Tokens to the syntax tree, by recursive descent.
//!
//! [`parse`] takes every text of a compilation and returns what it understood with what is wrong. It never panics,
//! never recurses deeper than [`MAX_NEST`], and takes time linear in the text. After an error it goes on at the next
//! statement or the next thing at the top level; after [`MAX_DIAGS`] it stops.
//!
//! A function returns `Err(Failed)` when it has reported an error and could not go on; whoever can find the place
//! where the next part begins goes on from there.

mod decl;
pub mod dump;
mod expr;
mod item;
mod probe;
#[cfg(test)]
mod robust;
mod stmt;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::ast::{Ast, Item, MAX_DEPTH};
use crate::diag::{Diag, Tag};
pub use crate::lex::MacroArgs;
use crate::lex::token::{P, Tok, Token};
use crate::lex::{Lexer, MacroState, token_text};
use crate::pragma;
use crate::source::{SourceId, Sources, Span};

/// How deep brackets, blocks, declarators and operands on the right may nest. Together with [`MAX_DEPTH`] it bounds the
/// stack: at most about a megabyte, where Rust's threads have two.
pub const MAX_NEST: u32 = 160;

/// The parser stops after this many diagnostics.
pub const MAX_DIAGS: usize = 50;

/// Messages are cut after this many characters.
const MAX_MESSAGE: usize = 300;

/// Which field of a probe description a command-line flag gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeFlag {
    /// `-P`
    Provider,
    /// `-m`
    Module,
    /// `-f`
    Function,
    /// `-n`, and what a script means.
    Name,
    /// `-i`
    Id,
}

/// What a source is, which decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// `-s`
    Script,
    /// A library file: may depend on libraries, need not hold anything.
    Library,
    /// The argument of a probe flag: descriptions need no body.
    Probe(ProbeFlag),
}

/// A source to parse.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The text.
    pub src: SourceId,
    /// What it is.
    pub kind: InputKind,
}

/// What parsing depends on beside the text.
pub struct ParseOptions<'a> {
    /// `$1`, `$target`, …
    pub macros: &'a MacroArgs,
    /// Whether a name is a type that the kernel defines. D's own types and the program's typedefs are known anyway;
    /// where nobody knows, the parser goes by what the grammar allows.
    pub is_type: &'a dyn Fn(&str) -> bool,
    /// `-x pspec`: at the top level every word that could be a probe description is one.
    pub pspec: bool,
    /// `-x empty`: a program may be empty.
    pub empty: bool,
}

/// Parse all texts, in order. The tree is complete when there are no diagnostics.
pub fn parse(sources: &Sources, inputs: &[Input], options: &ParseOptions<'_>) -> (Ast, Vec<Diag>) {
    let macros = MacroState::new(options.macros);
    let mut types = HashSet::new();
    let mut ast = Ast::default();
    let mut diags = Vec::new();
    for input in inputs {
        let Some(source) = sources.get(input.src) else {
            continue;
        };
        let mut p = Parser {
            text: &source.text,
            lex: Lexer::new(&source.text, input.src, &macros),
            tok: Token {
                tok: Tok::Eof,
                span: Span::new(input.src, 0, 0),
            },
            last: Span::new(input.src, 0, 0),
            kind: input.kind,
            options,
            types: &mut types,
            ast: &mut ast,
            diags: &mut diags,
            nest: 0,
            open: Open::default(),
            embedded: 0,
        };
        p.program();
    }
    if diags.is_empty() {
        for (n, arg) in macros.unused() {
            let text = format!("extraneous argument '{arg}' (${n} is not referenced)");
            diags.push(Diag::new(Tag::D_MACRO_UNUSED, Span::NONE, text));
        }
    }
    (ast, diags)
}

/// An error was reported, and its place is no place to go on from.
#[derive(Debug)]
struct Failed;

type PResult<T> = Result<T, Failed>;

/// How many brackets of each kind were opened since the item (or, but for braces, the statement) began.
#[derive(Default)]
struct Open {
    braces: u32,
    parens: u32,
    brackets: u32,
}

/// The parser of one source.
struct Parser<'a> {
    text: &'a str,
    lex: Lexer<'a>,
    /// The token that comes next. Never [`Tok::Directive`].
    tok: Token,
    /// The token before it.
    last: Span,
    kind: InputKind,
    options: &'a ParseOptions<'a>,
    /// Typedefs so far, in all sources.
    types: &'a mut HashSet<String>,
    ast: &'a mut Ast,
    diags: &'a mut Vec<Diag>,
    nest: u32,
    /// Brackets that are open.
    open: Open,
    /// Depth of the deepest expression inside the type that is being parsed.
    embedded: u32,
}

impl<'a> Parser<'a> {
    /// A whole source.
    fn program(&mut self) {
        let before = (
            self.ast.items.len(),
            self.ast.pragmas.len(),
            self.diags.len(),
        );
        self.bump();
        while self.tok.tok != Tok::Eof && !self.stopped() {
            let start = self.tok.span;
            self.open = Open::default();
            match self.item() {
                Ok(kind) => self.ast.items.push(Item {
                    kind,
                    span: start.to(self.last),
                }),
                Err(Failed) => self.skip_item(),
            }
        }
        let after = (
            self.ast.items.len(),
            self.ast.pragmas.len(),
            self.diags.len(),
        );
        if before == after && self.kind != InputKind::Library && !self.options.empty {
            self.report(
                Tag::D_EMPTY,
                self.tok.span,
                "empty D program translation unit",
            );
        }
    }

    fn stopped(&self) -> bool {
        self.diags.len() >= MAX_DIAGS
    }

    // ---- tokens -------------------------------------------------------------------------------------------------

    /// Go to the next token. Control lines are dealt with on the way.
    fn bump(&mut self) {
        self.last = self.tok.span;
        match self.tok.tok {
            Tok::Punct(P::LBrace) => self.open.braces += 1,
            Tok::Punct(P::RBrace) => self.open.braces = self.open.braces.saturating_sub(1),
            Tok::Punct(P::LParen) => self.open.parens += 1,
            Tok::Punct(P::RParen) => self.open.parens = self.open.parens.saturating_sub(1),
            Tok::Punct(P::LBracket) => self.open.brackets += 1,
            Tok::Punct(P::RBracket) => self.open.brackets = self.open.brackets.saturating_sub(1),
            _ => {}
        }
        loop {
            self.tok = self.lex.next();
            if self.tok.tok != Tok::Directive {
                return;
            }
            let span = self.tok.span;
            let line = self
                .text
                .get(span.lo as usize..span.hi as usize)
                .unwrap_or("");
            match pragma::directive(line, span, self.kind == InputKind::Library) {
                Ok(pragma) => {
                    if let Some(crate::ast::PragmaKind::Option { name, .. }) =
                        pragma.as_ref().map(|p| &p.kind)
                    {
                        self.lex.macros.option(&name.name);
                    }
                    self.ast.pragmas.extend(pragma);
                }
                Err(diag) => self.push(diag),
            }
        }
    }

    /// The token after the next one.
    fn peek(&self) -> Token {
        Ahead { lex: self.lex }.next()
    }

    /// To look further ahead than one token.
    fn ahead(&self) -> Ahead<'a> {
        Ahead { lex: self.lex }
    }

    /// Take this punctuator if it comes next.
    fn eat(&mut self, p: P) -> bool {
        let here = self.tok.is(p);
        if here {
            self.bump();
        }
        here
    }

    /// Take this punctuator, which must come next.
    fn expect(&mut self, p: P) -> PResult<Span> {
        if self.eat(p) {
            Ok(self.last)
        } else {
            Err(self.unexpected())
        }
    }

    // ---- diagnostics --------------------------------------------------------------------------------------------

    fn push(&mut self, mut diag: Diag) {
        // Messages quote the program, and a name may be a megabyte long.
        if let Some((cut, _)) = diag.text.char_indices().nth(MAX_MESSAGE) {
            diag.text.truncate(cut);
            diag.text.push('…');
        }
        // The same place is not reported twice: what follows an error is often only its echo. So is the end of the
        // text after something that ran up to it.
        let at_end = self.tok.tok == Tok::Eof;
        let end = self.text.len() as u32;
        let echo = self.diags.last().is_some_and(|d| {
            d.span == diag.span || at_end && d.span.src == diag.span.src && d.span.hi == end
        });
        if !echo && !self.stopped() {
            self.diags.push(diag);
        }
    }

    fn report(&mut self, tag: Tag, span: Span, text: impl Into<String>) {
        self.push(Diag::new(tag, span, text));
    }

    fn fail(&mut self, tag: Tag, span: Span, text: impl Into<String>) -> Failed {
        self.report(tag, span, text);
        Failed
    }

    /// The next token cannot stand here.
    fn unexpected(&mut self) -> Failed {
        let span = self.here();
        let diag = match &self.tok.tok {
            Tok::Bad(tag, text) => Diag::new(*tag, span, text),
            Tok::Eof => Diag::new(Tag::D_SYNTAX, span, "syntax error near end of input"),
            Tok::Punct(P::RParen) if self.open.parens == 0 => {
                Diag::new(Tag::D_SYNTAX, span, "extra ) in input stream")
            }
            Tok::Punct(P::RBracket) if self.open.brackets == 0 => {
                Diag::new(Tag::D_SYNTAX, span, "extra ] in input stream")
            }
            Tok::PredEnd if self.open.parens > 0 => Diag::new(
                Tag::D_SYNTAX,
                span,
                "closing ) expected in predicate before /",
            ),
            Tok::PredEnd if self.open.brackets > 0 => Diag::new(
                Tag::D_SYNTAX,
                span,
                "closing ] expected in predicate before /",
            ),
            tok => {
                let source = self
                    .text
                    .get(span.lo as usize..span.hi as usize)
                    .unwrap_or(token_text(tok));
                let shown = source
                    .chars()
                    .take(40)
                    .map(|c| if c.is_control() { ' ' } else { c });
                let text = format!("syntax error near \"{}\"", shown.collect::<String>());
                let diag = Diag::new(Tag::D_SYNTAX, span, text);
                match tok {
                    Tok::Kw(k) => match k.why_not() {
                        Some(why) => diag.note(why),
                        None => diag,
                    },
                    _ => diag,
                }
            }
        };
        self.push(diag);
        Failed
    }

    /// Where the next token is. The end of the text is behind the last token, not behind the blanks after it.
    fn here(&self) -> Span {
        match self.tok.tok {
            Tok::Eof => Span {
                lo: self.last.hi,
                ..self.last
            },
            _ => self.tok.span,
        }
    }

    // ---- bounds -------------------------------------------------------------------------------------------------

    /// Run something that may recurse, one level further down.
    fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> PResult<T>) -> PResult<T> {
        if self.nest >= MAX_NEST {
            return Err(self.too_deep(self.tok.span));
        }
        self.nest += 1;
        let result = f(self);
        self.nest -= 1;
        result
    }

    fn too_deep(&mut self, span: Span) -> Failed {
        let text = format!(
            "nesting is too deep (limits: {MAX_NEST} levels, {MAX_DEPTH} operators in a row)"
        );
        self.fail(Tag::D_SYNTAX, span, text)
    }

    // ---- recovery -----------------------------------------------------------------------------------------------

    /// After an error at the top level: go past the next `;` or block that belongs to nothing inside it.
    fn skip_item(&mut self) {
        while self.tok.tok != Tok::Eof && !self.stopped() {
            let ends_it = self.tok.is(P::Semi) || self.tok.is(P::RBrace);
            self.bump_any();
            if ends_it && self.open.braces == 0 {
                // `};` ends many declarations.
                self.eat(P::Semi);
                return;
            }
        }
    }

    /// Go on after an error, wherever it was.
    fn bump_any(&mut self) {
        self.lex.in_predicate = false;
        self.bump();
    }
}

/// A second look at the text: tokens ahead, without consuming them.
#[derive(Clone)]
struct Ahead<'a> {
    lex: Lexer<'a>,
}

impl Ahead<'_> {
    fn next(&mut self) -> Token {
        loop {
            let t = self.lex.next();
            if t.tok != Tok::Directive {
                return t;
            }
        }
    }
}

/// Parse one text as a script without macro arguments: for tests and tools.
pub fn parse_str(text: &str) -> (Sources, Ast, Vec<Diag>) {
    parse_with(text, InputKind::Script, &MacroArgs::default())
}

/// Parse one text with these macro arguments.
pub fn parse_with(text: &str, kind: InputKind, macros: &MacroArgs) -> (Sources, Ast, Vec<Diag>) {
    let mut sources = Sources::new();
    let src = sources.add("test.d", text);
    let options = ParseOptions {
        macros,
        is_type: &|_| false,
        pspec: false,
        empty: false,
    };
    let (ast, diags) = parse(&sources, &[Input { src, kind }], &options);
    (sources, ast, diags)
}
