//! Reading records where the module writes them: `struct dt_ring` and the memory around it, as `kmod/dt_abi.h` describes it.
//!
//! One reader for the device (which maps that memory) and for the machine in this process (which has it at hand), so that what the
//! storms and the sanitizers try is what reads the records of a live system.

use std::sync::atomic::{AtomicU32, Ordering};

/// `struct dt_ring`: one CPU's. The reader only looks at it.
#[repr(C)]
struct State {
    reserved: AtomicU32,
    published: AtomicU32,
    nest: AtomicU32,
    drops: AtomicU32,
    unused: [u32; 12],
}

const _: () = assert!(size_of::<State>() == 64);

/// `struct dt_record`: its length and its number, before each record.
const HEADER: u32 = 8;

/// Bytes of a part that has so many in use.
const fn part(bytes: usize) -> usize {
    bytes.next_multiple_of(4096)
}

/// Where the parts are.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Rings.
    pub cpus: usize,
    /// Bytes of each: a power of two.
    pub size: u32,
}

impl Layout {
    /// Bytes of the part that the reader writes; it comes first.
    pub const fn writable(self) -> usize {
        part(self.cpus * size_of::<AtomicU32>())
    }

    const fn records(self) -> usize {
        self.writable() + part(self.cpus * size_of::<State>())
    }

    /// Of all parts.
    pub const fn bytes(self) -> usize {
        self.records() + part(self.cpus * self.size as usize)
    }
}

/// What the module wrote does not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CPU {cpu}'s records are not in order: one of {bytes} bytes is said to be at {at:#x}")]
pub struct Torn {
    cpu: usize,
    at: u32,
    bytes: u32,
}

/// The oldest record of one CPU.
#[derive(Clone, Copy)]
struct Oldest {
    at: u32,
    bytes: u32,
    number: u32,
}

/// The rings of one map.
pub struct Rings {
    base: *const u8,
    layout: Layout,
}

// SAFETY: all that changes under a reader's eyes is behind atomics; the bytes between consumed and published are nobody's to change
// until this reader says so.
unsafe impl Send for Rings {}
// SAFETY: as above. Taking from one ring is for one thread at a time, which callers see to: two would both be given the same
// record, while the first makes its place the module's again.
unsafe impl Sync for Rings {}

impl Rings {
    /// # Safety
    /// `base` is on a boundary of 4 bytes, and the layout's bytes are there for as long as this value is, the writable ones to be written; what
    /// else writes there does so as the module does.
    pub unsafe fn new(base: *const u8, layout: Layout) -> Rings {
        Rings { base, layout }
    }

    /// How many.
    pub fn cpus(&self) -> usize {
        self.layout.cpus
    }

    fn consumed(&self, cpu: usize) -> &AtomicU32 {
        debug_assert!(cpu < self.layout.cpus);
        // SAFETY: `cpu` is below the count (all callers go through 0..cpus), so it is inside the first part.
        unsafe { &*self.base.cast::<AtomicU32>().add(cpu) }
    }

    fn state(&self, cpu: usize) -> &State {
        debug_assert!(cpu < self.layout.cpus);
        // SAFETY: as above, in the second part, which begins on a page.
        unsafe {
            &*self
                .base
                .add(self.layout.writable())
                .cast::<State>()
                .add(cpu)
        }
    }

    /// Bytes from a position on, up to the ring's end and what is left at its beginning.
    ///
    /// # Safety
    /// They lie between what is consumed and what is published: the module leaves them alone.
    unsafe fn at(&self, cpu: usize, position: u32, bytes: u32) -> (&[u8], &[u8]) {
        let size = self.layout.size;
        let from = position & (size - 1);
        let first = bytes.min(size - from);
        let ring = self.layout.records() + cpu * size as usize;
        // SAFETY: both are inside this CPU's ring (`bytes` is no more than its size, which the callers see to), and nobody writes there.
        unsafe {
            (
                std::slice::from_raw_parts(self.base.add(ring + from as usize), first as usize),
                std::slice::from_raw_parts(self.base.add(ring), (bytes - first) as usize),
            )
        }
    }

