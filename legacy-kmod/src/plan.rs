//! From an image's programs to what the module is to hook: breakpoints, table slots, timers.

use crate::device::Device;
use crate::ioctl::{
    EVERY_CPU, SITE_ARMED, SITE_CHILD, SITE_DROP, SITE_GONE, SITE_PROBE, SITE_STACKED, SLOT_BYTES,
    SiteDef, SyscallDef, TABLE_IA32, TABLE_NATIVE,
};
use crate::kernel::{Kernel, Table};
use crate::x86::{self, Bits, Place, Refusal, TableForm, Text};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use tracer_ebpf::backend::BackendError;
use tracer_ebpf::image::{Image, Phase, Prog, ProgKind};
use tracer_ebpf::site::{Abi, Site};

/// Calls that never come back: their returns are there, but nothing to wait for.
const NO_RETURN: [&str; 2] = ["exit", "exit_group"];
/// See [`for_good`].
const VM86: [&str; 2] = ["vm86", "vm86old"];
/// Calls that return twice, the second time where a new task begins.
const FORKS: [&str; 4] = ["clone", "clone3", "fork", "vfork"];
/// What each new task runs first.
const NEW_TASK: &str = "schedule_tail";
/// Calls whose stub (`stub_…`) leaves by another way than its return address; that is seen at the returns of `sys_…`.
const DROPPING: [&str; 2] = ["execve", "rt_sigreturn"];
/// Calls of 32-bit callers that have a stub (`stub32_…`). All of them drop their return address.
const IA32_STUBS: [&str; 8] = [
    "clone",
    "execve",
    "fork",
    "iopl",
    "rt_sigreturn",
    "sigaltstack",
    "sigreturn",
    "vfork",
];
/// What those have in common, and where it jumps at the end.
const IA32_STUB_END: &str = "ia32_ptregs_common";
/// See [`IA32_STUB_END`].
const IA32_EXIT: &str = "ia32_sysret";
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
    part: Part,
    /// `SITE_*`.
    kind: u8,
}

/// Which places of a function.
#[derive(Clone, Copy)]
enum Part {
    Entry,
    Returns,
    JumpsTo(u64),
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

/// Table slots to hook, and where the two tables are and how many entries they have.
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
    let mut tables = [const { None }; 2];
    let mut defs = Vec::new();
    let mut seen = HashSet::new();
    for mut call in calls {
        let mut refuse = |why: &str| *done.refused.entry(why.to_owned()).or_insert(0) += 1;
        let (index, table_name) = match (call.abi, kernel.bits()) {
            (Abi::Native, _) => (TABLE_NATIVE, "sys_call_table"),
            (Abi::Compat32, Bits::Bits64) => (TABLE_IA32, "ia32_sys_call_table"),
            (Abi::Compat32, Bits::Bits32) => (TABLE_IA32, "sys_call_table"),
        };
        call.def.table = index;
        let Some(slot) = tables.get_mut(usize::from(index)) else {
            continue;
        };
        let table: &Table = match slot {
            Some(table) => table,
            None => slot.insert(Table::read(device, kernel, table_name)?),
        };
        let Some(&handler) = table.handlers.get(call.def.nr as usize) else {
            refuse("a system call that this kernel's table has no entry for");
            continue;
        };
        let name = call.name.as_str();
        if call.def.ret != 0 && NO_RETURN.contains(&name) {
            continue;
        }
        if call.def.ret != 0 && for_good(kernel, name) {
            refuse(
                "a system call that goes on in another mode of the processor: it does not come back",
            );
            continue;
        }
        let leaves = leaves(kernel, call.abi, name, handler);
        call.def.drops = u8::from(leaves.is_some());
        if call.def.ret != 0 {
            let fork = FORKS.contains(&name).then(|| Serve {
                function: NEW_TASK.to_owned(),
                part: Part::Entry,
                kind: SITE_CHILD,
            });
            let mut lacking = None;
            for s in leaves.into_iter().chain(fork) {
                let Some(function) = kernel.bounds(&s.function) else {
                    lacking = Some(s);
                    continue;
                };
                // One breakpoint serves all calls that leave there.
                if seen.insert((s.function, s.kind)) {
                    wanted.push(Wanted {
                        prog: call.def.prog,
                        cookie: 0,
                        function,
                        part: s.part,
                        kind: s.kind,
                    });
                }
            }
            match lacking {
                Some(s) if s.kind == SITE_DROP => {
                    refuse("the function where the call leaves is not in /proc/kallsyms");
                    continue;
                }
                Some(_) => {
                    refuse(
                        "schedule_tail is not in /proc/kallsyms: the child's return is not seen",
                    );
                }
                None => {}
            }
        }
        defs.push(call.def);
    }
    let tables = tables.map(|t| t.map_or((0, 0), |t| (t.at, t.handlers.len() as u32)));
    Ok((!defs.is_empty()).then_some((defs, tables)))
}

