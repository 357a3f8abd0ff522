//! The engine that is the module: [`Backend`] and [`Session`] by way of `/dev/dtrace`.

use crate::device::{Device, Records, Sizes};
use crate::ioctl::Offsets;
use crate::kernel::Kernel;
use crate::plan::{self, Planted};
use crate::wire;
use dsl::kernel::KernelView;
use dsl::program::{AggId, ProbeDesc, Program};
use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tracer_ebpf::backend::{AggEntry, Backend, BackendError, Drops, LoadOptions, Session};
use tracer_ebpf::caps::{Caps, KernelOffsets, RingKind};
use tracer_ebpf::image::{self, AggLayout, DROP_KINDS, Image, MapIx, MapKind, Phase};
use tracer_ebpf::live::{agg, offsets};
use tracer_ebpf::lower;
use tracer_ebpf::provider;
use tracer_ebpf::service::Service;
use tracer_ebpf::site::ProbeInfo;

/// The numbers of the services in `kmod/service.c`.
pub const SERVICES: [u32; 26] = [
    1, 2, 3, 4, 5, 7, 8, 14, 15, 16, 35, 45, 67, 112, 113, 114, 115, 125, 130, 134, 158, 173, 174,
    175, 181, 182,
];

/// The module.
pub struct KmodBackend {
    kernel: Kernel,
    caps: Caps,
}

impl KmodBackend {
    /// Opens the device. An error says what is missing. `btf`: a file with the kernel's types, for kernels that have none.
    pub fn new(btf: Option<&Path>) -> Result<KmodBackend, BackendError> {
        let device = Device::open()?;
        let kernel = Kernel::new(btf)?;
        let caps = caps(device.info().cpus, kernel.pointer(), &device.offsets()?);
        Ok(KmodBackend { kernel, caps })
    }
}

/// What the module's machine can do.
fn caps(cpus: u32, pointer: u32, offsets: &Offsets) -> Caps {
    let known = |s: &Service| s.ids().iter().find(|id| SERVICES.contains(id)).copied();
    Caps {
        max_insns: 1 << 20,
        // DT_MAX_MAPS, all programs together.
        max_maps: 4096,
        services: Service::ALL
            .iter()
            .filter_map(|s| Some((*s, known(s)?)))
            .collect(),
        ring: RingKind::Ringbuf,
        bounded_loops: true,
        may_goto: false,
        global_subs: false,
        atomic_fetch: true,
        hash_no_prealloc: false,
        btf_tracepoints: false,
        raw_tracepoints: true,
        kprobes: true,
        kprobe_multi: true,
        fentry: false,
        cpus,
        untyped_task: true,
        abi_in_context: true,
        pointer,
        offsets: KernelOffsets {
            task_ti_status: None,
            task_real_parent: Some(offsets.real_parent),
            task_tgid: Some(offsets.tgid),
            task_start_time: Some(offsets.start_time),
            task_sum_exec_runtime: Some(offsets.sum_exec_runtime),
            realtime_offset: realtime_offset(),
            // Of files, paths and locks: where a program needs them.
            ..KernelOffsets::default()
        },
    }
}

/// CLOCK_REALTIME − CLOCK_MONOTONIC, nanoseconds.
fn realtime_offset() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let monotonic = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec);
    let real = SystemTime::now().duration_since(UNIX_EPOCH);
    let real = real.map_or(0, |d| d.as_nanos() as i128);
    i64::try_from(real - monotonic).unwrap_or(0)
}

