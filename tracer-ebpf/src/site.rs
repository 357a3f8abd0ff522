//! What can be hooked, and the probes that stand for it.
//!
//! A provider turns a kernel's facts into [`ProbeInfo`]s; each names the [`Site`] behind it. Back ends match `Site`
//! exhaustively: a new kind of site is a compile error in every one of them.

use std::sync::Arc;

/// The calling convention of a system call's caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abi {
    /// 64-bit callers: probe module `vmlinux`.
    Native,
    /// 32-bit callers (int 0x80, sysenter, compat syscall): probe module `x32`; of a 32-bit kernel, which has no others,
    /// `vmlinux`.
    Compat32,
}

/// What a back end must be able to hook.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// `dtrace:::BEGIN`.
    Begin,
    /// `dtrace:::END`.
    End,
    /// `dtrace:::ERROR`: not attached anywhere; fired by a fault inside another firing.
    Error,
    /// Entry to or return from a system call.
    Syscall {
        /// System call number in its ABI's table.
        nr: u32,
        /// Which table.
        abi: Abi,
        /// Return instead of entry.
        ret: bool,
    },
    /// A static kernel tracepoint.
    Tracepoint {
        /// Its group (`sched`).
        category: String,
        /// Its name (`sched_switch`).
        name: String,
    },
    /// A kernel function.
    Func {
        /// Symbol.
        name: Arc<str>,
        /// `vmlinux` or a module.
        module: Arc<str>,
        /// Return instead of entry.
        ret: bool,
    },
    /// A timer.
    Timer {
        /// Period in nanoseconds.
        period_ns: u64,
        /// `profile-N`: on every CPU. `tick-N`: on one.
        per_cpu: bool,
    },
}

/// One probe.
#[derive(Clone, Debug)]
pub struct ProbeInfo {
    /// The number that `-l` shows and `-i` takes; stable as long as the kernel's set of probes is.
    pub id: u32,
    /// Provider.
    pub provider: Arc<str>,
    /// Module, empty where there is none.
    pub module: Arc<str>,
    /// Function, empty where there is none.
    pub function: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Where it is.
    pub site: Site,
}

impl std::fmt::Display for ProbeInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}:{}:{}",
            self.provider, self.module, self.function, self.name
        )
    }
}
