//! What this kernel's BPF can do, found out by trying: a tiny program for each question. Versions are not asked for.
//!
//! Measured here, CPU time: the first question (is there BPF at all, may we use it) 0.07 ms, everything but functions 2.7 ms,
//! half of it the walk over BTF. Whether functions can be probed is only asked when a description asks for `fbt`.

use super::btf::Btf;
use super::funcs;
use super::kernel::Kernel;
use super::load::ShortWaits;
use super::maps;
use super::sys::{self, RawProg, attach_type, prog_type};
use crate::backend::{Ability, BackendError};
use crate::caps::{Caps, KernelOffsets, RingKind};
use crate::image::{Insn, PSEUDO_CALL, PSEUDO_MAP};
use crate::service::{Service, Services};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// `exit`; r0 = 0 first.
const RETURN_0: [Insn; 2] = [insn(0xb7, 0, 0, 0), insn(0x95, 0, 0, 0)];

const fn insn(code: u8, regs: u8, off: i16, imm: i32) -> Insn {
    Insn {
        code,
        regs,
        off,
        imm,
    }
}

/// A function that every kernel has and that nobody calls all the time.
pub const HARMLESS: &str = "sched_show_task";

fn load(prog_type: u32, attach_type: u32, insns: &[Insn], btf_id: u32) -> io::Result<OwnedFd> {
    sys::prog_load(&RawProg {
        prog_type,
        attach_type,
        name: "dtrace_try",
        insns,
        attach_btf_id: btf_id,
        ..RawProg::default()
    })
    .map_err(|(e, _)| e)
}

/// Whether BPF programs can be loaded at all; if not, why, and what to do.
pub fn available() -> Result<(), BackendError> {
    unlimit_memlock();
    let e = match load(prog_type::RAW_TRACEPOINT, 0, &RETURN_0, 0) {
        Ok(_) => return Ok(()),
        Err(e) => e,
    };
    Err(match e.raw_os_error() {
        Some(libc::EPERM) if !is_root() => BackendError::Privilege(
            "tracing needs the capabilities CAP_BPF and CAP_PERFMON, which this user lacks: run dtrace as root".to_owned(),
        ),
        Some(libc::EPERM) => match lockdown() {
            Some(level) => BackendError::Privilege(format!(
                "the kernel is locked down ({level}) and lets nobody read kernel memory from BPF: boot it with lockdown=none or without Secure Boot"
            )),
            None => BackendError::Privilege(
                "root is not allowed to load BPF programs here (a container, a seccomp filter or an LSM policy): run dtrace on the host".to_owned(),
            ),
        },
        Some(libc::ENOSYS) => BackendError::Unsupported(
            "this kernel has no bpf(2) (before Linux 3.18, or built without CONFIG_BPF_SYSCALL): use the kernel module, -x backend=kmod".to_owned(),
        ),
        Some(libc::EINVAL) => BackendError::Unsupported(
            "this kernel's BPF has no raw tracepoints (Linux 4.17 has): use the kernel module, -x backend=kmod".to_owned(),
        ),
        _ => BackendError::Io {
            what: "loading the smallest BPF program there is".to_owned(),
            cause: e,
        },
    })
}

/// Before Linux 5.11 maps and programs count as locked memory, of which a process has 64 KB; what an earlier command had is
/// given back a while after it ended, so that even a small program may find none left. Raising the limit takes a privilege:
/// without it the kernel's own answer says what is wrong.
fn unlimit_memlock() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    let _ = setrlimit(Resource::Memlock, unlimited);
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The level of the lockdown LSM, if it is on.
fn lockdown() -> Option<String> {
    let text = std::fs::read_to_string("/sys/kernel/security/lockdown").ok()?;
    let level = text.split_once('[')?.1.split_once(']')?.0;
    (level != "none").then(|| level.to_owned())
}

