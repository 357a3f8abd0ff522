//! From an image's programs to what the module is to hook: breakpoints, table slots, timers.

use crate::device::Device;
use crate::ioctl::{
    EVERY_CPU, SITE_ARMED, SITE_CHILD, SITE_DROP, SITE_PROBE, SLOT_BYTES, SiteDef, SyscallDef,
};
use crate::kernel::Kernel;
use crate::x86::{self, Place, Refusal, Text};
use std::collections::BTreeMap;
use std::ops::Range;
use tracer_ebpf::backend::BackendError;
use tracer_ebpf::image::{Image, Phase, Prog, ProgKind};
use tracer_ebpf::site::{Abi, Site};

/// Calls that never come back: their returns are there, but nothing to wait for.
const NO_RETURN: [&str; 2] = ["exit", "exit_group"];
/// Calls that return twice, the second time where a new task begins.
const FORKS: [&str; 4] = ["clone", "clone3", "fork", "vfork"];
/// What each new task runs first.
const NEW_TASK: &str = "schedule_tail";
/// Stubs that leave by another way than their return address, and the function at whose returns that is seen.
const DROPPING: [(&str, &str); 2] = [
    ("stub_execve", "sys_execve"),
    ("stub_rt_sigreturn", "sys_rt_sigreturn"),
];
/// The tables, in the module's order.
const TABLES: [(Abi, &str); 2] = [
    (Abi::Native, "sys_call_table"),
    (Abi::Compat32, "ia32_sys_call_table"),
];
/// Stubs for 32-bit callers: all of them drop their return address.
const STUBS_32: [&str; 8] = [
    "stub32_rt_sigreturn",
    "stub32_sigreturn",
    "stub32_sigaltstack",
    "stub32_execve",
    "stub32_fork",
    "stub32_clone",
    "stub32_vfork",
    "stub32_iopl",
];
/// So many functions that reading all of the text at once is cheaper.
const MANY: usize = 256;

/// What was done, and what could not be.
#[derive(Default)]
pub struct Planted {
    /// Programs of BEGIN and END.
    pub phases: Vec<(Phase, u32)>,
    /// Breakpoints.
    pub armed: u32,
    /// Probes that have none, by the reason.
    pub refused: BTreeMap<String, u32>,
}

/// A wanted function probe.
struct Wanted {
    prog: u32,
    cookie: u64,
    function: Range<u64>,
    ret: bool,
    /// `SITE_*`.
    kind: u8,
}

/// Hooks everything that the image's programs want. Nothing runs yet: they look at the phase.
pub fn plant(
    device: &Device,
    kernel: &Kernel,
    image: &Image,
    cpu: Option<u32>,
) -> Result<Planted, BackendError> {
    let mut done = Planted::default();
    let (mut wanted, mut calls, mut timers) = (Vec::new(), Vec::new(), Vec::new());
    for (prog, number) in image.progs.iter().zip(0_u32..) {
        match &prog.kind {
            ProgKind::TestRun { phase } => done.phases.push((*phase, number)),
            ProgKind::RawTracepoint { name } if name == "sys_enter" || name == "sys_exit" => {
                calls.extend(syscalls(image, prog, number));
            }
            ProgKind::KprobeMulti { ret } => {
                functions(kernel, image, prog, number, *ret, &mut wanted, &mut done);
            }
            ProgKind::Timer { period_ns, per_cpu } => timers.push((number, *period_ns, *per_cpu)),
            ProgKind::RawTracepoint { name } | ProgKind::BtfTracepoint { name } => {
                return Err(unsupported(&format!("the tracepoint {name}")));
            }
            ProgKind::Kprobe { function, .. } | ProgKind::Fentry { function, .. } => {
                return Err(unsupported(&format!("a probe of {function} alone")));
            }
        }
    }
    let hooks = hooks(device, kernel, calls, &mut wanted, &mut done)?;
    // Breakpoints before tables: a mark that a call leaves must find them there.
    breakpoints(device, kernel, &wanted, &mut done)?;
    if let Some((defs, tables)) = hooks {
        device.hook(&defs, tables)?;
    }
    for (prog, period_ns, per_cpu) in timers {
        let cpu = match (cpu, per_cpu) {
            (Some(cpu), _) => cpu,
            (None, true) => EVERY_CPU,
            (None, false) => 0,
        };
        device.timer(prog, period_ns, cpu)?;
    }
    Ok(done)
}

fn unsupported(what: &str) -> BackendError {
    BackendError::Unsupported(format!("the kernel module can't hook {what}"))
}

/// A system call to hook, with its name.
struct Call {
    def: SyscallDef,
    name: String,
    abi: Abi,
}

