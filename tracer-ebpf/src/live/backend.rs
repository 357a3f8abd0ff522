//! [`Backend`] by way of the kernel's own BPF.

use super::kernel::Kernel;
use super::{features, load, maps, offsets, session};
use crate::backend::{Ability, Backend, BackendError, LoadOptions, Session};
use crate::caps::Caps;
use crate::image::{Image, Prog, ProgKind};
use crate::provider;
use crate::site::ProbeInfo;
use dsl::kernel::KernelView;
use dsl::program::{ProbeDesc, Program};
use std::sync::OnceLock;
use std::time::Instant;

/// The kernel's own BPF.
pub struct EbpfBackend {
    kernel: Kernel,
    caps: OnceLock<Caps>,
    /// With what concerns functions, once that was asked.
    caps_with_functions: OnceLock<Caps>,
}

impl EbpfBackend {
    /// Tries whether BPF can be used here at all. An error says why not, and what to do.
    pub fn new() -> Result<EbpfBackend, BackendError> {
        features::available()?;
        Ok(EbpfBackend {
            kernel: Kernel::default(),
            caps: OnceLock::new(),
            caps_with_functions: OnceLock::new(),
        })
    }
}

impl Backend for EbpfBackend {
    fn name(&self) -> &'static str {
        "ebpf"
    }

    /// What concerns functions is in it only after a description has asked for `fbt` probes: it takes attaching to find
    /// out, and other programs need not pay for that.
    fn caps(&self) -> &Caps {
        let base = self.caps.get_or_init(|| features::caps(self.kernel.btf()));
        match self.kernel.func_ways_if_asked() {
            None => base,
            Some(ways) => self.caps_with_functions.get_or_init(|| Caps {
                kprobes: ways.kprobes,
                kprobe_multi: ways.kprobe_multi,
                fentry: ways.fentry,
                ..base.clone()
            }),
        }
    }

    fn caps_for(&self, program: &Program) -> Caps {
        let mut caps = self.caps().clone();
        if crate::lower::reads_structures(program) {
            offsets::structures(self.kernel.btf(), &mut caps.offsets);
        }
        caps
    }

    fn trampolines(&self, tracepoint: &str) -> Vec<(u64, u64)> {
        self.kernel.trampolines(tracepoint)
    }

    fn kernel(&self) -> &dyn KernelView {
        &self.kernel
    }

    fn probes(&self, desc: &ProbeDesc) -> Result<Vec<ProbeInfo>, BackendError> {
        Ok(provider::probes(&self.kernel, desc))
    }

    fn why_none(&self, desc: &ProbeDesc) -> Option<String> {
        provider::why_none(&self.kernel, desc)
    }

    fn left_out(&self, desc: &ProbeDesc) -> Vec<String> {
        provider::left_out(&self.kernel, desc)
    }

    fn abilities(&self) -> Vec<Ability> {
        features::abilities(&self.kernel)
    }

    fn load(
        &self,
        image: &Image,
        options: &LoadOptions<'_>,
    ) -> Result<Box<dyn Session>, BackendError> {
        self.load_watched(image, options, &mut |_, _| {})
    }

    fn load_watched(
        &self,
        image: &Image,
        options: &LoadOptions<'_>,
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<Box<dyn Session>, BackendError> {
        let start = Instant::now();
        let maps = maps::Maps::create(image)?;
        let mut loader = load::Loader {
            kernel: &self.kernel,
            options,
            watch,
        };
        let attached = loader.load(image, &maps)?;
        Ok(Box::new(session::LiveSession::new(
            image,
            maps,
            attached,
            start.elapsed(),
        )?))
    }

    fn estimate(&self, image: &Image) -> Option<String> {
        let single = |p: &&Prog| p.called.is_none() && matches!(p.kind, ProgKind::Kprobe { .. });
        let n = image.progs.iter().filter(single).count();
        if n < MANY {
            return None;
        }
        let (attach, detach) = features::kprobe_cost()?;
        let (attach, detach) = (attach * n as u32, detach * n as u32);
        Some(format!(
            "{n} single kprobes (this kernel has no kprobe.multi): attaching takes about {:.0} s, detaching about {:.0} s",
            attach.as_secs_f64(),
            detach.as_secs_f64()
        ))
    }
}

/// From so many single probes on it is said first how long they take.
const MANY: usize = 200;
