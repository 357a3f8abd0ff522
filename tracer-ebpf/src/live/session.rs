//! One enabling on the kernel's own BPF: its life from `go` to `stop`, and reading what it produces.

use super::agg;
use super::load::Attached;
use super::maps::Maps;
use super::sys::{self, SharedWord};
use crate::backend::{AggEntry, BackendError, Drops, Session};
use crate::image::{AggLayout, DROP_KINDS, Image, MapIx, Phase, exited};
use aya_log::EbpfLogger;
use dsl::program::AggId;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The word that says which programs may run.
enum PhaseWord {
    /// Mapped: a store is enough.
    Shared(SharedWord),
    /// Written through bpf(2) (kernels before 5.5).
    Map(MapIx),
}

/// See [`Session`]. The order of the fields is the order in which they go: programs before maps.
pub struct LiveSession {
    attached: Attached,
    phase: PhaseWord,
    log: Option<EbpfLogger<&'static dyn log::Log>>,
    maps: Maps,
    ring: MapIx,
    /// Bytes.
    ring_size: usize,
    state: MapIx,
    drops: MapIx,
    aggs: Vec<AggLayout>,
    attach_time: Duration,
    /// Firings that the kernel left out while we were attaching: nothing was to be recorded yet.
    missed_before: u64,
    stopped: bool,
}

impl LiveSession {
    /// From what has been loaded and attached.
    pub fn new(
        image: &Image,
        maps: Maps,
        attached: Attached,
        attach_time: Duration,
    ) -> Result<LiveSession, BackendError> {
        let (fd, _) = maps.get(image.state)?;
        let phase = match SharedWord::map(fd) {
            Ok(word) => PhaseWord::Shared(word),
            Err(_) => PhaseWord::Map(image.state),
        };
        let ring_size = image
            .maps
            .get(image.ring.0 as usize)
            .map_or(0, |m| m.max_entries as usize);
        let log = image.log.and_then(|_| logger(&attached));
        Ok(LiveSession {
            attached,
            phase,
            log,
            maps,
            ring: image.ring,
            ring_size,
            state: image.state,
            drops: image.drops,
            aggs: image.aggs.clone(),
            attach_time,
            missed_before: 0,
            stopped: false,
        })
    }

    fn layout(&self, agg: AggId) -> Result<&AggLayout, BackendError> {
        self.aggs
            .get(agg.0 as usize)
            .ok_or_else(|| BackendError::Other(format!("the image has no aggregation {}", agg.0)))
    }

    /// Firings that the kernel did not run, because a program was running on that CPU already. Of functions these are mostly
    /// those that the program and the kernel around it call themselves.
    fn missed(&self) -> Result<u64, BackendError> {
        let one = |prog| sys::prog_info(prog).map(|(_, missed)| missed);
        let each = self.attached.progs.iter().map(|p| one(p.as_fd()));
        each.sum::<io::Result<u64>>()
            .map_err(|cause| BackendError::Io {
                what: "reading what the kernel counts about a program".to_owned(),
                cause,
            })
    }

    fn set_phase(&self, phase: Phase) -> Result<(), BackendError> {
        match &self.phase {
            PhaseWord::Shared(word) => word.set(phase as u32),
            PhaseWord::Map(map) => {
                let (fd, sizes) = self.maps.get(*map)?;
                let key = 0_u32.to_ne_bytes();
                let mut value = vec![0; sizes.value];
                let write = |value: &mut Vec<u8>| -> io::Result<()> {
                    sys::map_lookup(fd, sizes, &key, value)?;
                    for (to, from) in value.iter_mut().zip((phase as u32).to_ne_bytes()) {
                        *to = from;
                    }
                    sys::map_update(fd, sizes, &key, value)
                };
                write(&mut value).map_err(|cause| BackendError::Io {
                    what: "changing the phase".to_owned(),
                    cause,
                })?;
            }
        }
        Ok(())
    }

    fn phase(&self) -> Result<u32, BackendError> {
        match &self.phase {
            PhaseWord::Shared(word) => Ok(word.get().load(Ordering::SeqCst)),
            PhaseWord::Map(map) => {
                let (fd, sizes) = self.maps.get(*map)?;
                let mut value = vec![0; sizes.value];
                sys::map_lookup(fd, sizes, &0_u32.to_ne_bytes(), &mut value).map_err(|cause| {
                    BackendError::Io {
                        what: "reading the phase".to_owned(),
                        cause,
                    }
                })?;
                let word = value.get(..4).and_then(|b| b.try_into().ok());
                Ok(word.map_or(0, u32::from_ne_bytes))
            }
        }
    }

