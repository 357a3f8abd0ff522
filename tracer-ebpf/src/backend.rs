//! The seam: what a kernel-side engine must do. Two worlds implement it (the kernel's own BPF, the legacy module), and a
//! third one prints.

use crate::caps::Caps;
use crate::image::Image;
use crate::site::ProbeInfo;
use dsl::kernel::KernelView;
use dsl::program::{AggId, ClauseId, ProbeDesc, Program};
use std::time::Duration;

/// Why a back end could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The user lacks a privilege: says which, and what to do.
    #[error("{0}")]
    Privilege(String),
    /// This kernel can't do it: says what is missing.
    #[error("{0}")]
    Unsupported(String),
    /// The kernel refused a program: our bug. The whole log is in a file.
    #[error(
        "the kernel refused the program for {place}: {reason}\n  (a bug in dtrace: please report it with the verifier's log, saved in {log})"
    )]
    Verifier {
        /// The clause it belongs to: file, line, probe description.
        place: String,
        /// Last line of the log.
        reason: String,
        /// File.
        log: String,
    },
    /// The kernel found a program too complex: divided it may do.
    #[error("{0}")]
    TooComplex(String),
    /// A system call failed.
    // Not as its `source`, which whoever prints the chain would print again.
    #[error("{what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// Errno.
        cause: std::io::Error,
    },
    /// The kernel has no memory for a buffer; there may be some for a smaller one.
    #[error("{what}: {cause}")]
    NoRoom {
        /// Which.
        buffer: Buffer,
        /// What was tried.
        what: String,
        /// Errno.
        cause: std::io::Error,
    },
    /// Everything else.
    #[error("{0}")]
    Other(String),
}

/// What takes memory, as much as the user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// `bufsize`.
    Records,
    /// `aggsize`.
    Aggregations,
    /// `dynvarsize`.
    Variables,
}

/// A kernel-side engine: the kernel's own BPF, the legacy module, or the one that prints.
pub trait Backend {
    /// `ebpf`, `kmod`, `print`.
    fn name(&self) -> &'static str;
    /// Read by the lowering.
    fn caps(&self) -> &Caps;
    /// The same, with what only some programs need to know of the kernel's structures.
    fn caps_for(&self, program: &Program) -> Caps {
        let _ = program;
        self.caps().clone()
    }
    /// Where the code lies that stands between a tracepoint and its programs, and therefore on their stacks: from, to,
    /// ascending.
    fn trampolines(&self, tracepoint: &str) -> Vec<(u64, u64)> {
        let _ = tracepoint;
        Vec::new()
    }
    /// Read by the checker.
    fn kernel(&self) -> &dyn KernelView;
    /// The probes that a description matches, ascending by id. No match is an empty list, not an error.
    fn probes(&self, desc: &ProbeDesc) -> Result<Vec<ProbeInfo>, BackendError>;
    /// Why a description matches nothing, where there is more to say than that nothing is called so (`fbt` on a kernel
    /// that lets no function be probed, a timer that is too fast). Asked after [`Backend::probes`] gave nothing.
    fn why_none(&self, desc: &ProbeDesc) -> Option<String> {
        let _ = desc;
        None
    }
    /// What a description could mean and the kernel has, but can't be probed; a sentence for each reason.
    fn left_out(&self, desc: &ProbeDesc) -> Vec<String> {
        let _ = desc;
        Vec::new()
    }
    /// What it offers here, each item found out by trying, for `--backends`. Takes its time: nothing else asks for all of it.
    fn abilities(&self) -> Vec<Ability> {
        Vec::new()
    }
    /// Loads and attaches everything; nothing fires before [`Session::go`].
    fn load(
        &self,
        image: &Image,
        options: &LoadOptions<'_>,
    ) -> Result<Box<dyn Session>, BackendError>;
    /// The same; `watch` is told how many programs of how many are attached, where that takes long.
    fn load_watched(
        &self,
        image: &Image,
        options: &LoadOptions<'_>,
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<Box<dyn Session>, BackendError> {
        let _ = watch;
        self.load(image, options)
    }
    /// What attaching will take, where that is long enough to be said first.
    fn estimate(&self, image: &Image) -> Option<String> {
        let _ = image;
        None
    }
}

/// Something that an engine may or may not be able to do.
pub struct Ability {
    /// What.
    pub name: &'static str,
    /// How it is done, or why it can't be.
    pub state: Result<String, String>,
}

/// What loading needs to know beside the image.
pub struct LoadOptions<'a> {
    /// Where a clause stands in the D text (`script.d:17: syscall::read:entry`), for verifier messages and the log.
    pub place: &'a dyn Fn(ClauseId, dsl::source::Span) -> String,
    /// Log at run time through aya-log (`-x bpfdebug`).
    pub debug: bool,
    /// CPU to restrict timers to (`-x cpu`).
    pub cpu: Option<u32>,
}

/// One element of an aggregation, CPUs combined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggEntry {
    /// As laid out by `AggLayout::keys`; empty for a keyless one.
    pub key: Vec<u8>,
    /// The function's data in plain form (`min`/`max` as signed values): see `dif-isa.md` §8, without packed arguments.
    pub data: Vec<i64>,
    /// The same for each CPU, by its number: those that updated it. Only [`Session::aggregate_cpus`] fills it.
    pub cpus: Vec<(u32, Vec<i64>)>,
}

/// What was lost, since the session began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// For each CPU the counters of `DropKind`, by its number.
    pub per_cpu: Vec<[u64; crate::image::DROP_KINDS as usize]>,
    /// Firings that the kernel itself refused to run (recursion guards, kprobe misses).
    pub kernel_misses: u64,
}

/// One enabling. Dropping it detaches everything.
pub trait Session {
    /// Runs BEGIN, then lets everything else fire. Returns at once.
    fn go(&mut self) -> Result<(), BackendError>;
    /// Gives each record that is ready, in the order of the ring, to the sink. Never blocks.
    fn poll(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), BackendError>;
    /// A descriptor that becomes readable when the ring is filling, for the consumer's event loop.
    fn wake_fd(&self) -> Option<std::os::fd::RawFd>;
    /// The elements of an aggregation, as they are now, in no order. A keyless one that was never updated gives none.
    fn aggregate(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError>;
    /// The same, with each CPU's own data beside what they come to together.
    fn aggregate_cpus(&mut self, agg: AggId) -> Result<Vec<AggEntry>, BackendError>;
    /// Forgets these elements' values (all elements where `keys` is `None`): deleted where the aggregation has keys.
    fn agg_reset(&mut self, agg: AggId, keys: Option<&[Vec<u8>]>) -> Result<(), BackendError>;
    /// What was lost so far.
    fn drops(&mut self) -> Result<Drops, BackendError>;
    /// The status of `exit()`, once one was called, whether or not its record found room in the ring.
    fn exited(&mut self) -> Result<Option<i32>, BackendError>;
    /// Ends tracing: nothing fires after it but END, which it runs; its records are there for a last [`Session::poll`].
    /// Detaching may go on in the background until the session is dropped.
    fn stop(&mut self) -> Result<(), BackendError>;
    /// How long attaching took, for `-v`.
    fn attach_time(&self) -> Duration;
}
