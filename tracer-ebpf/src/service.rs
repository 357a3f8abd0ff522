//! Services: the numbered calls a program may make.
//!
//! The numbers are the BPF helper ids, on the legacy module too. A row names the ids to try in order, where a later kernel
//! split one helper into two; which of them this kernel takes is found by trying, and stands in [`Caps`](crate::caps::Caps).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The services that a kernel side has, each by the id that it takes. Which they are is found out one by one, when somebody
/// wants to know: an answer costs loading a program.
#[derive(Clone)]
pub struct Services {
    ask: fn(Service) -> Option<u32>,
    answers: Arc<Mutex<BTreeMap<Service, Option<u32>>>>,
}

impl Services {
    /// Those that `ask` has an id for.
    pub fn asking(ask: fn(Service) -> Option<u32>) -> Services {
        Services {
            ask,
            answers: Arc::default(),
        }
    }

    /// The id of a service, if it is there.
    pub fn get(&self, s: Service) -> Option<u32> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(s).or_insert_with(|| (self.ask)(s))
    }

    /// Whether it is there.
    pub fn has(&self, s: Service) -> bool {
        self.get(s).is_some()
    }

    /// All that are there.
    pub fn all(&self) -> BTreeMap<Service, u32> {
        let all = Service::ALL.iter();
        all.filter_map(|&s| Some((s, self.get(s)?))).collect()
    }
}

/// Just these.
impl FromIterator<(Service, u32)> for Services {
    fn from_iter<I: IntoIterator<Item = (Service, u32)>>(these: I) -> Services {
        let these = these.into_iter().map(|(s, id)| (s, Some(id)));
        Services {
            ask: |_| None,
            answers: Arc::new(Mutex::new(these.collect())),
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.all()).finish()
    }
}

macro_rules! services {
    ($($name:ident, [$($id:literal),+], $doc:literal;)*) => {
        /// A service of the kernel side.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Service { $(#[doc = $doc] $name,)* }
        impl Service {
            /// Every one.
            pub const ALL: &[Service] = &[$(Service::$name),*];
            /// Helper ids, the best first; all of a row have the same arguments and meaning here.
            pub fn ids(self) -> &'static [u32] { match self { $(Service::$name => &[$($id),+],)* } }
            /// Name, for messages and the text form.
            pub fn name(self) -> &'static str { match self { $(Service::$name => stringify!($name),)* } }
        }
    };
}
services! {
    MapLookup, [1], "map_lookup_elem(map, key) -> value or NULL";
    MapUpdate, [2], "map_update_elem(map, key, value, flags)";
    MapDelete, [3], "map_delete_elem(map, key)";
    KtimeGetNs, [5], "ktime_get_ns(): CLOCK_MONOTONIC";
    GetPrandomU32, [7], "get_prandom_u32()";
    GetSmpProcessorId, [8], "get_smp_processor_id()";
    TailCall, [12], "tail_call(ctx, programs, index): comes back only where it can't be done";
    GetCurrentPidTgid, [14], "get_current_pid_tgid(): tgid << 32 | tid";
    GetCurrentUidGid, [15], "get_current_uid_gid(): gid << 32 | uid";
    GetCurrentComm, [16], "get_current_comm(buf, size)";
    PerfEventOutput, [25], "perf_event_output(ctx, map, flags, data, size)";
    GetCurrentTask, [35], "get_current_task()";
    ProbeWriteUser, [36], "probe_write_user(dst, src, size)";
    OverrideReturn, [58], "override_return(ctx, value)";
    GetStack, [67], "get_stack(ctx, buf, size, flags)";
    ProbeReadUser, [112, 4], "probe_read_user(dst, size, src)";
    ProbeReadKernel, [113, 4], "probe_read_kernel(dst, size, src)";
    ProbeReadUserStr, [114, 45], "probe_read_user_str(dst, size, src) -> length with NUL";
    ProbeReadKernelStr, [115, 45], "probe_read_kernel_str(dst, size, src) -> length with NUL";
    SendSignal, [109], "send_signal(signal): to the current process";
    RingbufOutput, [130], "ringbuf_output(ring, data, size, flags)";
    RingbufQuery, [134], "ringbuf_query(ring, what)";
    GetCurrentTaskBtf, [158], "get_current_task_btf()";
    GetAttachCookie, [174], "get_attach_cookie(ctx)";
    GetFuncIp, [173], "get_func_ip(ctx)";
    Loop, [181], "bpf_loop(n, callback, ctx, flags)";
    TaskPtRegs, [175], "task_pt_regs(task)";
}
