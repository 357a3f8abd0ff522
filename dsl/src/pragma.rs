//! Control lines: `#pragma D …` and the few others that D has.
//!
//! Pure text to value: whether an option exists or an identifier is defined is for those who know options and
//! identifiers. `#line` is counted in [`source`](crate::source); here it is only checked.

use crate::ast::{
    AttrTarget, Attributes, DepClass, Dependency, Ident, Name, Pragma, PragmaKind, ProviderPart,
    Stability, Version,
};
use crate::diag::{Diag, Tag};
use crate::source::{Span, parse_line_directive};

/// A word of a control line.
struct Word<'a> {
    text: &'a str,
    span: Span,
    quoted: bool,
}

/// Read a control line: the text from `#` to the end of the line. `library` files may depend on libraries.
pub(crate) fn directive(line: &str, span: Span, library: bool) -> Result<Option<Pragma>, Diag> {
    let hash = line.find('#').map_or(line.len(), |i| i + 1);
    let words = words(line, hash, span);
    let mut words = words.as_slice();
    let Some(first) = take(&mut words) else {
        return Ok(None);
    };
    match first.text {
        "pragma" => pragma(words, span, library),
        "ident" => Ok(None),
        "error" => Err(error_text(words, span)),
        w if w == "line" || w.starts_with(|c: char| c.is_ascii_digit()) => {
            match parse_line_directive(line) {
                Some(_) => Ok(None),
                None => Err(Diag::new(
                    Tag::D_PRAGMA_MALFORM,
                    span,
                    "malformed #line directive",
                )),
            }
        }
        other => Err(Diag::new(
            Tag::D_PRAGCTL_INVAL,
            first.span,
            format!("invalid control directive: #{other}"),
        )
        .note("#include, #define and #if are the C preprocessor's: use -C to run it")),
    }
}

fn take<'w, 'a>(words: &mut &'w [Word<'a>]) -> Option<&'w Word<'a>> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    Some(first)
}

/// Words between blanks; a quoted string is one word without its quotes; comments are blanks.
fn words(line: &str, from: usize, span: Span) -> Vec<Word<'_>> {
    let bytes = line.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut out = Vec::new();
    let mut push = |lo: usize, hi: usize, quoted: bool| {
        let text = line.get(lo..hi).unwrap_or("");
        let at = Span::new(span.src, span.lo + lo as u32, span.lo + hi as u32);
        out.push(Word {
            text,
            span: at,
            quoted,
        });
    };
    let mut i = from;
    while i < bytes.len() {
        match at(i) {
            b if b.is_ascii_whitespace() || b == 11 => i += 1,
            b'\\' if matches!(at(i + 1), b'\n' | b'\r') => i += 1,
            b'/' if at(i + 1) == b'*' => {
                i = line
                    .get(i + 2..)
                    .and_then(|r| r.find("*/"))
                    .map_or(bytes.len(), |n| i + n + 4);
            }
            b'/' if at(i + 1) == b'/' => break,
            b'"' => {
                let end = line
                    .get(i + 1..)
                    .and_then(|r| r.find('"'))
                    .map_or(bytes.len(), |n| i + 1 + n);
                push(i + 1, end, true);
                i = end + 1;
            }
            _ => {
                let start = i;
                while i < bytes.len() && !at(i).is_ascii_whitespace() && at(i) != b'"' {
                    if at(i) == b'/' && at(i + 1) == b'*'
                        || at(i) == b'\\' && matches!(at(i + 1), b'\n' | b'\r')
                    {
                        break;
                    }
                    i += 1;
                }
                push(start, i, false);
            }
        }
    }
    out
}

