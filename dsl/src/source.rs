//! Sources and spans.

/// A range of bytes in the concatenated sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub lo: u32,
    /// One past the last.
    pub hi: u32,
}
