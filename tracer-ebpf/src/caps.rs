//! What a kernel side can do, as data. The lowering reads this and nothing else about its target.

use crate::service::{Service, Services};

/// How records reach user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingKind {
    /// BPF ring buffer, shared by all CPUs (Linux 5.8; the legacy module has its own with the same call).
    Ringbuf,
    /// Per-CPU perf buffers.
    PerfArray,
}

/// What a kernel side offers. Found out by trying ([`crate::live`]), or a preset for tests.
#[derive(Clone, Debug)]
pub struct Caps {
    /// Instructions per program. 4096 before Linux 5.2, a million since.
    pub max_insns: u32,
    /// Maps that a program may use (Linux: MAX_USED_MAPS).
    pub max_maps: u32,
    /// The id by which each service is called; where there is none, lowering takes the fallback or refuses with its name.
    pub services: Services,
    /// How records leave.
    pub ring: RingKind,
    /// Loops with a bound that the verifier can see (Linux 5.3).
    pub bounded_loops: bool,
    /// `may_goto` (Linux 6.9): loops that the verifier goes through two or three times instead of as often as they can
    /// run. Without it long strings make programs too complex for it. Nothing that an engine without limits needs.
    pub may_goto: bool,
    /// Global subprograms (Linux 5.6), which the verifier goes through once, whoever calls them. They take numbers only, and
    /// are made where there is no `may_goto`: without them each call of a loop counts again.
    pub global_subs: bool,
    /// Atomic operations that return the old value (`BPF_FETCH`, Linux 5.12). Without them programs can't be preempted by
    /// others either, and a plain counter serves.
    pub atomic_fetch: bool,
    /// Hash maps whose elements are allocated as needed are safe in any context (since bpf_mem_alloc, Linux 6.1).
    pub hash_no_prealloc: bool,
    /// `tp_btf` programs load and attach.
    pub btf_tracepoints: bool,
    /// Raw tracepoints load and attach (Linux 4.17).
    pub raw_tracepoints: bool,
    /// Single kprobes.
    pub kprobes: bool,
    /// kprobe.multi links, with cookies.
    pub kprobe_multi: bool,
    /// fentry/fexit.
    pub fentry: bool,
    /// A task is an address like any other, for the service that finds its registers too.
    pub untyped_task: bool,
    /// The context of a system call says in its third word whether the caller is a 32-bit one.
    pub abi_in_context: bool,
    /// Bytes of the kernel's pointers. Registers have x86-64's names, places and width whatever it is: who has others
    /// hands them to programs that way.
    pub pointer: u32,
    /// Number of possible CPUs.
    pub cpus: u32,
    /// Offset in `task_struct` … of the few fields that lowering itself needs; absent where no type information is there.
    pub offsets: KernelOffsets,
}

/// Offsets of kernel structure members that generated code reads. `None` = unknown on this kernel; what needs it says so.
#[derive(Clone, Debug, Default)]
pub struct KernelOffsets {
    /// `task_struct.thread_info.status` (TS_COMPAT = 2 tells 32-bit callers).
    pub task_ti_status: Option<u32>,
    /// `task_struct.real_parent`.
    pub task_real_parent: Option<u32>,
    /// `task_struct.tgid`.
    pub task_tgid: Option<u32>,
    /// `task_struct.start_time` (or `start_boottime`), to make thread keys unique.
    pub task_start_time: Option<u32>,
    /// `task_struct.se.sum_exec_runtime`, for `vtimestamp`.
    pub task_sum_exec_runtime: Option<u32>,
    /// For `d_path()`: how to get from a file to its name.
    pub path: Option<PathOffsets>,
    /// For `getf()`: how to get from a task to its open files.
    pub files: Option<FileOffsets>,
    /// For `execargs`: where a task's arguments lie.
    pub args: Option<ArgsOffsets>,
    /// `mutex.owner`.
    pub mutex_owner: Option<u32>,
    /// `rw_semaphore.count`.
    pub rwsem_count: Option<u32>,
    /// Difference CLOCK_REALTIME − CLOCK_MONOTONIC in ns when tracing began, for `walltimestamp`.
    pub realtime_offset: i64,
}

/// See [`KernelOffsets::path`]. Each is named by structure and member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PathOffsets {
    pub path_mnt: u32,
    pub path_dentry: u32,
    pub mount_mnt: u32,
    pub mount_parent: u32,
    pub mount_mountpoint: u32,
    pub vfsmount_root: u32,
    pub dentry_parent: u32,
    pub dentry_name: u32,
    pub dentry_len: u32,
    pub dentry_pprev: u32,
    pub dentry_sb: u32,
    pub dentry_inode: u32,
    pub sb_magic: u32,
    pub inode_ino: u32,
    pub task_fs: u32,
    pub fs_root: u32,
}

/// See [`KernelOffsets::files`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FileOffsets {
    pub task_files: u32,
    pub files_fdt: u32,
    pub fdt_max: u32,
    pub fdt_fd: u32,
}

/// See [`KernelOffsets::args`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ArgsOffsets {
    pub task_mm: u32,
    pub mm_start: u32,
    pub mm_end: u32,
}

impl Caps {
    /// A modern kernel with everything: for tests that need no kernel.
    pub fn modern() -> Caps {
        Caps {
            max_insns: 1_000_000,
            max_maps: 64,
            services: Service::ALL.iter().map(|&s| (s, s.ids()[0])).collect(),
            ring: RingKind::Ringbuf,
            bounded_loops: true,
            may_goto: true,
            global_subs: true,
            atomic_fetch: true,
            hash_no_prealloc: true,
            btf_tracepoints: true,
            raw_tracepoints: true,
            kprobes: true,
            kprobe_multi: true,
            fentry: true,
            untyped_task: false,
            abi_in_context: false,
            pointer: 8,
            cpus: 2,
            offsets: KernelOffsets::default(),
        }
    }
}
