//! The buffer policies `ring` and `fill`: records are kept until tracing has ended, and then printed.
//!
//! The kernel side's ring is emptied as always, into a buffer for each CPU here, of `bufsize` bytes. With `ring` the newest
//! records displace the oldest of their CPU; with `fill` the first record that finds no room ends tracing, and later ones of
//! that CPU are left out, but for END's, which always has room.

use super::{Consumer, Head, head, value};
use anyhow::Result;
use std::collections::{BTreeMap, VecDeque};
use tracer_ebpf::backend::Session;
use tracer_ebpf::image::FAULT_RECORD;

/// What becomes of records that find no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They displace the oldest.
    Ring,
    /// They end tracing.
    Fill,
}

/// Records of one CPU, each with its number among all.
#[derive(Default)]
struct Buffer {
    records: VecDeque<(u64, Vec<u8>)>,
    bytes: u64,
}

/// What is kept.
pub(super) struct Held {
    policy: Policy,
    room: u64,
    cpus: BTreeMap<u16, Buffer>,
    count: u64,
    /// A record found no room (`fill`).
    pub full: bool,
}

impl Held {
    pub fn new(policy: Policy, room: u64) -> Held {
        Held {
            policy,
            room,
            cpus: BTreeMap::new(),
            count: 0,
            full: false,
        }
    }

    /// Keeps a record; `last`: it has room in any case.
    pub fn keep(&mut self, cpu: u16, record: &[u8], last: bool) {
        let buffer = self.cpus.entry(cpu).or_default();
        let bytes = record.len() as u64;
        if self.policy == Policy::Fill && !last && buffer.bytes + bytes > self.room {
            self.full = true;
            return;
        }
        self.count += 1;
        buffer.records.push_back((self.count, record.to_vec()));
        buffer.bytes += bytes;
        while self.policy == Policy::Ring
            && buffer.bytes > self.room
            && let Some((_, old)) = buffer.records.pop_front()
        {
            buffer.bytes -= old.len() as u64;
        }
    }

    /// Everything, in the order in which it was recorded.
    fn take(&mut self) -> Vec<Vec<u8>> {
        let buffers = std::mem::take(&mut self.cpus).into_values();
        let mut all: Vec<(u64, Vec<u8>)> = buffers.flat_map(|b| b.records).collect();
        all.sort_by_key(|(n, _)| *n);
        all.into_iter().map(|(_, record)| record).collect()
    }
}

impl Consumer<'_> {
    /// Whether tracing has to end because a buffer is full.
    pub fn full(&self) -> bool {
        self.held.as_ref().is_some_and(|h| h.full)
    }

    /// Keeps a record for later, and looks at what will be gone then.
    pub(super) fn keep(&mut self, record: &[u8]) {
        let h = head(record);
        let end = self.is_end(h);
        if let Some(held) = &mut self.held {
            held.keep(h.cpu, record, end);
        }
        if h.clause != FAULT_RECORD
            && let Some(layout) = self.enabling.records.get(usize::from(h.clause))
        {
            for (_, v) in value::fields(layout, record) {
                match v {
                    value::Value::Ustack { pid, .. } | value::Value::Sym { pid, .. } => {
                        self.symbols.observe(pid);
                    }
                    _ => {}
                }
            }
        }
    }

    fn is_end(&self, h: Head) -> bool {
        let probe = self.enabling.probes.get(h.probe as usize);
        probe.is_some_and(|p| p.provider == "dtrace".into() && p.name == "END".into())
    }

    /// Prints what was kept.
    pub fn print_held(&mut self, session: &mut dyn Session) -> Result<()> {
        let Some(mut held) = self.held.take() else {
            return Ok(());
        };
        let records = held.take();
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        self.print_all(&records, session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_the_newest_of_each_cpu() {
        let mut h = Held::new(Policy::Ring, 4);
        h.keep(0, b"ab", false);
        h.keep(1, b"x", false);
        h.keep(0, b"cd", false);
        h.keep(0, b"e", false);
        assert!(!h.full);
        assert_eq!(h.take(), [&b"x"[..], b"cd", b"e"]);
        // What is larger than the buffer is not kept, nor is anything that was in its way.
        h.keep(0, b"a", false);
        h.keep(0, b"abcde", false);
        assert!(h.take().is_empty());
    }

    #[test]
    fn a_full_buffer_ends_it() {
        let mut h = Held::new(Policy::Fill, 4);
        h.keep(0, b"ab", false);
        h.keep(0, b"cd", false);
        assert!(!h.full);
        h.keep(0, b"e", false);
        assert!(h.full);
        h.keep(1, b"y", false);
        h.keep(0, b"END", true);
        assert_eq!(h.take(), [&b"ab"[..], b"cd", b"y", b"END"]);
    }
}