fn syscalls<'a>(image: &'a Image, prog: &'a Prog, number: u32) -> impl Iterator<Item = Call> + 'a {
    let probes = prog
        .probes
        .iter()
        .filter_map(|&i| image.probes.get(i as usize));
    probes.filter_map(move |p| match &p.site {
        Site::Syscall { nr, abi, ret } => Some(Call {
            def: SyscallDef {
                nr: *nr,
                prog: number,
                ret: u8::from(*ret),
                ..SyscallDef::default()
            },
            name: p.function.to_string(),
            abi: *abi,
        }),
        _ => None,
    })
}

/// A table, and what is in it.
struct Table {
    address: u64,
    handlers: Vec<u64>,
}

/// Reads a table. The next symbol may be far behind its end: it ends where no function is named any more.
fn table(device: &Device, kernel: &Kernel, name: &str) -> Result<Option<Table>, BackendError> {
    let (Some((address, most)), Some(text)) = (kernel.table(name), kernel.text()) else {
        return Ok(None);
    };
    let mut handlers = vec![0; 8 * most as usize];
    let read = device.read(address, &mut handlers);
    read.map_err(|cause| BackendError::Io {
        what: format!("reading {name}"),
        cause,
    })?;
    let handlers = handlers
        .chunks_exact(8)
        .map(|h| h.try_into().map_or(0, u64::from_le_bytes))
        .take_while(|h| text.contains(h) || hooked(*h))
        .collect();
    Ok(Some(Table { address, handlers }))
}

/// Table slots to hook; each table's address and entries, the native one first.
type Hooks = (Vec<SyscallDef>, [(u64, u32); 2]);

fn hooks(
    device: &Device,
    kernel: &Kernel,
    calls: Vec<Call>,
    wanted: &mut Vec<Wanted>,
    done: &mut Planted,
) -> Result<Option<Hooks>, BackendError> {
    if calls.is_empty() {
        return Ok(None);
    }
    if let Some(why) = kernel.why_no_syscalls() {
        return Err(BackendError::Unsupported(why.to_owned()));
    }
    let mut tables = Vec::new();
    for (abi, name) in TABLES {
        let used = calls.iter().any(|c| c.abi == abi);
        let found = if used {
            table(device, kernel, name)?
        } else {
            None
        };
        if used && found.is_none() {
            return Err(unsupported(&format!(
                "system calls: {name} is not in /proc/kallsyms"
            )));
        }
        tables.push(found);
    }
    let mut defs = Vec::new();
    let mut seen = Vec::new();
    // A breakpoint that serves a call's return, once for each function.
    let mut serve = |name: &'static str, ret: bool, kind: u8, prog: u32| {
        let function = kernel.bounds(name);
        if let Some(function) = function.clone()
            && !seen.contains(&name)
        {
            seen.push(name);
            wanted.push(Wanted {
                prog,
                cookie: 0,
                function,
                ret,
                kind,
            });
        }
        function.is_some()
    };
    for mut call in calls {
        let mut refuse = |why: &str| *done.refused.entry(why.to_owned()).or_insert(0) += 1;
        let which = TABLES.iter().position(|t| t.0 == call.abi).unwrap_or(0);
        call.def.table = which as u8;
        let handlers = tables.get(which).and_then(Option::as_ref);
        let Some(&handler) = handlers.and_then(|t| t.handlers.get(call.def.nr as usize)) else {
            refuse("a system call that this kernel's table has no entry for");
            continue;
        };
        let name = call.name.as_str();
        if call.def.ret != 0 {
            if NO_RETURN.contains(&name) {
                continue;
            }
            if call.abi == Abi::Compat32
                && STUBS_32.iter().any(|s| kernel.address(s) == Some(handler))
            {
                refuse("a 32-bit caller's call that leaves by another way than it came");
                continue;
            }
            let dropping = DROPPING
                .iter()
                .find(|(stub, _)| kernel.address(stub) == Some(handler));
            if let Some((_, leaves)) = dropping {
                call.def.drops = 1;
                if !serve(leaves, true, SITE_DROP, call.def.prog) {
                    refuse("the function where the call leaves is not in /proc/kallsyms");
                    continue;
                }
            }
            if FORKS.contains(&name) && !serve(NEW_TASK, false, SITE_CHILD, call.def.prog) {
                refuse("schedule_tail is not in /proc/kallsyms: the child's return is not seen");
            }
        }
        defs.push(call.def);
    }
    let place = |n: usize| {
        let table = tables.get(n).and_then(Option::as_ref);
        table.map_or((0, 0), |t| (t.address, t.handlers.len() as u32))
    };
    Ok((!defs.is_empty()).then(|| (defs, [place(0), place(1)])))
}

/// Whether a table's entry points into modules' space: another enabling is there already.
fn hooked(handler: u64) -> bool {
    handler >= 0xffff_ffff_a000_0000
}

