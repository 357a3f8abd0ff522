//! Source texts and places in them.
//!
//! One compilation reads several texts: every `-n`/`-P`/… string, every `-s` file, library files. Each is a
//! [`Source`]; a [`Span`] names a byte range of one of them, and [`Sources::locate`] turns a span into the file, line
//! and column a person would name. `#line` and `# N "file"` (what cpp leaves behind) are honoured here and nowhere
//! else, so that neither lexer nor parser counts lines.

/// Which text of a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

impl SourceId {
    /// No text at all: what a diagnostic about the command line points to.
    pub const NONE: SourceId = SourceId(u32::MAX);
}

/// The bytes `lo..hi` of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text.
    pub src: SourceId,
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

impl Span {
    /// A span that points nowhere.
    pub const NONE: Span = Span {
        src: SourceId::NONE,
        lo: 0,
        hi: 0,
    };

    /// The bytes `lo..hi` of `src`.
    pub fn new(src: SourceId, lo: u32, hi: u32) -> Span {
        Span { src, lo, hi }
    }

    /// The smallest span that covers both. Spans of different sources do not join: the first wins.
    pub fn to(self, other: Span) -> Span {
        if self.src != other.src {
            return self;
        }
        Span {
            src: self.src,
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// Whether this points nowhere.
    pub fn is_none(self) -> bool {
        self.src == SourceId::NONE
    }
}

impl Default for Span {
    fn default() -> Span {
        Span::NONE
    }
}

/// Where a span begins, as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loc<'a> {
    /// The file, after `#line`.
    pub file: &'a str,
    /// Line from 1, after `#line`.
    pub line: u32,
    /// Column from 1, in characters.
    pub col: u32,
}

/// From `offset` on, lines are numbered from `line` and belong to `file` (when given).
#[derive(Clone, Debug)]
struct LineMark {
    /// Index of the physical line that the mark applies from.
    physical: usize,
    line: u32,
    file: Option<String>,
}

/// A named text.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name, or a description such as `-n #1`.
    pub name: String,
    /// The text itself.
    pub text: String,
    line_starts: Vec<u32>,
    marks: Vec<LineMark>,
}

/// Texts longer than this are cut: spans are 32-bit, and no D program comes near.
pub const MAX_SOURCE_BYTES: usize = 64 << 20;

impl Source {
    /// Take a text and find its lines and `#line` marks.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let mut text: String = text.into();
        if text.len() > MAX_SOURCE_BYTES {
            let mut cut = MAX_SOURCE_BYTES;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text.truncate(cut);
        }
        let mut line_starts = vec![0];
        line_starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(i, _)| i as u32 + 1),
        );
        let marks = find_marks(&text, &line_starts);
        Source {
            name: name.into(),
            text,
            line_starts,
            marks,
        }
    }

    fn physical_line(&self, offset: u32) -> usize {
        self.line_starts
            .partition_point(|s| *s <= offset)
            .saturating_sub(1)
    }

    /// File, line and column of a byte offset.
    pub fn locate(&self, offset: u32) -> Loc<'_> {
        let physical = self.physical_line(offset);
        let start = self.line_starts.get(physical).copied().unwrap_or(0) as usize;
        let col = self
            .text
            .get(start..offset as usize)
            .map_or(1, |s| s.chars().count() as u32 + 1);
        let in_force = self.marks.partition_point(|m| m.physical <= physical);
        let marks = self.marks.get(..in_force).unwrap_or(&[]);
        let line = match marks.last() {
            Some(m) => m.line.saturating_add((physical - m.physical) as u32),
            None => physical as u32 + 1,
        };
        let file = marks
            .iter()
            .rev()
            .find_map(|m| m.file.as_deref())
            .unwrap_or(&self.name);
        Loc { file, line, col }
    }

    /// The physical line that holds a byte offset, without its newline, and the offset where it begins.
    pub fn line_text(&self, offset: u32) -> (&str, u32) {
        let physical = self.physical_line(offset);
        let start = self.line_starts.get(physical).copied().unwrap_or(0);
        let end = self
            .line_starts
            .get(physical + 1)
            .map_or(self.text.len(), |e| *e as usize - 1);
        let line = self.text.get(start as usize..end).unwrap_or("");
        (line.strip_suffix('\r').unwrap_or(line), start)
    }
}

/// Find `#line N ["file"]` and `# N "file"` lines outside block comments.
fn find_marks(text: &str, line_starts: &[u32]) -> Vec<LineMark> {
    let mut marks = Vec::new();
    let mut in_comment = false;
    for (i, line) in text.split('\n').enumerate().take(line_starts.len()) {
        if !in_comment && let Some((line, file)) = parse_line_directive(line) {
            marks.push(LineMark {
                physical: i + 1,
                line,
                file,
            });
            continue;
        }
        in_comment = comment_state_after(line, in_comment);
    }
    marks
}