/// Everything but what concerns functions.
pub fn caps(btf: Option<&Btf>) -> Caps {
    let fetch = [
        // r1 = 1; *(u64 *)(r10 - 8) = r1; r1 = fetch_add(r10 - 8, r1)
        insn(0xb7, 1, 0, 1),
        insn(0x7b, 0x1a, -8, 0),
        insn(0xdb, 0x1a, -8, 1),
        RETURN_0[0],
        RETURN_0[1],
    ];
    let bounded_loop = [
        // r0 = 0; do r0 += 1 while r0 < 4; r0 = 0
        insn(0xb7, 0, 0, 0),
        insn(0x07, 0, 0, 1),
        insn(0xa5, 0, -2, 4),
        RETURN_0[0],
        RETURN_0[1],
    ];
    // r0 = 0; may_goto +1; r0 = 0. Up to Linux 6.13 a way of no length is refused.
    let way_on = [RETURN_0[0], insn(0xe5, 0, 1, 0), RETURN_0[0], RETURN_0[1]];
    let runs = |insns: &[Insn]| load(prog_type::RAW_TRACEPOINT, 0, insns, 0).is_ok();
    let (bounded_loops, may_goto) = (runs(&bounded_loop), runs(&way_on));
    let services = Services::asking(known_as);
    let btf_tracepoints = btf.is_some_and(|b| {
        let id = b
            .tracepoint("sys_enter")
            .filter(|(_, module)| module.is_none());
        id.is_some_and(|(id, _)| {
            load(prog_type::TRACING, attach_type::TRACE_RAW_TP, &RETURN_0, id).is_ok()
        })
    });
    Caps {
        max_maps: 64,
        // Both came with Linux 5.2 and 5.3; a loop is the cheaper question.
        max_insns: if bounded_loops { 1_000_000 } else { 4096 },
        ring: match services.has(Service::RingbufOutput) {
            true => RingKind::Ringbuf,
            false => RingKind::PerfArray,
        },
        bounded_loops,
        may_goto,
        // They came long before: not asked where may_goto (6.9) is.
        global_subs: may_goto || funcs::works(),
        atomic_fetch: runs(&fetch),
        // bpf_mem_alloc (6.1) is newer than anything else that can be asked for; kprobe.multi's helpers are not.
        hash_no_prealloc: has_kernel_function(btf, "bpf_mem_alloc_init"),
        btf_tracepoints,
        raw_tracepoints: true,
        kprobes: false,
        kprobe_multi: false,
        fentry: false,
        untyped_task: false,
        abi_in_context: false,
        pointer: 8,
        cpus: aya::util::nr_cpus().map_or(1, |n| n as u32),
        offsets: offsets(btf),
        services,
    }
}

fn has_kernel_function(btf: Option<&Btf>, name: &str) -> bool {
    btf.is_some_and(|b| b.function(Some("vmlinux"), name).is_some())
}

/// The first of a service's ids that the kernel knows.
fn known_as(s: Service) -> Option<u32> {
    let mut ids = s.ids().iter().copied();
    match s {
        // Merely asking makes the kernel warn of corrupted memory, in its log. All have it, unless they are locked down.
        Service::ProbeWriteUser => ids.next().filter(|_| lockdown().is_none()),
        // The helper is old; that programs which have subprograms may use it came with Linux 5.10, for some machines.
        Service::TailCall => ids.next().filter(|_| tail_calls()),
        _ => ids.find(|&id| knows(s, id)),
    }
}

/// A call without arguments is refused for its arguments where the kernel knows the helper, else by name.
fn knows(service: Service, id: u32) -> bool {
    let prog_type = match service {
        // Not for raw tracepoints.
        Service::GetAttachCookie | Service::GetFuncIp | Service::OverrideReturn => {
            prog_type::KPROBE
        }
        _ => prog_type::RAW_TRACEPOINT,
    };
    let insns = [insn(0x85, 0, 0, id as i32), RETURN_0[0], RETURN_0[1]];
    let tried = sys::prog_load(&RawProg {
        prog_type,
        name: "dtrace_try",
        insns: &insns,
        log_size: 4096,
        ..RawProg::default()
    });
    match tried {
        Ok(_) => true,
        Err((_, log)) => {
            !log.is_empty()
                && [
                    "invalid func",
                    "unknown func",
                    "program of this type cannot use helper",
                ]
                .iter()
                .all(|refusal| !log.contains(refusal))
        }
    }
}