fn functions(
    kernel: &Kernel,
    image: &Image,
    prog: &Prog,
    number: u32,
    ret: bool,
    wanted: &mut Vec<Wanted>,
    done: &mut Planted,
) {
    for &i in &prog.probes {
        let Some(Site::Func { name, .. }) = image.probes.get(i as usize).map(|p| &p.site) else {
            continue;
        };
        match kernel.function(name) {
            Some(function) => wanted.push(Wanted {
                prog: number,
                cookie: u64::from(i),
                function,
                ret,
                kind: SITE_PROBE,
            }),
            None => {
                *done
                    .refused
                    .entry("it is not in the kernel's text".to_owned())
                    .or_insert(0) += 1
            }
        }
    }
}

/// What must be known of the text before it is changed.
fn text(device: &Device, kernel: &Kernel, range: &Range<u64>) -> Result<Text, BackendError> {
    let missing = || {
        BackendError::Unsupported(
            "the kernel's exception table was not found: without it no function can be probed safely".to_owned(),
        )
    };
    let at = kernel.address("__start___ex_table").ok_or_else(missing)?;
    let end = kernel.address("__stop___ex_table").ok_or_else(missing)?;
    let mut table = vec![0; end.saturating_sub(at).min(1 << 22) as usize];
    device.read(at, &mut table).map_err(|_| missing())?;
    Ok(Text {
        fixups: x86::fixups(&table, at, range).ok_or_else(missing)?,
        return_thunk: kernel.address("__x86_return_thunk"),
        ..Text::default()
    })
}

/// Live text: all of it, or what is asked for.
struct Live<'a> {
    device: &'a Device,
    range: Range<u64>,
    all: Option<Vec<u8>>,
}

impl Live<'_> {
    fn body(&self, f: &Range<u64>) -> Option<Vec<u8>> {
        if let Some(all) = &self.all {
            let from = f.start.checked_sub(self.range.start)? as usize;
            let to = f.end.checked_sub(self.range.start)? as usize;
            return all.get(from..to).map(<[u8]>::to_vec);
        }
        let mut body = vec![0; (f.end - f.start).min(1 << 20) as usize];
        self.device.read(f.start, &mut body).ok()?;
        Some(body)
    }
}

fn breakpoints(
    device: &Device,
    kernel: &Kernel,
    wanted: &[Wanted],
    done: &mut Planted,
) -> Result<(), BackendError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let Some(range) = kernel.text() else {
        return Err(unsupported("functions: /proc/kallsyms gives no addresses"));
    };
    let text = text(device, kernel, &range)?;
    let mut live = Live {
        device,
        all: None,
        range: range.clone(),
    };
    if wanted.len() > MANY {
        let mut all = vec![0; (range.end - range.start) as usize];
        live.all = device.read(range.start, &mut all).is_ok().then_some(all);
    }
    let mut places: Vec<(&Wanted, Place)> = Vec::new();
    let mut refuse = |why: Refusal| *done.refused.entry(why.to_string()).or_insert(0) += 1;
    for w in wanted {
        let Some(body) = live.body(&w.function) else {
            refuse(Refusal::Unreadable);
            continue;
        };
        let found = match w.ret {
            false => text.entry(&body, w.function.start).map(|p| vec![p]),
            true => text.returns_of(&body, w.function.start),
        };
        match found {
            Ok(found) => places.extend(found.into_iter().map(|p| (w, p))),
            Err(why) => refuse(why),
        }
    }
    // By address: the module writes them in runs.
    places.sort_by_key(|(_, p)| p.address);
    let addresses: Vec<u64> = places.iter().map(|(_, p)| p.address).collect();
    let slots = device.reserve(&addresses)?;
    let mut defs = Vec::with_capacity(places.len());
    for ((w, place), slot) in places.iter().zip(slots) {
        let code = match x86::slot_code(place, slot) {
            Ok(code) => code,
            Err(why) => {
                refuse(why);
                continue;
            }
        };
        let mut room = [0; SLOT_BYTES];
        for (to, from) in room.iter_mut().zip(&code) {
            *to = *from;
        }
        defs.push(SiteDef {
            address: place.address,
            cookie: w.cookie,
            ip: w.function.start,
            prog: w.prog,
            first: place.first,
            code_bytes: code.len() as u8,
            kind: w.kind,
            code: room,
            ..SiteDef::default()
        });
    }
    done.armed = device.arm(&mut defs)?;
    let changed = defs.iter().filter(|d| d.result != SITE_ARMED).count() as u32;
    if changed > 0 {
        *done
            .refused
            .entry("its text changed meanwhile".to_owned())
            .or_insert(0) += changed;
    }
    Ok(())
}