    fn oldest(&self, cpu: usize) -> Result<Option<Oldest>, Torn> {
        let at = self.consumed(cpu).load(Ordering::Relaxed);
        let ready = self
            .state(cpu)
            .published
            .load(Ordering::Acquire)
            .wrapping_sub(at);
        if ready == 0 {
            return Ok(None);
        }
        let torn = |bytes| Torn { cpu, at, bytes };
        if ready < HEADER || ready > self.layout.size {
            return Err(torn(ready));
        }
        // SAFETY: published, and not consumed yet. A header is never divided: all is padded to 8, and so is the ring.
        let (header, _) = unsafe { self.at(cpu, at, HEADER) };
        let word = |n: usize| {
            let bytes = header.get(n..).and_then(|h| h.first_chunk());
            bytes.map_or(0, |b| u32::from_le_bytes(*b))
        };
        let (bytes, number) = (word(0), word(4));
        match bytes <= ready - HEADER {
            true => Ok(Some(Oldest { at, bytes, number })),
            false => Err(torn(bytes)),
        }
    }

    /// Hands on a record where it lies, or, where that is around the ring's end, a copy; then its place is the module's again.
    fn hand_on(
        &self,
        cpu: usize,
        record: Oldest,
        whole: &mut Vec<u8>,
        sink: &mut dyn FnMut(&[u8]),
    ) {
        // SAFETY: inside what is published ([`Rings::oldest`] checked), and consumed only below.
        let (first, rest) = unsafe { self.at(cpu, record.at.wrapping_add(HEADER), record.bytes) };
        if rest.is_empty() {
            sink(first);
        } else {
            whole.clear();
            whole.extend_from_slice(first);
            whole.extend_from_slice(rest);
            sink(whole);
        }
        let next = record
            .at
            .wrapping_add((record.bytes + HEADER).next_multiple_of(8));
        self.consumed(cpu).store(next, Ordering::Release);
    }

    /// Takes the oldest record of one CPU's ring. False: there is none. For storms, where each CPU has a reader.
    #[cfg(feature = "host-vm")]
    pub fn take(
        &self,
        cpu: usize,
        whole: &mut Vec<u8>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<bool, Torn> {
        if cpu >= self.layout.cpus {
            return Ok(false);
        }
        let oldest = self.oldest(cpu)?;
        if let Some(record) = oldest {
            self.hand_on(cpu, record, whole, sink);
        }
        Ok(oldest.is_some())
    }
}

/// Reads all rings of a map in the order of writing.
pub struct Reader {
    rings: Rings,
    /// The number that is next in turn.
    next: u32,
    whole: Vec<u8>,
}

/// What is there to be read now.
struct First {
    cpu: usize,
    record: Oldest,
    /// How far its number is from the next in turn.
    ahead: i32,
}

impl Reader {
    /// From the beginning.
    pub fn new(rings: Rings) -> Reader {
        Reader {
            rings,
            next: 0,
            whole: Vec::new(),
        }
    }

    /// The record with the lowest number, and whether a CPU that has none there is writing one.
    fn lowest(&self) -> Result<(Option<First>, bool), Torn> {
        let (mut first, mut writing): (Option<First>, bool) = (None, false);
        for cpu in 0..self.rings.cpus() {
            let Some(record) = self.rings.oldest(cpu)? else {
                let reserved = self.rings.state(cpu).reserved.load(Ordering::Relaxed);
                writing |= reserved != self.rings.consumed(cpu).load(Ordering::Relaxed);
                continue;
            };
            let ahead = record.number.wrapping_sub(self.next).cast_signed();
            if first.as_ref().is_none_or(|f| ahead < f.ahead) {
                first = Some(First { cpu, record, ahead });
            }
        }
        Ok((first, writing))
    }

