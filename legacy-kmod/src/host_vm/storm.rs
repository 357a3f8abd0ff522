//! Firings on several CPUs at once, each interrupted by firings of its own: what
//! probe context does to maps and rings. A thread plays a CPU, signals to it play
//! interrupts and NMIs (`kmod/host/storm.c`).

use std::ffi::c_void;
use std::ptr;
use std::sync::Barrier;
use std::thread;

use super::{HostVm, RawMap, RawVm, VmError};
use crate::ring::Rings;

/// `struct dt_host_storm`.
#[derive(Clone, Copy)]
#[repr(C)]
struct RawStorm {
    vm: *mut RawVm,
    thread: u64,
    fired: [u64; 3],
    ended: [u64; 3],
    refused: [u64; 3],
    cpu: u32,
    prog: u32,
    state: u32,
    every: [u32; 2],
    deep: u32,
    ring: *mut RawMap,
    reader: *const c_void,
    take: unsafe extern "C" fn(*const c_void, u32, *mut u8, u32) -> i64,
    taken: u64,
    torn: u64,
}

unsafe extern "C" {
    fn dt_host_storm_run(storm: *mut RawStorm, rounds: u64);
    fn dt_host_storm_step(storm: *mut RawStorm, rounds: u64);
    fn dt_host_storm_poke(storm: *mut RawStorm, nmi: i32) -> i32;
}

/// How a storm went on one CPU. By level: task, interrupt, NMI.
#[derive(Clone, Debug, Default)]
pub struct Storm {
    /// Firings.
    pub fired: [u64; 3],
    /// Of them, ended by the machine.
    pub ended: [u64; 3],
    /// Of them, returned other than 0.
    pub refused: [u64; 3],
    /// What came out of the ring meanwhile and afterwards, in order.
    pub records: Vec<Vec<u8>>,
    /// Stepping: records taken out inside interruptions,
    pub taken: u64,
    /// and those that were not level, number, level, number, sum, or came late.
    pub torn: u64,
}

/// A pointer that goes to the threads of one storm.
struct Shared<T>(*mut T);
impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}
// SAFETY: what is behind is meant for concurrent use: the machine by design, a
// RawStorm through its atomic `state` (poke reads `thread` after that says ON).
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl HostVm {
    /// Let `prog` fire `rounds` times on every CPU at once (its context: level and
    /// number, u64 each), interrupted by itself as often as signals get through,
    /// while the records of the map `ring` are taken out from beside. The world
    /// stays as it is; programs that ask it for random numbers have no place here.
    pub fn storm(&mut self, prog: u32, rounds: u64, ring: usize) -> Result<Vec<Storm>, VmError> {
        let rings = self.rings(ring)?;
        let cpus = self.env.raw().cpu_count;
        let vm = Shared(self.raw);
        let one = |cpu| one_cpu(vm, &rings, cpu, prog, rounds);
        Ok(thread::scope(|scope| {
            let threads: Vec<_> = (0..cpus).map(|cpu| scope.spawn(move || one(cpu))).collect();
            threads.into_iter().filter_map(|t| t.join().ok()).collect()
        }))
    }
}

/// After how many machine instructions a firing is interrupted by another.
#[derive(Clone, Copy, Debug)]
pub struct Stepping {
    /// The outermost.
    pub every: u32,
    /// Those that interrupt it,
    pub every_inner: u32,
    /// but only one of them in so many.
    pub deep: u32,
    /// Take records out inside the interruptions; they must be as [`Storm::torn`] says.
    pub consume: bool,
}

impl HostVm {
    /// Let `prog` fire `rounds` times on CPU 0, interrupted by itself between its
    /// machine instructions (x86-64: by the trap flag; elsewhere not at all).
    pub fn storm_stepping(
        &mut self,
        prog: u32,
        rounds: u64,
        stepping: Stepping,
        ring: usize,
    ) -> Result<Storm, VmError> {
        let rings = self.rings(ring)?;
        let mut raw = RawStorm {
            vm: self.raw,
            thread: 0,
            fired: [0; 3],
            ended: [0; 3],
            refused: [0; 3],
            cpu: 0,
            prog,
            state: 0,
            every: [stepping.every.max(1), stepping.every_inner.max(1)],
            deep: stepping.deep.max(1),
            ring: self.map(ring)?.0,
            reader: match stepping.consume {
                true => (&raw const rings).cast(),
                false => ptr::null(),
            },
            take,
            taken: 0,
            torn: 0,
        };
        // SAFETY: machine and storm live until it returns; no other thread is involved.
        unsafe { dt_host_storm_step(&mut raw, rounds) };
        let records = self.take_records(ring)?;
        Ok(Storm {
            fired: raw.fired,
            ended: raw.ended,
            refused: raw.refused,
            records,
            taken: raw.taken,
            torn: raw.torn,
        })
    }
}

/// What `storm.c` takes records by, in its interruptions.
///
/// # Safety
/// `rings` is a [`Rings`], and `record` has `room` bytes.
unsafe extern "C" fn take(rings: *const c_void, cpu: u32, record: *mut u8, room: u32) -> i64 {
    let mut length = -1;
    let mut copy = |from: &[u8]| {
        let fits = from.len().min(room as usize);
        // SAFETY: `record` has room for that (this function's condition), and is not in the ring.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), record, fits) };
        length = from.len() as i64;
    };
    // SAFETY: `rings` is what its name says (this function's condition); it is only read.
    let rings = unsafe { &*rings.cast::<Rings>() };
    // Allocates only for a record around the ring's end; the storm interrupts no allocation, its firings make none.
    match rings.take(cpu as usize, &mut Vec::new(), &mut copy) {
        Ok(_) => length,
        // Of no length that a record has: it is counted as torn.
        Err(_) => i64::MAX,
    }
}

/// One CPU, and beside it the consumer, who is also what interrupts it.
fn one_cpu(vm: Shared<RawVm>, rings: &Rings, cpu: u32, prog: u32, rounds: u64) -> Storm {
    let mut raw = RawStorm {
        vm: vm.0,
        thread: 0,
        fired: [0; 3],
        ended: [0; 3],
        refused: [0; 3],
        cpu,
        prog,
        state: 0,
        every: [1; 2],
        deep: 1,
        ring: ptr::null_mut(),
        reader: ptr::null(),
        take,
        taken: 0,
        torn: 0,
    };
    let storm = Shared(&raw mut raw);
    let over = Barrier::new(2);
    let mut records = Vec::new();
    thread::scope(|scope| {
        let over = &over;
        scope.spawn(move || {
            let storm = storm;
            // SAFETY: storm lives until both threads are joined.
            unsafe { dt_host_storm_run(storm.0, rounds) };
            // still there to be signalled
            over.wait();
        });
        let mut whole = Vec::new();
        // This thread is the only one that takes from this CPU's ring. One that is not in order ends the taking: the caller misses records.
        let mut take = || {
            let taken = rings.take(cpu as usize, &mut whole, &mut |r| records.push(r.to_vec()));
            taken == Ok(true)
        };
        let mut n = 0u32;
        loop {
            // SAFETY: storm lives, and its thread waits at the barrier for us.
            if unsafe { dt_host_storm_poke(storm.0, i32::from(n.is_multiple_of(3))) } == 0 {
                break;
            }
            n = n.wrapping_add(1);
            while take() {}
        }
        over.wait();
        while take() {}
    });
    Storm {
        fired: raw.fired,
        ended: raw.ended,
        refused: raw.refused,
        records,
        taken: 0,
        torn: 0,
    }
}