fn tail_calls() -> bool {
    let Ok(programs) = maps::prog_array() else {
        return false;
    };
    let programs = programs.fd().as_fd().as_raw_fd();
    let insns = [
        // r6 = r1; a subprogram; r1 = r6, r2 = programs, r3 = 0; tail_call
        insn(0xbf, 0x16, 0, 0),
        insn(0x85, PSEUDO_CALL << 4, 0, 7),
        insn(0xbf, 0x61, 0, 0),
        insn(0x18, PSEUDO_MAP << 4 | 2, 0, programs),
        insn(0, 0, 0, 0),
        insn(0xb7, 3, 0, 0),
        insn(0x85, 0, 0, 12),
        RETURN_0[0],
        RETURN_0[1],
        RETURN_0[0],
        RETURN_0[1],
    ];
    load(prog_type::RAW_TRACEPOINT, 0, &insns, 0).is_ok()
}

fn offsets(btf: Option<&Btf>) -> KernelOffsets {
    let task = |path: &str| btf.and_then(|b| b.offset("task_struct", path));
    KernelOffsets {
        task_ti_status: task("thread_info.status"),
        task_real_parent: task("real_parent"),
        task_tgid: task("tgid"),
        task_start_time: task("start_boottime")
            .or_else(|| task("real_start_time"))
            .or_else(|| task("start_time")),
        task_sum_exec_runtime: task("se.sum_exec_runtime"),
        realtime_offset: realtime_offset(),
        // Found out where a program needs them.
        ..KernelOffsets::default()
    }
}

fn realtime_offset() -> i64 {
    let ns = |clock| {
        let t = rustix::time::clock_gettime(clock);
        t.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(t.tv_nsec)
    };
    ns(rustix::time::ClockId::Realtime).wrapping_sub(ns(rustix::time::ClockId::Monotonic))
}

/// Ways to probe functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FuncWays {
    /// Single kprobes.
    pub kprobes: bool,
    /// Many with one link, with cookies.
    pub kprobe_multi: bool,
    /// fentry and fexit.
    pub fentry: bool,
}

/// Which ways there are; the reasons where there is none.
pub fn func_ways(btf: Option<&Btf>) -> (FuncWays, String) {
    let tried = try_func_ways(btf);
    let [kprobes, kprobe_multi, fentry] = tried.each_ref().map(|(_, tried)| tried.is_ok());
    let reasons: Vec<String> = tried
        .iter()
        .filter_map(|(name, tried)| Some(format!("{name}: {}", tried.as_ref().err()?)))
        .collect();
    let ways = FuncWays {
        kprobes,
        kprobe_multi,
        fentry,
    };
    let none = format!(
        "this kernel lets no function be probed ({})",
        reasons.join("; ")
    );
    (ways, none)
}

