//! Speculations: records that wait for their commit.
//!
//! The kernel side records a speculating clause like any other, with a token that says which use of which speculation it
//! belongs to; here it is held back until the record of a commit comes (then it is printed, as if it came now) or that of
//! a discard. Records arrive in the order in which they were made, whatever CPU they are from.

use super::{Consumer, head};
use anyhow::Result;
use std::collections::HashMap;
use tracer_ebpf::backend::Session;
use tracer_ebpf::image::FAULT_RECORD;

/// What is held.
#[derive(Default)]
pub(super) struct Speculations {
    held: HashMap<u64, Held>,
    /// By number, the count of its last use that has ended.
    ended: HashMap<u32, u32>,
    /// Records lost for want of space since this was last told.
    pub drops: u64,
}

#[derive(Default)]
struct Held {
    records: Vec<Vec<u8>>,
    bytes: u64,
}

/// Number and count of a token.
fn parts(token: u64) -> (u32, u32) {
    (token as u32, (token >> 32) as u32)
}

impl Speculations {
    /// Keeps a record. `room` is what a speculation may take.
    pub fn hold(&mut self, token: u64, record: &[u8], room: u64) {
        let (number, count) = parts(token);
        // Made before its speculation ended, but behind it in the ring.
        if self.ended.get(&number).is_some_and(|e| count <= *e) {
            return;
        }
        let held = self.held.entry(token).or_default();
        let bytes = held.bytes + record.len() as u64;
        if bytes > room {
            self.drops += 1;
            return;
        }
        held.bytes = bytes;
        held.records.push(record.to_vec());
    }

    /// The speculation has ended: what it held. Token 0 is none.
    pub fn end(&mut self, token: u64) -> Vec<Vec<u8>> {
        let (number, count) = parts(token);
        if token != 0 {
            self.ended.insert(number, count);
        }
        self.held.remove(&token).unwrap_or_default().records
    }
}

impl Consumer<'_> {
    /// Prints what was held.
    pub(super) fn commit(&mut self, token: u64, session: &mut dyn Session) -> Result<()> {
        let records = self.speculations.end(token);
        for (i, record) in records.iter().enumerate() {
            let next = || {
                let cpu = head(record).cpu;
                let mut rest = records.get(i + 1..)?.iter().map(|r| head(r));
                rest.find(|h| h.cpu == cpu && h.clause != FAULT_RECORD)
            };
            self.show(record, &next, session)?;
            self.out.flush_if_full()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_until_the_end() {
        let mut s = Speculations::default();
        let (first, second) = (1 << 32 | 1, 2 << 32 | 1);
        s.hold(first, b"ab", 4);
        s.hold(first, b"cd", 4);
        s.hold(first, b"e", 4);
        assert_eq!(s.drops, 1);
        s.hold(second, b"x", 4);
        assert_eq!(s.end(first), [b"ab", b"cd"]);
        // Late, of a use that is over.
        s.hold(first, b"f", 4);
        assert!(s.end(first).is_empty());
        assert_eq!(s.end(second), [b"x"]);
        assert!(s.end(0).is_empty());
        assert_eq!(s.drops, 1);
    }
}