/// A breakpoint that a call's return is seen by.
struct Serve {
    function: String,
    part: Part,
    kind: u8,
}

/// Whether a call of a 32-bit kernel leaves its stack behind: those that enter virtual-8086 mode, where there is one. All its
/// other stubs (`ptregs_…`) jump to a function that returns.
fn for_good(kernel: &Kernel, name: &str) -> bool {
    let there = || {
        let handler = kernel.address(&format!("sys_{name}"));
        handler.is_some_and(|h| Some(h) != kernel.address("sys_ni_syscall"))
    };
    kernel.bits() == Bits::Bits32 && VM86.contains(&name) && there()
}

/// Where a call leaves that drops its return address, if it does. Told by the handler's name; where another enabling's thunk is in
/// its place, by whether this kernel has such a handler.
fn leaves(kernel: &Kernel, abi: Abi, name: &str, handler: u64) -> Option<Serve> {
    let is = |stub: &str| {
        let at = kernel.address(stub);
        at == Some(handler) || (at.is_some() && kernel.hooked(handler))
    };
    match abi {
        Abi::Native => {
            let stub = format!("stub_{name}");
            let dropping = DROPPING.contains(&name) && is(&stub);
            dropping.then(|| Serve {
                function: format!("sys_{name}"),
                part: Part::Returns,
                kind: SITE_DROP,
            })
        }
        // All of the old entry code's stubs for 32-bit callers end in one jump.
        Abi::Compat32 => {
            let dropping = IA32_STUBS.contains(&name) && is(&format!("stub32_{name}"));
            dropping.then_some(())?;
            Some(Serve {
                function: IA32_STUB_END.to_owned(),
                part: Part::JumpsTo(kernel.address(IA32_EXIT)?),
                kind: SITE_DROP,
            })
        }
    }
}