impl Backend for KmodBackend {
    fn name(&self) -> &'static str {
        "kmod"
    }

    fn caps(&self) -> &Caps {
        &self.caps
    }

    fn caps_for(&self, program: &Program) -> Caps {
        let mut caps = self.caps.clone();
        if lower::reads_structures(program) {
            offsets::structures(self.kernel.btf(), &mut caps.offsets);
        }
        caps
    }

    fn kernel(&self) -> &dyn KernelView {
        &self.kernel
    }

    fn probes(&self, desc: &ProbeDesc) -> Result<Vec<ProbeInfo>, BackendError> {
        Ok(provider::probes(&self.kernel, desc))
    }

    fn why_none(&self, desc: &ProbeDesc) -> Option<String> {
        self.kernel.why_no_match(desc)
    }

    fn left_out(&self, desc: &ProbeDesc) -> Vec<String> {
        provider::left_out(&self.kernel, desc)
    }

    fn load(
        &self,
        image: &Image,
        options: &LoadOptions<'_>,
    ) -> Result<Box<dyn Session>, BackendError> {
        let start = Instant::now();
        let wrong = |e: wire::WireError| BackendError::Other(e.to_string());
        let parts = wire::from_image(image).map_err(wrong)?;
        let blob = parts.to_bytes().map_err(wrong)?;
        let ring = parts.maps.get(image.ring.0 as usize);
        let ring_bytes = ring.map_or(0, |m| m.max_entries);
        // An open device is an enabling: this one's own.
        let device = Device::open()?;
        device.load(&blob)?;
        let records = device.records(image.ring.0, ring_bytes)?;
        let misses = device.stats()?.misses;
        let planted = plan::plant(&device, &self.kernel, image, options.cpu)?;
        for (why, count) in &planted.refused {
            eprintln!("dtrace: {count} probes are not there: {why}");
        }
        Ok(Box::new(KmodSession {
            device,
            planted,
            maps: image
                .maps
                .iter()
                .map(|m| sizes(m, self.caps.cpus))
                .collect(),
            state: image.state,
            drops: image.drops,
            records,
            aggs: image.aggs.clone(),
            kept: VecDeque::new(),
            misses,
            attach_time: start.elapsed(),
            stopped: false,
        }))
    }
}

fn sizes(map: &tracer_ebpf::image::MapDef, cpus: u32) -> Sizes {
    let per_cpu = matches!(map.kind, MapKind::PercpuArray | MapKind::PercpuHash);
    Sizes {
        key: map.key_size as usize,
        value: map.value_size as usize,
        copies: if per_cpu { cpus as usize } else { 1 },
    }
}

/// An element of a map: key and values.
type Element = (Vec<u8>, Vec<u8>);

/// See [`Session`].
struct KmodSession {
    device: Device,
    planted: Planted,
    maps: Vec<Sizes>,
    state: MapIx,
    drops: MapIx,
    records: Records,
    aggs: Vec<AggLayout>,
    /// Records taken out while probes are planted or taken away.
    kept: VecDeque<Vec<u8>>,
    /// The module's count when we began.
    misses: u64,
    attach_time: Duration,
    stopped: bool,
}

impl KmodSession {
    fn set_phase(&self, phase: Phase) -> Result<(), BackendError> {
        let mut seen = 0;
        loop {
            let old = self.device.word(self.state.0, seen, phase as u32)?;
            if old == seen {
                return Ok(());
            }
            seen = old;
        }
    }

    /// Runs BEGIN's or END's programs, one after another.
    fn run(&mut self, phase: Phase) -> Result<(), BackendError> {
        self.set_phase(phase)?;
        for (_, prog) in self.planted.phases.iter().filter(|(p, _)| *p == phase) {
            self.device.run(*prog)?;
        }
        self.keep()
    }

    /// Takes all records out of the rings.
    fn keep(&mut self) -> Result<(), BackendError> {
        let kept = &mut self.kept;
        while self.records.drain(&mut |r| kept.push_back(r.to_vec()))? {}
        Ok(())
    }

    fn layout(&self, agg: AggId) -> Result<&AggLayout, BackendError> {
        self.aggs
            .get(agg.0 as usize)
            .ok_or_else(|| BackendError::Other(format!("the image has no aggregation {}", agg.0)))
    }

    fn sizes(&self, map: MapIx) -> Result<Sizes, BackendError> {
        self.maps
            .get(map.0 as usize)
            .copied()
            .ok_or_else(|| BackendError::Other(format!("the image has no map {}", map.0)))
    }