/// Each way, and why not.
fn try_func_ways(btf: Option<&Btf>) -> [(&'static str, Result<(), String>); 3] {
    [
        ("kprobes", single_kprobe()),
        ("kprobe.multi", multi_kprobe()),
        ("fentry", fentry(btf)),
    ]
}

/// For `--backends`.
pub fn abilities(kernel: &Kernel) -> Vec<Ability> {
    let btf = kernel.btf();
    let caps = caps(btf);
    let some = |name, state| Ability { name, state };
    let yes_or = |yes: bool, how: &str, why: &str| match yes {
        true => Ok(how.to_owned()),
        false => Err(why.to_owned()),
    };
    let missing: Vec<&str> = Service::ALL
        .iter()
        .filter(|s| !caps.services.has(**s))
        .map(|s| s.name())
        .collect();
    let loops = match (caps.may_goto, caps.global_subs) {
        (true, _) => Ok("may_goto".to_owned()),
        (false, true) => Ok("bounded; global subprograms".to_owned()),
        (false, false) => yes_or(caps.bounded_loops, "bounded", "programs are unrolled"),
    };
    let mut all = vec![
        some(
            "types",
            yes_or(
                btf.is_some(),
                "BTF",
                "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF); declare what a program needs in D",
            ),
        ),
        some("instructions", Ok(format!("{} a program", caps.max_insns))),
        some("loops", loops),
        some(
            "records",
            Ok(match caps.ring {
                RingKind::Ringbuf => "one ring buffer",
                RingKind::PerfArray => "a perf buffer for each CPU",
            }
            .to_owned()),
        ),
        some(
            "atomic fetch",
            yes_or(
                caps.atomic_fetch,
                "yes",
                "plain counters serve (programs can't be preempted here)",
            ),
        ),
        some(
            "system calls",
            Ok(match caps.btf_tracepoints {
                true => "typed tracepoints",
                false => "raw tracepoints",
            }
            .to_owned()),
        ),
    ];
    all.extend(
        try_func_ways(btf)
            .into_iter()
            .map(|(name, tried)| some(name, tried.map(|()| "yes".to_owned()))),
    );
    if let Some(level) = lockdown() {
        all.push(some("lockdown", Ok(level)));
    }
    all.push(some(
        "helpers",
        match missing.is_empty() {
            true => Ok("all that are of use".to_owned()),
            false => Ok(format!("without {}", missing.join(", "))),
        },
    ));
    all
}

/// How long one kprobe takes to be loaded and attached, and to be detached: medians of a few, since one alone can be five
/// times off on a busy machine.
pub fn kprobe_cost() -> Option<(Duration, Duration)> {
    let pmu = std::fs::read_to_string("/sys/bus/event_source/devices/kprobe/type").ok()?;
    let pmu = pmu.trim().parse().ok()?;
    let mut attach = Vec::new();
    let mut detach = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        let prog = load(prog_type::KPROBE, 0, &RETURN_0, 0).ok()?;
        let event = sys::kprobe_event(pmu, HARMLESS).ok()?;
        let attached = Instant::now();
        // As many are detached (`load.rs`).
        let short = ShortWaits::new();
        drop((event, prog));
        drop(short);
        attach.push(attached - start);
        detach.push(attached.elapsed());
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times.get(times.len() / 2).copied()
    };
    Some((median(attach)?, median(detach)?))
}

fn single_kprobe() -> Result<(), String> {
    let pmu = std::fs::read_to_string("/sys/bus/event_source/devices/kprobe/type")
        .map_err(|_| "not configured".to_owned())?;
    let pmu = pmu.trim().parse().map_err(|_| "unknown PMU".to_owned())?;
    sys::kprobe_event(pmu, HARMLESS)
        .map(drop)
        .map_err(|e| e.to_string())
}

fn multi_kprobe() -> Result<(), String> {
    let prog = load(
        prog_type::KPROBE,
        attach_type::TRACE_KPROBE_MULTI,
        &RETURN_0,
        0,
    )
    .map_err(|e| e.to_string())?;
    sys::kprobe_multi(
        prog.as_fd(),
        sys::Functions::Names(&[HARMLESS]),
        &[1],
        false,
    )
    .map(drop)
    .map_err(|e| match e.raw_os_error() {
        Some(libc::EOPNOTSUPP | libc::EINVAL) => "not configured".to_owned(),
        _ => e.to_string(),
    })
}

fn fentry(btf: Option<&Btf>) -> Result<(), String> {
    let id = btf
        .and_then(|b| b.function(Some("vmlinux"), HARMLESS))
        .ok_or("no type information")?;
    let prog = load(
        prog_type::TRACING,
        attach_type::TRACE_FENTRY,
        &RETURN_0,
        id.0,
    )
    .map_err(|e| e.to_string())?;
    sys::raw_tracepoint_open(prog.as_fd(), None)
        .map(drop)
        .map_err(|e| e.to_string())
}
