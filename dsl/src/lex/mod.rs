//! Text to tokens.
//!
//! The grammar is read in two ways. Inside clauses and declarations this is a C-like lexer ([`Lexer::next`]). Outside
//! clauses a word may be a probe description, whose characters mean something else; there the parser asks for
//! [`Lexer::word`]. The lexer never fails and never reports: what is no token becomes [`Tok::Bad`], and the parser
//! decides whether anyone gets to hear of it. Copies are cheap, and looking ahead is lexing with a copy.

mod literal;
mod macros;
pub(crate) mod token;

use macros::Expansion;
pub use macros::MacroArgs;
pub(crate) use macros::MacroState;
use token::{Kw, P, PUNCTS, Tok, Token};

use crate::ast::{IntLit, Radix};
use crate::diag::Tag;
use crate::source::{SourceId, Span};

/// Where we are in one source.
#[derive(Clone, Copy)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    src: SourceId,
    pos: usize,
    /// Inside a block comment (only after `/*` was found in one).
    in_comment: bool,
    /// Inside a predicate, where `//*` ends it and begins a comment.
    pub(crate) in_predicate: bool,
    pub(crate) macros: &'a MacroState<'a>,
}

/// A word outside clauses: raw text, and the fields of the probe description it may be.
pub(crate) struct Word<'a> {
    pub(crate) raw: &'a str,
    pub(crate) span: Span,
}

pub(crate) fn is_ident_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b == b'`'
}

pub(crate) fn is_ident_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'`'
}

fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_-$:.?*\\[]!`".contains(&b)
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, src: SourceId, macros: &'a MacroState<'a>) -> Lexer<'a> {
        Lexer {
            text,
            src,
            pos: 0,
            in_comment: false,
            in_predicate: false,
            macros,
        }
    }

    /// Go on from this byte, which begins or ends a token.
    pub(crate) fn seek(&mut self, pos: u32) {
        self.pos = (pos as usize).min(self.text.len());
        self.in_comment = false;
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or("")
    }

    fn at(&self, ahead: usize) -> u8 {
        self.text
            .as_bytes()
            .get(self.pos + ahead)
            .copied()
            .unwrap_or(0)
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(self.src, start as u32, self.pos as u32)
    }

    /// The next token, as inside clauses.
    pub(crate) fn next(&mut self) -> Token {
        if let Some(bad) = self.skip_blank() {
            return bad;
        }
        let start = self.pos;
        let tok = self.token();
        Token {
            tok,
            span: self.span_from(start),
        }
    }

    fn token(&mut self) -> Tok {
        if self.pos >= self.text.len() {
            return Tok::Eof;
        }
        match self.at(0) {
            b'#' if self.at_line_start() => {
                self.pos += self.directive_len();
                Tok::Directive
            }
            b if is_ident_start(b) => {
                let word = self.take_ident();
                word_token(word)
            }
            b'0'..=b'9' => self.take(literal::integer),
            b'.' if self.at(1).is_ascii_digit() => {
                self.pos += 1;
                let (_, len) = literal::integer(self.rest());
                self.pos += len;
                Tok::Bad(
                    Tag::D_SYNTAX,
                    "floating-point constants are not permitted".into(),
                )
            }
            b'"' | b'\'' => self.take(literal::quoted),
            b'@' => {
                self.pos += 1;
                match self.take_ident() {
                    "" => Tok::Agg("_".into()),
                    name => Tok::Agg(name.into()),
                }
            }
            b'$' => self.macro_token(),
            b'/' if self.ends_predicate() => {
                self.pos += 1;
                Tok::PredEnd
            }
            _ => match PUNCTS
                .iter()
                .find(|(text, _)| self.rest().starts_with(text))
            {
                Some((text, p)) => {
                    self.pos += text.len();
                    Tok::Punct(*p)
                }
                None => {
                    let c = self.rest().chars().next().unwrap_or(' ');
                    self.pos += c.len_utf8();
                    Tok::Bad(
                        Tag::D_SYNTAX,
                        format!("syntax error near \"{}\"", c.escape_debug()),
                    )
                }
            },
        }
    }

    fn take(&mut self, f: fn(&str) -> (Tok, usize)) -> Tok {
        let (tok, len) = f(self.rest());
        self.pos += len;
        tok
    }

    fn take_ident(&mut self) -> &'a str {
        let len = self
            .rest()
            .bytes()
            .take_while(|b| is_ident_byte(*b))
            .count();
        let word = self.rest().get(..len).unwrap_or("");
        self.pos += len;
        word
    }

    /// Skip white space and comments. A comment that is not right becomes a token, so that it is reported once.
    pub(crate) fn skip_blank(&mut self) -> Option<Token> {
        loop {
            if self.in_comment {
                let start = self.pos;
                if let Some((tag, what)) = self.rest_of_comment() {
                    return Some(Token {
                        tok: Tok::Bad(tag, what),
                        span: self.span_from(start),
                    });
                }
            }
            match (self.at(0), self.at(1)) {
                (b' ' | b'\t' | b'\r' | b'\n' | 11 | 12, _) if self.pos < self.text.len() => {
                    self.pos += 1
                }
                (b'/', b'*') => {
                    let start = self.pos;
                    self.pos += 2;
                    if let Some((tag, what)) = self.rest_of_comment() {
                        return Some(Token {
                            tok: Tok::Bad(tag, what),
                            span: self.span_from(start),
                        });
                    }
                }
                // `//` is an addition to D, where a predicate's last `/` may meet a comment: `/x//* why */`.
                (b'/', b'/') if !(self.in_predicate && self.at(2) == b'*') => {
                    self.pos += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                (b'#', b'!') if self.at_line_start() => {
                    self.pos += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return None,
            }
        }
    }

    /// Go past `*/`. What is wrong with the comment, if anything.
    fn rest_of_comment(&mut self) -> Option<(Tag, String)> {
        let bytes = self.rest().as_bytes();
        let found = bytes.windows(2).enumerate().find(|(i, two)| match *two {
            b"*/" => true,
            // "/*/" inside a comment closes it, as in C.
            b"/*" => bytes.get(i + 2) != Some(&b'/'),
            _ => false,
        });
        self.in_comment = matches!(found, Some((_, b"/*")));
        let Some((at, _)) = found else {
            self.pos = self.text.len();
            return Some((
                Tag::D_SYNTAX,
                "end-of-file encountered before matching */".into(),
            ));
        };
        self.pos += at + 2;
        self.in_comment
            .then(|| (Tag::D_SYNTAX, "/* encountered inside a comment".into()))
    }

    fn at_line_start(&self) -> bool {
        let before = self.text.get(..self.pos).unwrap_or("");
        matches!(
            before
                .trim_end_matches([' ', '\t', '\r', '\u{b}', '\u{c}'])
                .as_bytes()
                .last(),
            None | Some(b'\n')
        )
    }

    /// How long the control line here is: to the end of the line, or further where a backslash or a comment says so.
    fn directive_len(&self) -> usize {
        let bytes = self.rest().as_bytes();
        let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
        let mut i = 0;
        while i < bytes.len() && at(i) != b'\n' {
            i += match (at(i), at(i + 1)) {
                (b'\\', b'\n') => 2,
                (b'\\', b'\r') if at(i + 2) == b'\n' => 3,
                (b'"', _) => {
                    let line = bytes.iter().skip(i + 1).take_while(|b| **b != b'\n');
                    line.copied().position(|b| b == b'"').map_or(1, |n| n + 2)
                }
                (b'/', b'*') => self
                    .rest()
                    .get(i + 2..)
                    .and_then(|r| r.find("*/"))
                    .map_or(bytes.len() - i, |n| n + 4),
                _ => 1,
            };
        }
        i.min(bytes.len())
    }

    /// A `/` ends the predicate when nothing that could be divided by follows.
    fn ends_predicate(&self) -> bool {
        if self.at(1) == b'=' {
            return false;
        }
        let mut ahead = *self;
        ahead.pos += 1;
        loop {
            if ahead.skip_blank().is_some() {
                return false;
            }
            if ahead.at(0) != b'#' || !ahead.at_line_start() {
                break;
            }
            ahead.pos += ahead.directive_len();
        }
        ahead.pos >= ahead.text.len() || matches!(ahead.at(0), b'{' | b'/' | b';')
    }

    /// `$1`, `$$1`, `$target`, `$$target`
    fn macro_token(&mut self) -> Tok {
        let start = self.pos;
        let (name, as_string) = self.macro_name();
        let shown = self.text.get(start..self.pos).unwrap_or("$");
        if name.is_empty() {
            return Tok::Bad(Tag::D_SYNTAX, format!("syntax error near \"{shown}\""));
        }
        match self.macros.expand(name) {
            Expansion::Text(text) if as_string => Tok::Str(text.as_bytes().to_vec()),
            Expansion::Text(text) => literal::macro_integer(text).unwrap_or_else(|| {
                let is_name = text.bytes().next().is_some_and(is_ident_start)
                    && text.bytes().all(is_ident_byte);
                if is_name {
                    word_token(text)
                } else {
                    Tok::Str(text.as_bytes().to_vec())
                }
            }),
            Expansion::Default if as_string => Tok::Str(Vec::new()),
            Expansion::Default => Tok::Int(IntLit {
                value: 0,
                radix: Radix::Decimal,
                unsigned: false,
                longs: 0,
            }),
            Expansion::Undefined => Tok::Bad(
                Tag::D_MACRO_UNDEF,
                format!("macro argument {shown} is not defined"),
            ),
            Expansion::TooLarge => Tok::Bad(
                Tag::D_MACRO_OFLOW,
                format!("macro argument {shown} exceeds maximum"),
            ),
        }
    }

    /// Take `$name` or `$$name`; the name is empty where no macro begins.
    fn macro_name(&mut self) -> (&'a str, bool) {
        let as_string = self.at(1) == b'$';
        self.pos += 1 + usize::from(as_string);
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let name = self.rest().get(..digits).unwrap_or("");
            self.pos += digits;
            return (name, as_string);
        }
        let len = self
            .rest()
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let name = self.rest().get(..len).unwrap_or("");
        self.pos += len;
        (name, as_string)
    }

    /// The word here, as outside clauses; blanks must have been skipped. Empty where none begins.
    pub(crate) fn word(&mut self) -> Word<'a> {
        let start = self.pos;
        let len = self.rest().bytes().take_while(|b| is_word_byte(*b)).count();
        let raw = self.rest().get(..len).unwrap_or("");
        self.pos += len;
        Word {
            raw,
            span: self.span_from(start),
        }
    }

    /// The first byte that is not blank from here on; 0 at the end.
    pub(crate) fn peek_byte(&self) -> u8 {
        let mut ahead = *self;
        match ahead.skip_blank() {
            None => ahead.at(0),
            Some(_) => 0,
        }
    }

    /// Cut a word into the fields of a probe description, macro arguments replaced.
    pub(crate) fn fields(
        &self,
        word: &Word<'a>,
    ) -> Result<Vec<(String, Span)>, (Tag, String, Span)> {
        let mut at = *self;
        at.pos = word.span.lo as usize;
        let end = word.span.hi as usize;
        let mut fields = vec![(
            String::new(),
            Span::new(self.src, word.span.lo, word.span.lo),
        )];
        while at.pos < end {
            let start = at.pos;
            let text = match at.at(0) {
                b'$' => {
                    let (name, _) = at.macro_name();
                    let span = at.span_from(start);
                    let shown = self.text.get(start..at.pos).unwrap_or("$");
                    match at.macros.expand(name) {
                        _ if name.is_empty() => "$",
                        Expansion::Text(text) => text,
                        Expansion::Default => "",
                        Expansion::Undefined => {
                            return Err((
                                Tag::D_MACRO_UNDEF,
                                format!("macro argument {shown} is not defined"),
                                span,
                            ));
                        }
                        Expansion::TooLarge => {
                            return Err((
                                Tag::D_MACRO_OFLOW,
                                format!("macro argument {shown} exceeds maximum"),
                                span,
                            ));
                        }
                    }
                }
                _ => {
                    let len = at.rest().chars().next().map_or(1, char::len_utf8);
                    at.pos += len;
                    self.text.get(start..at.pos).unwrap_or("")
                }
            };
            for (i, piece) in text.split(':').enumerate() {
                if i > 0 {
                    fields.push((
                        String::new(),
                        Span::new(self.src, at.pos as u32, at.pos as u32),
                    ));
                }
                if let Some((field, span)) = fields.last_mut() {
                    field.push_str(piece);
                    if !piece.is_empty() {
                        span.hi = at.pos as u32;
                    }
                    if field.len() > MAX_FIELD {
                        return Err((
                            Tag::D_PDESC_INVAL,
                            "probe description is too long".into(),
                            word.span,
                        ));
                    }
                }
            }
        }
        Ok(fields)
    }
}

/// Longer fields match nothing, and a macro argument that is repeated must not fill memory.
const MAX_FIELD: usize = 4096;

fn word_token(word: &str) -> Tok {
    Kw::from_word(word).map_or_else(|| Tok::Ident(word.into()), Tok::Kw)
}

/// The text of a token for messages, when the source does not hold it.
pub(crate) fn token_text(tok: &Tok) -> &str {
    match tok {
        Tok::Ident(s) | Tok::Agg(s) => s,
        Tok::Kw(k) => k.text(),
        Tok::Punct(p) => p.text(),
        Tok::PredEnd => P::Slash.text(),
        _ => "",
    }
}