/// Whether a function of a 32-bit kernel has all its arguments on the stack (`asmlinkage`): the handlers of system calls, but for
/// those that a stub (`ptregs_…`) gives the registers' address; and a few more.
fn stacked(name: &str) -> bool {
    match name.strip_prefix("sys_") {
        Some(call) => !IA32_STUBS.contains(&call) && !VM86.contains(&call),
        None => ["printk", "schedule_tail", "vprintk"].contains(&name),
    }
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
        let Some(Site::Func { name, module, .. }) = image.probes.get(i as usize).map(|p| &p.site)
        else {
            continue;
        };
        match kernel.function(module, name) {
            Some(function) => wanted.push(Wanted {
                prog: number,
                cookie: u64::from(i),
                function,
                part: if ret { Part::Returns } else { Part::Entry },
                kind: match !ret
                    && kernel.bits() == Bits::Bits32
                    && **module == *"vmlinux"
                    && stacked(name)
                {
                    true => SITE_PROBE | SITE_STACKED,
                    false => SITE_PROBE,
                },
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

/// The kernel's own exception table: its form, and the addresses in it.
fn kernels_fixups(
    device: &Device,
    kernel: &Kernel,
    text: &Range<u64>,
) -> Result<(TableForm, HashSet<u64>), BackendError> {
    let missing = || {
        BackendError::Unsupported(
            "the kernel's exception table was not found: without it no function can be probed safely".to_owned(),
        )
    };
    let at = kernel.address("__start___ex_table").ok_or_else(missing)?;
    let end = kernel.address("__stop___ex_table").ok_or_else(missing)?;
    let mut table = vec![0; end.saturating_sub(at).min(LARGEST_TABLE) as usize];
    device.read(at, &mut table).map_err(|_| missing())?;
    let form = TableForm::of(kernel.bits(), &table, at, text).ok_or_else(missing)?;
    Ok((form, form.addresses(kernel.bits(), &table, at)))
}

/// Bytes of an exception table at the most.
const LARGEST_TABLE: u64 = 1 << 22;

/// A piece of live text: the kernel's own or a module's.
struct Live<'a> {
    device: &'a Device,
    range: Range<u64>,
    /// What must be known of it before it is changed.
    text: Text,
    /// All of it, where so much of it is asked for that reading it at once is cheaper.
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

    fn places(&self, wanted: &Wanted) -> Result<Vec<Place>, Refusal> {
        let body = self.body(&wanted.function).ok_or(Refusal::Unreadable)?;
        let start = wanted.function.start;
        match wanted.part {
            Part::Entry => self.text.entry(&body, start).map(|p| vec![p]),
            Part::Returns => self.text.returns_of(&body, start),
            Part::JumpsTo(to) => self.text.jumps_to(&body, start, to),
        }
    }
}

/// The texts that functions are wanted of, by address.
fn lives<'a>(
    device: &'a Device,
    kernel: &Kernel,
    wanted: &[Wanted],
) -> Result<Vec<Live<'a>>, BackendError> {
    let Some(own) = kernel.text() else {
        return Err(unsupported("functions: /proc/kallsyms gives no addresses"));
    };
    let (form, fixups) = kernels_fixups(device, kernel, &own)?;
    let (bits, return_thunk) = (kernel.bits(), kernel.address("__x86_return_thunk"));
    let live = |range: Range<u64>, fixups| {
        let of = wanted
            .iter()
            .filter(|w| range.contains(&w.function.start))
            .count();
        let mut all = None;
        if of > MANY {
            let mut bytes = vec![0; (range.end - range.start) as usize];
            all = device
                .read(range.start, &mut bytes)
                .is_ok()
                .then_some(bytes);
        }
        let text = Text {
            bits,
            fixups,
            return_thunk,
        };
        Live {
            device,
            range,
            text,
            all,
        }
    };
    let mut lives = vec![live(own, fixups)];
    for m in kernel.modules() {
        let there = |w: &Wanted| m.text.contains(&w.function.start);
        let bytes = m.fixups.end - m.fixups.start;
        if !wanted.iter().any(there) || bytes > LARGEST_TABLE {
            continue;
        }
        let mut table = vec![0; bytes as usize];
        // Whose table can't be read has gone: so can't its text.
        if device.read(m.fixups.start, &mut table).is_ok() {
            let fixups = form.addresses(bits, &table, m.fixups.start);
            lives.push(live(m.text.clone(), fixups));
        }
    }
    lives.sort_by_key(|l| l.range.start);
    Ok(lives)
}

/// Slots for all places, less those whose modules went meanwhile: they are taken from the list.
fn reserve(
    device: &Device,
    kernel: &Kernel,
    places: &mut Vec<(&Wanted, Place)>,
) -> Result<Vec<u64>, BackendError> {
    loop {
        let addresses: Vec<u64> = places.iter().map(|(_, p)| p.address).collect();
        let error = match device.reserve(&addresses) {
            Ok(slots) => return Ok(slots),
            Err(e) => e,
        };
        let before = places.len();
        let gone: Vec<&Range<u64>> = kernel
            .modules()
            .iter()
            .map(|m| &m.text)
            .filter(|text| device.module(text.start).is_err())
            .collect();
        places.retain(|(_, p)| !gone.iter().any(|text| text.contains(&p.address)));
        if places.len() == before {
            return Err(error);
        }
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
    let lives = lives(device, kernel, wanted)?;
    let mut places: Vec<(&Wanted, Place)> = Vec::new();
    let mut refuse = |why: Refusal| *done.refused.entry(why.to_string()).or_insert(0) += 1;
    for w in wanted {
        let live = lives.iter().find(|l| l.range.contains(&w.function.start));
        match live.map_or(Err(Refusal::Unreadable), |l| l.places(w)) {
            Ok(found) => places.extend(found.into_iter().map(|p| (w, p))),
            Err(why) => refuse(why),
        }
    }
    // By address: the module writes them in runs.
    places.sort_by_key(|(_, p)| p.address);
    let planned = places.len();
    let slots = reserve(device, kernel, &mut places)?;
    (places.len()..planned).for_each(|_| refuse(Refusal::Gone));
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
    done.armed = device.arm(&mut defs, kernel.modules_gone())?;
    for def in defs.iter().filter(|d| d.result != SITE_ARMED) {
        refuse(match def.result {
            SITE_GONE => Refusal::Gone,
            _ => Refusal::Changed,
        });
    }
    Ok(())
}
