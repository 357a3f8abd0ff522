//! Firings on several CPUs at once, each interrupted by firings of its own: what
//! probe context does to maps and rings. A thread plays a CPU, signals to it play
//! interrupts and NMIs (`kmod/host/storm.c`).

use std::ptr;
use std::sync::Barrier;
use std::thread;

use super::{HostVm, RawMap, RawVm, VmError, dt_ring_take};

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
        let (map, shape) = self.map(ring)?;
        if !shape.ring {
            return Err(VmError::Usage { map: ring });
        }
        let cpus = self.env.raw().cpu_count;
        let (vm, map) = (Shared(self.raw), Shared(map));
        let one = |cpu| one_cpu(vm, map, shape.max_entries, cpu, prog, rounds);
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
            ring: match stepping.consume {
                true => self.map(ring)?.0,
                false => ptr::null_mut(),
            },
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

/// One CPU, and beside it the consumer, who is also what interrupts it.
fn one_cpu(
    vm: Shared<RawVm>,
    map: Shared<RawMap>,
    room: u32,
    cpu: u32,
    prog: u32,
    rounds: u64,
) -> Storm {
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
        let mut buffer = vec![0; room as usize];
        let mut take = || {
            // SAFETY: map is a ring of a machine that outlives the storm, cpu one of
            // its CPUs, buffer has the room stated; this thread is its only consumer.
            let got = unsafe { dt_ring_take(map.0, cpu, buffer.as_mut_ptr(), room) };
            let length = usize::try_from(got).ok()?;
            records.push(buffer.iter().copied().take(length).collect());
            Some(())
        };
        let mut n = 0u32;
        loop {
            // SAFETY: storm lives, and its thread waits at the barrier for us.
            if unsafe { dt_host_storm_poke(storm.0, i32::from(n.is_multiple_of(3))) } == 0 {
                break;
            }
            n = n.wrapping_add(1);
            while take().is_some() {}
        }
        over.wait();
        while take().is_some() {}
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