    fn elements(&self, map: MapIx) -> Result<Vec<Element>, BackendError> {
        let mut all = Vec::new();
        self.device.walk(map.0, self.sizes(map)?, &mut |k, v| {
            all.push((k.to_vec(), v.to_vec()));
        })?;
        Ok(all)
    }
}

impl KmodSession {
    fn entries(&mut self, agg: AggId, cpus: bool) -> Result<Vec<AggEntry>, BackendError> {
        let layout = self.layout(agg)?;
        let keyless = layout.keys.is_empty();
        let (func, words) = (layout.func, layout.words as usize);
        let elements = self.elements(layout.map)?;
        let entries = elements.into_iter().filter_map(|(key, value)| {
            let (data, updated) = agg::combine(func, words, &value);
            let key = if keyless { Vec::new() } else { key };
            let cpus = match cpus {
                true => agg::by_cpu(func, words, &value),
                false => Vec::new(),
            };
            (!keyless || updated).then_some(AggEntry { key, data, cpus })
        });
        Ok(entries.collect())
    }
}

impl Session for KmodSession {
    fn go(&mut self) -> Result<(), BackendError> {
        self.run(Phase::Begin)?;
        // Unless exit() in BEGIN has said otherwise.
        let (begin, active) = (Phase::Begin as u32, Phase::Active as u32);
        self.device.word(self.state.0, begin, active).map(drop)
    }

    fn poll(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BackendError> {
        while let Some(record) = self.kept.pop_front() {
            sink(&record);
        }
        // Programs may write faster than the sink reads: what comes meanwhile waits for the next turn.
        self.records.drain(sink).map(drop)
    }

    fn wake_fd(&self) -> Option<std::os::fd::RawFd> {
        None
    }

    fn aggregate(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError> {
        self.entries(agg, false)
    }

    fn aggregate_cpus(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError> {
        self.entries(agg, true)
    }

    fn agg_reset(&mut self, agg: AggId, keys: Option<&[Vec<u8>]>) -> Result<(), BackendError> {
        let layout = self.layout(agg)?;
        let map = layout.map;
        if layout.keys.is_empty() {
            let zero = vec![0; self.sizes(map)?.value];
            return self.device.set(map.0, &0_u32.to_ne_bytes(), &zero);
        }
        let all: Vec<Vec<u8>>;
        let keys = match keys {
            Some(keys) => keys,
            None => {
                all = self.elements(map)?.into_iter().map(|(k, _)| k).collect();
                &all
            }
        };
        keys.iter().try_for_each(|k| self.device.delete(map.0, k))
    }

    fn exited(&mut self) -> Result<Option<i32>, BackendError> {
        let state = self.elements(self.state)?;
        Ok(state.first().and_then(|(_, value)| image::exited(value)))
    }

    fn drops(&mut self) -> Result<Drops, BackendError> {
        let sizes = self.sizes(self.drops)?;
        let mut drops = Drops {
            per_cpu: vec![[0; DROP_KINDS as usize]; sizes.copies],
            kernel_misses: 0,
        };
        for (key, value) in self.elements(self.drops)? {
            let kind = key.first_chunk::<4>().map_or(0, |k| u32::from_ne_bytes(*k));
            let counts = value
                .chunks_exact(8)
                .map(|w| w.try_into().map_or(0, u64::from_ne_bytes));
            for (cpu, count) in drops.per_cpu.iter_mut().zip(counts) {
                if let Some(slot) = cpu.get_mut(kind as usize) {
                    *slot = count;
                }
            }
        }
        let stats = self.device.stats()?;
        drops.kernel_misses = stats.misses.saturating_sub(self.misses);
        Ok(drops)
    }

    fn stop(&mut self) -> Result<(), BackendError> {
        if std::mem::replace(&mut self.stopped, true) {
            return Ok(());
        }
        self.set_phase(Phase::Draining)?;
        // Comes back when no firing is under way any more.
        self.device.stop()?;
        self.keep()?;
        self.run(Phase::End)?;
        self.set_phase(Phase::Off)
    }

    fn attach_time(&self) -> Duration {
        self.attach_time
    }
}
