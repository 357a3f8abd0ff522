//! Globs of probe descriptions: `*`, `?`, `[set]` with ranges, `[!set]`, `\` escapes. An empty glob matches anything.

use dsl::program::ProbeDesc;

/// One field of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glob {
    /// Empty: matches anything.
    Any,
    /// No wildcard: the text itself, escapes resolved.
    Literal(String),
    /// Has wildcards.
    Pattern(Vec<Piece>),
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// `*`
    Star,
    /// `?`
    One,
    /// A character.
    Char(char),
    /// `[…]`: ranges, both ends included.
    Set {
        /// `[!…]`
        negated: bool,
        /// At least one.
        ranges: Vec<(char, char)>,
    },
    /// A set that is not closed: matches nothing, as in DTrace.
    Never,
}

impl Glob {
    /// Reads one; every text is a glob.
    pub fn new(text: &str) -> Glob {
        if text.is_empty() {
            return Glob::Any;
        }
        let chars: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        let mut i = 0;
        while let Some(&c) = chars.get(i) {
            i += 1;
            pieces.push(match c {
                '*' => Piece::Star,
                '?' => Piece::One,
                '[' => set(&chars, &mut i),
                '\\' => match chars.get(i) {
                    Some(&escaped) => {
                        i += 1;
                        Piece::Char(escaped)
                    }
                    None => Piece::Char('\\'),
                },
                c => Piece::Char(c),
            });
        }
        if pieces.iter().all(|p| *p == Piece::Star) {
            return Glob::Any;
        }
        let literal: Option<String> = pieces
            .iter()
            .map(|p| match p {
                Piece::Char(c) => Some(*c),
                _ => None,
            })
            .collect();
        match literal {
            Some(text) => Glob::Literal(text),
            None => Glob::Pattern(pieces),
        }
    }

    /// Whether it matches the whole of `text`.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Glob::Any => true,
            Glob::Literal(t) => t == text,
            Glob::Pattern(pieces) => matches(pieces, text),
        }
    }

    /// The only text that it matches, if there is just one.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Glob::Literal(t) => Some(t),
            Glob::Any | Glob::Pattern(_) => None,
        }
    }
}

/// Reads a set; `i` stands behind the `[`.
fn set(chars: &[char], i: &mut usize) -> Piece {
    let mut at = *i;
    let negated = chars.get(at) == Some(&'!');
    if negated {
        at += 1;
    }
    let mut ranges = Vec::new();
    loop {
        let Some(&c) = chars.get(at) else {
            *i = chars.len();
            return Piece::Never;
        };
        // A `]` at the first place belongs to the set.
        if c == ']' && !ranges.is_empty() {
            *i = at + 1;
            return Piece::Set { negated, ranges };
        }
        let low = unescape(chars, &mut at);
        let high = match (chars.get(at), chars.get(at + 1)) {
            (Some('-'), Some(&end)) if end != ']' => {
                at += 1;
                unescape(chars, &mut at)
            }
            _ => low,
        };
        ranges.push((low, high));
    }
}

/// The character at `at`, or the one behind a backslash. `at` is in bounds.
fn unescape(chars: &[char], at: &mut usize) -> char {
    let c = chars.get(*at).copied().unwrap_or('\\');
    *at += 1;
    match (c, chars.get(*at)) {
        ('\\', Some(&escaped)) => {
            *at += 1;
            escaped
        }
        _ => c,
    }
}

/// Linear in the text for each star: on a mismatch only the last star is tried again.
fn matches(pieces: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match (pieces.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(Piece::Star), _) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            (Some(piece), Some(&c)) => match piece {
                Piece::Star | Piece::Never => false,
                Piece::One => true,
                Piece::Char(want) => *want == c,
                Piece::Set { negated, ranges } => {
                    ranges.iter().any(|&(a, b)| (a..=b).contains(&c)) != *negated
                }
            },
            (Some(_), None) => return false,
            (None, Some(_)) => false,
        };
        if step {
            p += 1;
            t += 1;
        } else {
            let Some((star, from)) = retry else {
                return false;
            };
            retry = Some((star, from + 1));
            p = star;
            t = from + 1;
        }
    }
}

/// A description, its four fields read.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Provider.
    pub provider: Glob,
    /// Module.
    pub module: Glob,
    /// Function.
    pub function: Glob,
    /// Name.
    pub name: Glob,
}

impl Pattern {
    /// Reads the fields of a description; its id is not looked at.
    pub fn new(desc: &ProbeDesc) -> Pattern {
        Pattern {
            provider: Glob::new(&desc.provider),
            module: Glob::new(&desc.module),
            function: Glob::new(&desc.function),
            name: Glob::new(&desc.name),
        }
    }

    /// Whether it matches a probe of these names, the provider aside.
    pub fn matches(&self, module: &str, function: &str, name: &str) -> bool {
        self.name.matches(name) && self.function.matches(function) && self.module.matches(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, yes, no) in [
            ("", &["", "x", "read"][..], &[][..]),
            ("*", &["", "x"], &[]),
            ("read", &["read"], &["pread", "reads", "", "r"]),
            ("*read", &["read", "pread"], &["reads"]),
            ("read*", &["read", "readv"], &["pread"]),
            ("*r*d*", &["read", "xrxdx", "rd"], &["dr", "r"]),
            ("r?ad", &["read", "road"], &["rad", "reead"]),
            ("r[a-ez]d", &["rad", "red", "rzd"], &["rfd", "r-d", "rd"]),
            ("r[!a-e]d", &["rfd", "r!d"], &["rad", "rd"]),
            ("r[]x]d", &["r]d", "rxd"], &["rd"]),
            ("r[a-]d", &["rad", "r-d"], &["rbd"]),
            ("r[", &[], &["r", "r["]),
            ("r\\*", &["r*"], &["rx", "r"]),
            ("[\\]]", &["]"], &["\\"]),
            ("r\\", &["r\\"], &["r"]),
            ("a*b*c", &["abc", "aabbc", "axxbxxbxc"], &["acb", "ab"]),
            ("tick-1s", &["tick-1s"], &["tick-1"]),
        ] {
            let g = Glob::new(glob);
            for t in yes {
                assert!(g.matches(t), "{glob:?} should match {t:?}");
            }
            for t in no {
                assert!(!g.matches(t), "{glob:?} should not match {t:?}");
            }
        }
        assert_eq!(Glob::new("a\\*b").literal(), Some("a*b"));
        assert_eq!(Glob::new("**"), Glob::Any);
        // Many stars: no exponential time.
        assert!(!Glob::new(&"*a".repeat(50)).matches(&"a".repeat(49)));
    }
}