    /// Runs BEGIN's or END's programs, one after another, on this CPU.
    fn run(&self, phase: Phase) -> Result<(), BackendError> {
        self.set_phase(phase)?;
        for (_, prog) in self.attached.test_runs.iter().filter(|(p, _)| *p == phase) {
            // The firing must not be taken for lost because a signal came.
            loop {
                match sys::test_run(prog.as_fd(), &[]) {
                    Ok(_) => break,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(cause) => {
                        return Err(BackendError::Io {
                            what: format!("running {phase:?}"),
                            cause,
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads aya-log's records. aya finds the ring by its name among the maps of a program that uses it.
fn logger(attached: &Attached) -> Option<EbpfLogger<&'static dyn log::Log>> {
    attached.progs.iter().find_map(|p| {
        let (id, _) = sys::prog_info(p.as_fd()).ok()?;
        EbpfLogger::init_from_id_with_logger(id, log::logger()).ok()
    })
}

impl Session for LiveSession {
    fn go(&mut self) -> Result<(), BackendError> {
        self.missed_before = self.missed()?;
        self.run(Phase::Begin)?;
        // Only BEGIN runs in its phase, so nobody else changes the word now; exit() in BEGIN has.
        if self.phase()? == Phase::Begin as u32 {
            self.set_phase(Phase::Active)?;
        }
        Ok(())
    }

    fn poll(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BackendError> {
        // Programs may write faster than the sink reads: one full ring, then the caller's turn.
        let mut left = self.ring_size;
        let ring = self.maps.ring(self.ring)?;
        while left > 0
            && let Some(record) = ring.next()
        {
            left = left.saturating_sub(record.len() + 8);
            sink(&record);
        }
        if let Some(log) = &mut self.log {
            log.flush();
        }
        Ok(())
    }

    fn wake_fd(&self) -> Option<RawFd> {
        self.maps.get(self.ring).ok().map(|(fd, _)| fd.as_raw_fd())
    }

    fn aggregate(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError> {
        let layout = self.layout(agg)?;
        let (fd, sizes) = self.maps.get(layout.map)?;
        agg::read(fd, sizes, layout, false)
    }

    fn aggregate_cpus(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError> {
        let layout = self.layout(agg)?;
        let (fd, sizes) = self.maps.get(layout.map)?;
        agg::read(fd, sizes, layout, true)
    }

    fn agg_reset(&mut self, agg: AggId, keys: Option<&[Vec<u8>]>) -> Result<(), BackendError> {
        let layout = self.layout(agg)?;
        let (fd, sizes) = self.maps.get(layout.map)?;
        let reset = || -> io::Result<()> {
            if layout.keys.is_empty() {
                return sys::map_update(fd, sizes, &0_u32.to_ne_bytes(), &vec![0; sizes.value]);
            }
            let all;
            let keys = match keys {
                Some(keys) => keys,
                None => {
                    let mut found = Vec::new();
                    agg::for_each(fd, sizes, &mut |k, _| found.push(k.to_vec()))?;
                    all = found;
                    &all
                }
            };
            keys.iter()
                .try_for_each(|k| sys::map_delete(fd, sizes, k).map(drop))
        };
        reset().map_err(|cause| BackendError::Io {
            what: "resetting an aggregation".to_owned(),
            cause,
        })
    }

    fn exited(&mut self) -> Result<Option<i32>, BackendError> {
        let (fd, sizes) = self.maps.get(self.state)?;
        let mut value = vec![0; sizes.value];
        sys::map_lookup(fd, sizes, &0_u32.to_ne_bytes(), &mut value).map_err(|cause| {
            BackendError::Io {
                what: "reading the state of the enabling".to_owned(),
                cause,
            }
        })?;
        Ok(exited(&value))
    }

    fn drops(&mut self) -> Result<Drops, BackendError> {
        let (fd, sizes) = self.maps.get(self.drops)?;
        let cpus = sizes.value / 8;
        let mut drops = Drops {
            per_cpu: vec![[0; DROP_KINDS as usize]; cpus],
            kernel_misses: 0,
        };
        let failed = |cause| BackendError::Io {
            what: "reading the drop counters".to_owned(),
            cause,
        };
        let mut value = vec![0; sizes.value];
        for kind in 0..DROP_KINDS {
            sys::map_lookup(fd, sizes, &kind.to_ne_bytes(), &mut value).map_err(failed)?;
            let counts = value
                .chunks_exact(8)
                .map(|w| w.try_into().map_or(0, u64::from_ne_bytes));
            for (cpu, count) in drops.per_cpu.iter_mut().zip(counts) {
                if let Some(slot) = cpu.get_mut(kind as usize) {
                    *slot = count;
                }
            }
        }
        drops.kernel_misses = self.missed()?.saturating_sub(self.missed_before);
        Ok(drops)
    }

    fn stop(&mut self) -> Result<(), BackendError> {
        if std::mem::replace(&mut self.stopped, true) {
            return Ok(());
        }
        self.set_phase(Phase::Draining)?;
        // Firings that saw the old phase are still under way on other CPUs; END comes after them.
        if self.attached.progs.len() > self.attached.test_runs.len() {
            settle();
        }
        self.run(Phase::End)?;
        self.set_phase(Phase::Off)
    }

    fn attach_time(&self) -> Duration {
        self.attach_time
    }
}

/// Waits until every CPU has left the programs that were running when this was called: they run with preemption or RCU
/// held, and `membarrier` waits for a grace period of both.
fn settle() {
    if sys::membarrier().is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        // Detaching takes its time; nothing must fire meanwhile.
        let _ = self.set_phase(Phase::Off);
    }
}