/// Whether a block comment is open at the end of `line`. Strings hide `/*`; so do `//` comments.
fn comment_state_after(line: &str, mut in_comment: bool) -> bool {
    let bytes = line.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let (mut i, mut quote) = (0, 0u8);
    while i < bytes.len() {
        match at(i) {
            b'*' if in_comment && at(i + 1) == b'/' => {
                in_comment = false;
                i += 1;
            }
            _ if in_comment => {}
            b'\\' if quote != 0 => i += 1,
            q if q == quote => quote = 0,
            _ if quote != 0 => {}
            q @ (b'"' | b'\'') => quote = q,
            b'/' if at(i + 1) == b'*' => {
                in_comment = true;
                i += 1;
            }
            b'/' if at(i + 1) == b'/' && at(i + 2) != b'*' => return false,
            _ => {}
        }
        i += 1;
    }
    in_comment
}

/// `#line 12`, `#line 12 "f"`, `# 12 "f" 1 3` → the number and the file. Anything else is not a line mark.
pub(crate) fn parse_line_directive(line: &str) -> Option<(u32, Option<String>)> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    let rest = match rest.strip_prefix("line") {
        Some(r) if r.starts_with([' ', '\t']) => r.trim_start(),
        Some(_) => return None,
        None => rest,
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u32 = rest.get(..digits)?.parse().ok()?;
    let after = rest.get(digits..)?.trim();
    if after.is_empty() {
        return Some((number, None));
    }
    let (file, flags) = after.strip_prefix('"')?.split_once('"')?;
    if !flags
        .chars()
        .all(|c| c.is_ascii_digit() || c.is_ascii_whitespace())
    {
        return None;
    }
    Some((number, Some(file.to_string())))
}

/// Every text of one compilation.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

impl Sources {
    /// None yet.
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Add a text; the id is what spans carry.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.list.push(Source::new(name, text));
        SourceId(self.list.len() as u32 - 1)
    }

    /// The source with this id.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.list.get(id.0 as usize)
    }

    /// All sources in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.list
            .iter()
            .enumerate()
            .map(|(i, s)| (SourceId(i as u32), s))
    }

    /// Where a span begins; `None` for [`Span::NONE`].
    pub fn locate(&self, span: Span) -> Option<Loc<'_>> {
        self.get(span.src).map(|s| s.locate(span.lo))
    }

    /// The text of a span; empty when it points nowhere.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.src)
            .and_then(|s| s.text.get(span.lo as usize..span.hi as usize))
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let s = Source::new("a.d", "one\ntwo é x\n\nlast");
        assert_eq!(
            s.locate(0),
            Loc {
                file: "a.d",
                line: 1,
                col: 1
            }
        );
        assert_eq!(
            s.locate(4),
            Loc {
                file: "a.d",
                line: 2,
                col: 1
            }
        );
        assert_eq!(
            s.locate(11),
            Loc {
                file: "a.d",
                line: 2,
                col: 7
            }
        );
        assert_eq!(
            s.locate(13),
            Loc {
                file: "a.d",
                line: 3,
                col: 1
            }
        );
        assert_eq!(
            s.locate(18),
            Loc {
                file: "a.d",
                line: 4,
                col: 5
            }
        );
        assert_eq!(s.line_text(5), ("two é x", 4));
        assert_eq!(s.line_text(9999).0, "last");
    }

    #[test]
    fn line_directives() {
        let s = Source::new(
            "a.d",
            "x\n#line 100 \"inc.h\"\ny\nz\n# 7 \"a.d\" 2\nw\n#line 50\nv\n",
        );
        let line_of = |needle: &str| {
            let l = s.locate(s.text.find(needle).unwrap() as u32);
            (l.file.to_string(), l.line)
        };
        assert_eq!(line_of("x"), ("a.d".into(), 1));
        assert_eq!(line_of("y"), ("inc.h".into(), 100));
        assert_eq!(line_of("z"), ("inc.h".into(), 101));
        assert_eq!(line_of("w"), ("a.d".into(), 7));
        assert_eq!(line_of("v"), ("a.d".into(), 50));
    }

    #[test]
    fn line_directive_in_a_comment_is_text() {
        let s = Source::new("a.d", "/*\n#line 100\n*/ \"/*\"\n#line 5\nx");
        assert_eq!(s.locate(3).line, 2);
        assert_eq!(s.locate(s.text.len() as u32 - 1).line, 5);
    }

    #[test]
    fn directive_forms() {
        assert_eq!(parse_line_directive("#line 3"), Some((3, None)));
        assert_eq!(
            parse_line_directive("  # 3 \"f\" 1 3 4"),
            Some((3, Some("f".into())))
        );
        for not in [
            "#pragma D option x",
            "#line",
            "#line x",
            "#liner 3",
            "# 3 junk",
            "#line 99999999999",
            "3",
        ] {
            assert_eq!(parse_line_directive(not), None, "{not}");
        }
    }
}
