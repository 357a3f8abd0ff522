//! The back end that prints: it takes an image as the others do, and "loading" it writes its text form. `dtrace -S`, the
//! golden tests, and the proof that [`Backend`] asks for nothing that only one kind of kernel has.

use crate::backend::{AggEntry, Backend, BackendError, Drops, LoadOptions, Session};
use crate::caps::Caps;
use crate::image::Image;
use crate::isa;
use crate::site::{ProbeInfo, Site};
use dsl::kernel::{EmptyKernel, KernelView};
use dsl::program::{AggId, ProbeDesc};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Prints images. Knows the probes of the `dtrace` provider.
pub struct PrintBackend<W> {
    caps: Caps,
    kernel: EmptyKernel,
    out: Mutex<W>,
}

impl<W: Write> PrintBackend<W> {
    /// Prints to `out`, for a target of these capabilities.
    pub fn new(caps: Caps, out: W) -> PrintBackend<W> {
        PrintBackend {
            caps,
            kernel: EmptyKernel,
            out: Mutex::new(out),
        }
    }
    /// What was printed to.
    pub fn into_inner(self) -> W {
        self.out.into_inner().unwrap_or_else(|e| e.into_inner())
    }
}

impl<W: Write> Backend for PrintBackend<W> {
    fn name(&self) -> &'static str {
        "print"
    }
    fn caps(&self) -> &Caps {
        &self.caps
    }
    fn kernel(&self) -> &dyn KernelView {
        &self.kernel
    }
    fn probes(&self, desc: &ProbeDesc) -> Result<Vec<ProbeInfo>, BackendError> {
        let all = [
            (1, "BEGIN", Site::Begin),
            (2, "END", Site::End),
            (3, "ERROR", Site::Error),
        ];
        let wanted = |id: u32, name: &str| match desc.id {
            Some(n) => n == id,
            None => {
                ["", "dtrace"].contains(&desc.provider.as_str())
                    && desc.module.is_empty()
                    && desc.function.is_empty()
                    && ["", name].contains(&desc.name.as_str())
            }
        };
        let found = all.into_iter().filter(|(id, name, _)| wanted(*id, name));
        Ok(found
            .map(|(id, name, site)| ProbeInfo {
                id,
                provider: Arc::from("dtrace"),
                module: Arc::from(""),
                function: Arc::from(""),
                name: Arc::from(name),
                site,
            })
            .collect())
    }
    fn load(&self, image: &Image, _: &LoadOptions<'_>) -> Result<Box<dyn Session>, BackendError> {
        let text = isa::print(image, &self.caps.services.all());
        let mut out = self.out.lock().unwrap_or_else(|e| e.into_inner());
        out.write_all(text.as_bytes())
            .map_err(|cause| BackendError::Io {
                what: "printing the programs".to_owned(),
                cause,
            })?;
        Ok(Box::new(Printed))
    }
}

/// An enabling in which nothing ever fires.
struct Printed;

impl Session for Printed {
    fn go(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
    fn poll(&mut self, _: &mut dyn FnMut(&[u8])) -> Result<(), BackendError> {
        Ok(())
    }
    fn wake_fd(&self) -> Option<std::os::fd::RawFd> {
        None
    }
    fn aggregate(&mut self, _: AggId) -> Result<Vec<AggEntry>, BackendError> {
        Ok(Vec::new())
    }
    fn aggregate_cpus(&mut self, _: AggId) -> Result<Vec<AggEntry>, BackendError> {
        Ok(Vec::new())
    }
    fn agg_reset(&mut self, _: AggId, _: Option<&[Vec<u8>]>) -> Result<(), BackendError> {
        Ok(())
    }
    fn drops(&mut self) -> Result<Drops, BackendError> {
        Ok(Drops::default())
    }
    fn exited(&mut self) -> Result<Option<i32>, BackendError> {
        Ok(None)
    }
    fn stop(&mut self) -> Result<(), BackendError> {
        Ok(())
    }
    fn attach_time(&self) -> Duration {
        Duration::ZERO
    }
}