fn error_text(words: &[Word<'_>], span: Span) -> Diag {
    let text: Vec<&str> = words.iter().map(|w| w.text).collect();
    Diag::new(Tag::D_PRAGERR, span, format!("#error: {}", text.join(" ")))
}

/// Why a pragma cannot be read.
enum Bad {
    /// It does not look as its row of [`PRAGMAS`] says.
    Malformed,
    /// A word names nothing of the kind that is wanted.
    Invalid(Span, &'static str),
}

type Reader = fn(&mut &[Word<'_>]) -> Result<PragmaKind, Bad>;

/// The D pragmas: name, how it is written, how it is read.
const PRAGMAS: &[(&str, &str, Reader)] = &[
    ("option", "<option>=<val>", option),
    ("attributes", "<attributes> <ident>", attributes),
    ("binding", "\"<version>\" <ident>", binding),
    ("depends_on", "<class> <name>", depends_on),
];

fn pragma(mut words: &[Word<'_>], span: Span, library: bool) -> Result<Option<Pragma>, Diag> {
    let malformed = |what: String| Err(Diag::new(Tag::D_PRAGMA_MALFORM, span, what));
    let mut first = take(&mut words);
    let for_d = first.is_some_and(|w| w.text == "D");
    if for_d {
        first = take(&mut words);
    }
    let Some(first) = first else {
        return malformed(format!(
            "malformed #pragma{}",
            if for_d { " D" } else { "" }
        ));
    };
    let name = first.text;
    match name {
        "error" => return Err(error_text(words, span)),
        "ident" | "line" => return Ok(None),
        _ => {}
    }
    let Some((_, form, read)) = PRAGMAS.iter().find(|(n, _, _)| *n == name) else {
        // Pragmas for other compilers are not ours to judge.
        let unknown = || {
            Diag::new(
                Tag::D_PRAGMA_INVAL,
                first.span,
                format!("invalid D pragma: {name}"),
            )
        };
        return if for_d { Err(unknown()) } else { Ok(None) };
    };
    if !for_d {
        return malformed(format!("malformed #pragma {name}: write #pragma D {name}"));
    }
    let kind = match read(&mut words) {
        Ok(kind) => kind,
        Err(Bad::Malformed) => return malformed(format!("malformed #pragma {name} {form}")),
        Err(Bad::Invalid(at, what)) => {
            let text = format!("invalid {what} specified by #pragma {name}");
            return Err(Diag::new(Tag::D_PRAGMA_INVAL, at, text));
        }
    };
    if let Some(extra) = words.first() {
        let text = format!("superfluous arguments specified for #pragma {name}");
        return Err(Diag::new(Tag::D_PRAGMA_MALFORM, extra.span, text));
    }
    if !library
        && let PragmaKind::DependsOn {
            kind: Dependency::Library,
            ..
        } = kind
    {
        return Err(Diag::new(
            Tag::D_PRAGMA_DEPEND,
            span,
            "main program may not explicitly depend on a library",
        ));
    }
    Ok(Some(Pragma { kind, span }))
}

fn word<'w, 'a>(words: &mut &'w [Word<'a>]) -> Result<&'w Word<'a>, Bad> {
    take(words).ok_or(Bad::Malformed)
}

fn ident(words: &mut &[Word<'_>]) -> Result<Ident, Bad> {
    let word = word(words)?;
    Ok(Ident {
        name: word.text.to_string(),
        span: word.span,
    })
}

fn option(words: &mut &[Word<'_>]) -> Result<PragmaKind, Bad> {
    let word = word(words)?;
    let (name, value) = match word.text.split_once('=') {
        Some((name, "")) => {
            // `name="value with blanks"`
            let quoted = words
                .first()
                .filter(|next| next.quoted && next.span.lo == word.span.hi + 1);
            let value = quoted.map_or("", |next| next.text);
            if quoted.is_some() {
                take(words);
            }
            (name, Some(value.to_string()))
        }
        Some((name, value)) => (name, Some(value.to_string())),
        None => (word.text, None),
    };
    if name.is_empty() {
        return Err(Bad::Malformed);
    }
    let span = Span {
        hi: word.span.lo + name.len() as u32,
        ..word.span
    };
    Ok(PragmaKind::Option {
        name: Ident {
            name: name.to_string(),
            span,
        },
        value,
    })
}

/// `name/data/class`
pub fn parse_attributes(text: &str) -> Option<Attributes> {
    let mut parts = text.split('/');
    let name = Stability::from_word(parts.next()?)?;
    let data = Stability::from_word(parts.next()?)?;
    let class = DepClass::from_word(parts.next()?)?;
    parts
        .next()
        .is_none()
        .then_some(Attributes { name, data, class })
}

fn attributes(words: &mut &[Word<'_>]) -> Result<PragmaKind, Bad> {
    let written = word(words)?;
    let target = ident(words)?;
    let attrs = parse_attributes(written.text).ok_or(Bad::Invalid(written.span, "attributes"))?;
    if target.name == "provider" && !words.is_empty() {
        let provider = ident(words)?;
        let part = ident(words)?;
        let row = ProviderPart::from_word(&part.name);
        let part = row.ok_or(Bad::Invalid(part.span, "provider component"))?;
        return Ok(PragmaKind::Attributes {
            attrs,
            target: AttrTarget::Provider { provider, part },
        });
    }
    let (scope, name) = match target.name.rsplit_once('`') {
        Some((scope, name)) => (Some(scope.to_string()), name.to_string()),
        None => (None, target.name),
    };
    Ok(PragmaKind::Attributes {
        attrs,
        target: AttrTarget::Name(Name {
            scope,
            name,
            span: target.span,
        }),
    })
}

fn binding(words: &mut &[Word<'_>]) -> Result<PragmaKind, Bad> {
    let word = word(words)?;
    let name = ident(words)?;
    let version = parse_version(word.text).ok_or(Bad::Invalid(word.span, "version"))?;
    Ok(PragmaKind::Binding { version, name })
}

/// The newest version of D that anybody has numbered: what came with it is here.
pub const NEWEST: Version = Version {
    major: 2,
    minor: 0,
    micro: 0,
};

/// `1.2` or `1.2.3`
pub fn parse_version(text: &str) -> Option<Version> {
    let mut parts = text.split('.');
    let mut number = || {
        parts.next().map(|p| {
            if p.bytes().all(|b| b.is_ascii_digit()) {
                p
            } else {
                ""
            }
        })
    };
    let (major, minor, micro) = (number()?, number()?, number());
    if parts.next().is_some() {
        return None;
    }
    Some(Version {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        micro: micro.unwrap_or("0").parse().ok()?,
    })
}

fn depends_on(words: &mut &[Word<'_>]) -> Result<PragmaKind, Bad> {
    let class = word(words)?;
    let name = ident(words)?;
    let kind = Dependency::from_word(class.text).ok_or(Bad::Invalid(class.span, "class"))?;
    Ok(PragmaKind::DependsOn { kind, name })
}