    /// Hands on the next record. False: there is none, or none whose turn it is.
    ///
    /// A record that is out of turn waits while a CPU is writing: what it writes may come before. The second look sees whoever took a
    /// lower number during the first.
    pub fn next(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<bool, Torn> {
        let (mut first, mut writing) = self.lowest()?;
        if first.as_ref().is_some_and(|f| f.ahead > 0) {
            std::sync::atomic::fence(Ordering::Acquire);
            (first, writing) = self.lowest()?;
        }
        let Some(first) = first.filter(|f| f.ahead <= 0 || !writing) else {
            return Ok(false);
        };
        self.rings
            .hand_on(first.cpu, first.record, &mut self.whole, sink);
        self.next = first.record.number.wrapping_add(1);
        Ok(true)
    }

    /// Hands on what is there, but no more than the rings hold: programs may write faster than the sink reads. Says whether there may be
    /// more.
    pub fn drain(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<bool, Torn> {
        let most = self.rings.cpus() as u64 * u64::from(self.rings.layout.size);
        let mut bytes = 0_u64;
        while bytes < most {
            let mut counted = |record: &[u8]| {
                bytes += record.len() as u64 + u64::from(HEADER);
                sink(record);
            };
            if !self.next(&mut counted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rings of 64 bytes, made by hand.
    struct Made {
        memory: Vec<u64>,
        layout: Layout,
    }

    impl Made {
        fn new() -> Made {
            let layout = Layout { cpus: 2, size: 64 };
            let words = layout.bytes() / 8;
            Made {
                memory: vec![0; words],
                layout,
            }
        }

        fn base(&mut self) -> *mut u8 {
            self.memory.as_mut_ptr().cast()
        }

        fn word(&mut self, at: usize, value: u32) {
            let at = self.base().wrapping_add(at).cast::<u32>();
            // SAFETY: inside the memory: all callers stay below the layout's bytes.
            unsafe { at.write(value) };
        }

        fn positions(&mut self, cpu: usize, consumed: u32, published: u32, reserved: u32) {
            self.word(cpu * 4, consumed);
            let state = self.layout.writable() + cpu * size_of::<State>();
            self.word(state, reserved);
            self.word(state + 4, published);
        }

        fn record(&mut self, cpu: usize, at: u32, number: u32, bytes: u32) {
            let ring = self.layout.records() + cpu * 64;
            self.word(ring + (at % 64) as usize, bytes);
            self.word(ring + (at % 64) as usize + 4, number);
            for n in 0..bytes / 4 {
                let place = at.wrapping_add(8 + n * 4) % 64;
                self.word(ring + place as usize, number * 100 + n);
            }
        }

        fn reader(&mut self) -> Reader {
            let layout = self.layout;
            // SAFETY: aligned, of the layout's bytes, and the tests keep it longer than the reader.
            Reader::new(unsafe { Rings::new(self.base(), layout) })
        }
    }

    fn firsts(reader: &mut Reader) -> Result<Vec<u32>, Torn> {
        let mut firsts = Vec::new();
        while reader.next(&mut |r| {
            let word = r.first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
            firsts.push(word);
        })? {}
        Ok(firsts)
    }

    #[test]
    fn records_of_two_come_in_the_order_of_writing() {
        let mut made = Made::new();
        made.record(0, 0, 0, 8);
        made.record(1, 0, 1, 8);
        made.record(1, 16, 2, 16);
        made.record(0, 16, 3, 8);
        made.positions(0, 0, 32, 32);
        made.positions(1, 0, 40, 40);
        let mut reader = made.reader();
        assert_eq!(firsts(&mut reader), Ok(vec![0, 100, 200, 300]));
        assert_eq!(firsts(&mut reader), Ok(vec![]));
        assert_eq!(reader.rings.consumed(1).load(Ordering::Relaxed), 40);
    }

    #[test]
    fn one_around_the_end_is_whole_and_positions_wrap() {
        let mut made = Made::new();
        let at = 0_u32.wrapping_sub(16);
        made.record(0, at, 0, 24);
        made.positions(0, at, 16, 16);
        made.positions(1, 7, 7, 7);
        let mut reader = made.reader();
        let mut seen = Vec::new();
        assert_eq!(reader.next(&mut |r| seen.push(r.to_vec())), Ok(true));
        let expected: Vec<u8> = (0..6_u32).flat_map(u32::to_le_bytes).collect();
        assert_eq!(seen, [expected]);
        assert_eq!(reader.rings.consumed(0).load(Ordering::Relaxed), 16);
    }

    #[test]
    fn who_is_out_of_turn_waits_for_a_writer() {
        let mut made = Made::new();
        made.record(1, 0, 1, 8);
        made.positions(1, 0, 16, 16);
        // CPU 0 has taken number 0 and is writing.
        made.positions(0, 0, 0, 16);
        let mut reader = made.reader();
        assert_eq!(firsts(&mut reader), Ok(vec![]));
        made.record(0, 0, 0, 8);
        made.positions(0, 0, 16, 16);
        assert_eq!(firsts(&mut reader), Ok(vec![0, 100]));
    }

    #[test]
    fn what_is_not_in_order_is_an_error() {
        let cases = [(0, 4), (0, 128), (8, 0)];
        for (consumed, published) in cases {
            let mut made = Made::new();
            made.positions(0, consumed, published, published);
            assert!(
                firsts(&mut made.reader()).is_err(),
                "{consumed} {published}"
            );
        }
        let mut made = Made::new();
        made.record(0, 0, 0, 8);
        // Longer than what is published.
        made.word(made.layout.records(), 64);
        made.positions(0, 0, 16, 16);
        let torn = firsts(&mut made.reader()).unwrap_err();
        assert_eq!(
            torn.to_string(),
            "CPU 0's records are not in order: one of 64 bytes is said to be at 0x0"
        );
    }
}
