//! Loading and attaching an image's programs: aya where it can, raw `bpf(2)` where it can't.
//!
//! BEGIN and END are run, not attached, and a program for kprobe.multi or for a module's tracepoint is of a kind that aya
//! 0.14 doesn't load; these go to the kernel directly, and an enabling that has no others never makes an `EbpfLoader`,
//! which would read all of vmlinux's types first.

use super::btf::kind;
use super::elf;
use super::funcs::{self, Funcs};
use super::kernel::Kernel;
use super::maps::Maps;
use super::sys::{self, RawProg, attach_type, prog_type};
use super::verifier::{describe, refused};
use crate::backend::{BackendError, LoadOptions};
use crate::image::{Image, Insn, Phase, Prog, ProgKind};
use crate::site::Site;
use aya::Ebpf;
use aya::programs::kprobe::KProbeLink;
use aya::programs::perf_event::{PerfEventConfig, PerfEventScope, SamplePolicy, SoftwareEvent};
use aya::programs::{Program, ProgramError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Up to so many functions are searched in the symbol table one by one, and by the kernel by name.
const FEW: usize = 16;

/// What keeps the programs loaded and attached. Dropping it detaches.
#[derive(Default)]
pub struct Attached {
    /// Programs that aya loaded, with their links.
    ebpf: Option<Ebpf>,
    /// Links of single kprobes, of which there may be thousands.
    kprobes: Vec<KProbeLink>,
    /// Links of the others.
    links: Vec<OwnedFd>,
    /// BEGIN and END, in order.
    pub test_runs: Vec<(Phase, OwnedFd)>,
    /// Every program once more, for what the kernel counts about it.
    pub progs: Vec<OwnedFd>,
}

/// So many kprobes are detached at once.
const AT_ONCE: usize = 16;

impl Drop for Attached {
    /// When a kprobe goes the kernel waits until every CPU has been elsewhere, some milliseconds for each: those waits can be partly
    /// the same ones, and short.
    fn drop(&mut self) {
        let mut links = std::mem::take(&mut self.kprobes);
        let short = (links.len() > AT_ONCE).then(ShortWaits::new);
        let share = links.len().div_ceil(AT_ONCE);
        std::thread::scope(|scope| {
            while !links.is_empty() {
                let part = links.split_off(links.len().saturating_sub(share));
                // Where there can be no thread, what it was to do is done by dropping it.
                let _ = std::thread::Builder::new().spawn_scoped(scope, move || drop(part));
            }
        });
        drop(short);
    }
}

/// Where the kernel is told that waits for all CPUs are to be short. It then interrupts those it waits for, as it does anyway for
/// each kprobe when it restores the instruction.
const EXPEDITED: &str = "/sys/kernel/rcu_expedited";

/// Has those waits be short as long as it lives, where they are not already.
pub(super) struct ShortWaits {
    changed: bool,
}

impl ShortWaits {
    pub(super) fn new() -> ShortWaits {
        let usual = std::fs::read_to_string(EXPEDITED).is_ok_and(|text| text.trim() == "0");
        ShortWaits {
            changed: usual && std::fs::write(EXPEDITED, "1").is_ok(),
        }
    }
}

impl Drop for ShortWaits {
    fn drop(&mut self) {
        if self.changed {
            let _ = std::fs::write(EXPEDITED, "0");
        }
    }
}

/// What loading needs from the engine.
pub struct Loader<'a> {
    /// Types and addresses.
    pub kernel: &'a Kernel,
    /// The caller's.
    pub options: &'a LoadOptions<'a>,
    /// Told how far it has come.
    pub watch: &'a mut dyn FnMut(usize, usize),
}

impl Loader<'_> {
    /// Loads and attaches everything. Timers come last, so that their periods begin when all else is there.
    pub fn load(&mut self, image: &Image, maps: &Maps) -> Result<Attached, BackendError> {
        room_for_descriptors(image.progs.len() as u64 * 4 + 256);
        let mut attached = Attached::default();
        let mut through_aya: Vec<(String, &Prog, Vec<Insn>)> = Vec::new();
        let mut progs: Vec<(usize, &Prog)> = image.progs.iter().enumerate().collect();
        // Those that are called first: where one is refused, nothing has to be detached.
        progs.sort_by_key(|(_, p)| p.called.is_none());
        for (i, prog) in progs {
            let insns = maps.bake(&prog.insns)?;
            match self.by_hand(prog, &insns)? {
                Some(fd) if prog.called.is_some() => {
                    put(maps, prog, fd.as_fd())?;
                    attached.progs.push(fd);
                }
                Some(fd) => self.attach_by_hand(image, prog, fd, &mut attached)?,
                None => through_aya.push((unique_name(&prog.name, i), prog, insns)),
            }
        }
        if through_aya.is_empty() {
            return Ok(attached);
        }
        let parts: Vec<(&str, &Prog, &[Insn])> = through_aya
            .iter()
            .map(|(n, p, i)| (n.as_str(), *p, i.as_slice()))
            .collect();
        let object = elf::write(&parts).map_err(BackendError::Other)?;
        let mut ebpf = self
            .kernel
            .loader()
            .with(|aya| aya.load(&object))
            .map_err(|e| {
                BackendError::Other(format!("aya does not take our object: {}", chain(&e)))
            })?;
        let (table, targets) = self.targets_for_aya(&parts)?;
        let order = |p: &&(String, &Prog, Vec<Insn>)| matches!(p.1.kind, ProgKind::Timer { .. });
        let (timers, others): (Vec<_>, Vec<_>) = through_aya.iter().partition(order);
        let mut unprobed: Option<BackendError> = None;
        let mut functions = 0;
        for (done, (name, prog, _)) in others.into_iter().chain(timers).enumerate() {
            (self.watch)(done, through_aya.len());
            let Some(p) = ebpf.program_mut(name) else {
                return Err(BackendError::Other(format!("aya lost {}", describe(prog))));
            };
            let target = targets.get(name).map_or("", String::as_str);
            load_one(p, target, &table).map_err(|e| self.failed(prog, e))?;
            if let Ok(fd) = p.fd() {
                put(maps, prog, fd.as_fd())?;
                attached.progs.extend(fd.as_fd().try_clone_to_owned().ok());
            }
            if prog.called.is_some() {
                continue;
            }
            match attach_one(p, &prog.kind, self.options.cpu, &mut attached.kprobes) {
                // Of many functions, one that can't be probed after all costs only itself.
                Err(e) if matches!(prog.kind, ProgKind::Kprobe { .. }) => {
                    log::warn!("{} can't be probed: {}", describe(prog), chain(&e));
                    unprobed.get_or_insert(self.failed(prog, e));
                }
                done => {
                    done.map_err(|e| self.failed(prog, e))?;
                    functions += usize::from(matches!(prog.kind, ProgKind::Kprobe { .. }));
                }
            }
        }
        if let Some(e) = unprobed.filter(|_| functions == 0) {
            return Err(e);
        }
        attached.ebpf = Some(ebpf);
        Ok(attached)
    }

    /// Loads a program without aya, if it is of a kind that is not for aya.
    fn by_hand(&self, prog: &Prog, insns: &[Insn]) -> Result<Option<OwnedFd>, BackendError> {
        let mut raw = RawProg {
            name: &prog.name,
            insns,
            ..RawProg::default()
        };
        let (module_btf, funcs);
        match &prog.kind {
            ProgKind::TestRun { .. } => raw.prog_type = prog_type::RAW_TRACEPOINT,
            ProgKind::KprobeMulti { .. } => {
                raw.prog_type = prog_type::KPROBE;
                raw.attach_type = attach_type::TRACE_KPROBE_MULTI;
            }
            kind @ (ProgKind::BtfTracepoint { .. } | ProgKind::Fentry { .. }) => {
                // aya attaches to vmlinux's types only.
                let Some(Typed {
                    id,
                    module: Some(module),
                    ..
                }) = self.typed(kind)
                else {
                    return Ok(None);
                };
                module_btf = sys::module_btf(module).map_err(|cause| BackendError::Io {
                    what: format!("opening the types of the module {module}"),
                    cause,
                })?;
                raw.prog_type = prog_type::TRACING;
                raw.attach_type = match kind {
                    ProgKind::Fentry { ret: false, .. } => attach_type::TRACE_FENTRY,
                    ProgKind::Fentry { ret: true, .. } => attach_type::TRACE_FEXIT,
                    _ => attach_type::TRACE_RAW_TP,
                };
                raw.attach_btf_id = id;
                raw.attach_btf = Some(module_btf.as_fd());
            }
            ProgKind::RawTracepoint { .. } | ProgKind::Kprobe { .. } | ProgKind::Timer { .. } => {
                return Ok(None);
            }
        }
        if funcs::needed(prog) {
            funcs = Funcs::of(prog).map_err(|cause| BackendError::Io {
                what: format!("loading the types of {}", describe(prog)),
                cause,
            })?;
            raw.funcs = Some(&funcs);
        }
        let fd = match sys::prog_load(&raw) {
            Ok(fd) => fd,
            // Once more for the log: a program that is accepted needs none, and writing it costs. What the kernel says of
            // one that is too large is known without, and it takes long to say it.
            Err((e, _)) if e.raw_os_error() == Some(libc::E2BIG) => {
                return Err(refused(prog, e, "", self.options));
            }
            Err(_) => {
                raw.log_size = 16 << 20;
                sys::prog_load(&raw).map_err(|(e, log)| refused(prog, e, &log, self.options))?
            }
        };
        Ok(Some(fd))
    }

    fn attach_by_hand(
        &self,
        image: &Image,
        prog: &Prog,
        fd: OwnedFd,
        attached: &mut Attached,
    ) -> Result<(), BackendError> {
        let failed = |cause| BackendError::Io {
            what: format!("attaching {}", describe(prog)),
            cause,
        };
        attached.progs.extend(fd.try_clone().ok());
        match &prog.kind {
            ProgKind::TestRun { phase } => attached.test_runs.push((*phase, fd)),
            ProgKind::KprobeMulti { ret } => {
                let functions = self.targets(image, prog);
                let before = attached.links.len();
                for batch in functions {
                    multi(&fd, &batch, *ret, &mut attached.links).map_err(failed)?;
                }
                if attached.links.len() == before {
                    return Err(failed(io::ErrorKind::NotFound.into()));
                }
            }
            _ => {
                let link = sys::raw_tracepoint_open(fd.as_fd(), None).map_err(failed)?;
                attached.links.push(link);
            }
        }
        Ok(())
    }

    /// The functions of a kprobe.multi program with their cookies, in batches for a link each. No function is twice in a
    /// batch under two names: the kernel would fire only one of the two. Many go by address, because the kernel's search by
    /// name takes longer than the rest; a name that several functions have goes by name, so that the kernel takes the one
    /// that can be probed.
    fn targets<'b>(&self, image: &'b Image, prog: &Prog) -> Vec<Vec<Target<'b>>> {
        let site = |&i: &u32| match &image.probes.get(i as usize)?.site {
            Site::Func { name, module, .. } => Some((&**module, &**name, u64::from(i))),
            _ => None,
        };
        let sites: Vec<(&str, &str, u64)> = prog.probes.iter().filter_map(site).collect();
        let table = (sites.len() > FEW).then(|| self.kernel.addresses());
        let mut batches: Vec<(HashSet<u64>, Vec<Target<'_>>)> = Vec::new();
        for (module, name, cookie) in sites {
            let (at, by_name) = match &table {
                Some(t) => t.get(&(module, name)).copied().unzip(),
                None => (self.kernel.address(module, name), Some(true)),
            };
            let target = Target {
                name,
                addr: at.filter(|_| by_name == Some(false)),
                cookie,
            };
            let free =
                |(used, _): &&mut (HashSet<u64>, Vec<_>)| at.is_none_or(|a| !used.contains(&a));
            match batches.iter_mut().find(free) {
                Some((used, batch)) => {
                    used.extend(at);
                    batch.push(target);
                }
                None => batches.push((at.into_iter().collect(), vec![target])),
            }
        }
        let halves = batches.into_iter().flat_map(|(_, batch)| {
            let (by_addr, by_name) = batch.into_iter().partition(|t| t.addr.is_some());
            [by_addr, by_name]
        });
        halves.filter(|b: &Vec<_>| !b.is_empty()).collect()
    }

    /// What typed programs attach to, as the lookup table that aya wants: a BTF object of the right numbering that only
    /// has the names in question. Parsing the kernel's own a second time would cost another 20 ms. Beside it, for each
    /// program the name to look up.
    fn targets_for_aya(
        &self,
        progs: &[(&str, &Prog, &[Insn])],
    ) -> Result<(aya::Btf, HashMap<String, String>), BackendError> {
        let mut wanted = BTreeMap::new();
        let mut names = HashMap::new();
        for (name, prog, _) in progs {
            if !matches!(
                prog.kind,
                ProgKind::BtfTracepoint { .. } | ProgKind::Fentry { .. }
            ) {
                continue;
            }
            let Some(t) = self.typed(&prog.kind).filter(|t| t.module.is_none()) else {
                return Err(BackendError::Unsupported(format!(
                    "this kernel has no type information for {}",
                    describe(prog)
                )));
            };
            // aya puts a tracepoint's prefix before its name itself.
            let in_btf = match t.func {
                true => t.name.clone(),
                false => format!("btf_trace_{}", t.name),
            };
            names.insert((*name).to_owned(), t.name);
            wanted.insert(t.id, (in_btf, t.func));
        }
        let table = lookup_table(&wanted);
        let table = aya::Btf::parse(&table, aya::Endianness::default())
            .map_err(|e| BackendError::Other(format!("aya does not take our lookup table: {e}")))?;
        Ok((table, names))
    }

    /// What a typed program attaches to.
    fn typed(&self, kind: &ProgKind) -> Option<Typed<'_>> {
        match kind {
            ProgKind::BtfTracepoint { name } => {
                let (id, module) = self.kernel.btf()?.tracepoint(name)?;
                Some(Typed {
                    name: name.clone(),
                    id,
                    module,
                    func: false,
                })
            }
            ProgKind::Fentry { function, .. } => {
                let (name, id, module) = self.kernel.fentry_target(function)?;
                Some(Typed {
                    name,
                    id,
                    module,
                    func: true,
                })
            }
            _ => None,
        }
    }

    fn failed(&self, prog: &Prog, e: ProgramError) -> BackendError {
        match e {
            ProgramError::LoadError {
                io_error,
                verifier_log,
            } => refused(prog, io_error, &verifier_log.to_string(), self.options),
            ProgramError::SyscallError(e) => BackendError::Io {
                what: format!("{} for {}", e.call, describe(prog)),
                cause: e.io_error,
            },
            e => BackendError::Other(format!("{}: {}", describe(prog), chain(&e))),
        }
    }
}

/// Puts a program where it is called from. Not by aya's `ProgramArray`, which takes only programs that aya has loaded.
fn put(maps: &Maps, prog: &Prog, fd: BorrowedFd<'_>) -> Result<(), BackendError> {
    let Some((map, index)) = prog.called else {
        return Ok(());
    };
    let (map, sizes) = maps.get(map)?;
    let value = fd.as_raw_fd().to_ne_bytes();
    sys::map_update(map, sizes, &index.to_ne_bytes(), &value).map_err(|cause| BackendError::Io {
        what: format!("putting {} into its map", describe(prog)),
        cause,
    })
}

/// A program has up to four descriptors (twice itself, its event, its link), and a process often no more than 1,024. Where
/// the limit can't be raised, the kernel says so when it is reached.
fn room_for_descriptors(n: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|now| now < n) {
        limit.current = Some(n);
        limit.maximum = limit.maximum.map(|most| most.max(n));
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// What a typed program attaches to.
struct Typed<'a> {
    /// The tracepoint's, or the function's in the type information.
    name: String,
    /// Of its typedef or function.
    id: u32,
    /// The module that has it.
    module: Option<&'a str>,
    func: bool,
}

/// A BTF object with these names (and whether they are functions or typedefs) at these ids, and pointers to void between.
fn lookup_table(wanted: &BTreeMap<u32, (String, bool)>) -> Vec<u8> {
    let mut strings = vec![0];
    let mut types: Vec<[u32; 3]> = Vec::new();
    for (id, (name, func)) in wanted {
        let filler = [0, u32::from(kind::PTR) << 24, 0];
        types.resize((*id as usize).saturating_sub(1), filler);
        let kind = if *func { kind::FUNC } else { kind::TYPEDEF };
        types.push([strings.len() as u32, u32::from(kind) << 24, 0]);
        strings.extend(name.bytes());
        strings.push(0);
    }
    let types: Vec<u8> = types
        .into_iter()
        .flatten()
        .flat_map(u32::to_ne_bytes)
        .collect();
    let mut out = 0xeb9f_u16.to_ne_bytes().to_vec();
    out.extend([1, 0]);
    let (types_len, strings_len) = (types.len() as u32, strings.len() as u32);
    for word in [24, 0, types_len, types_len, strings_len] {
        out.extend(u32::to_ne_bytes(word));
    }
    out.extend(types);
    out.extend(strings);
    out
}

/// An error with its causes.
fn chain(e: &dyn std::error::Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(c) = cause {
        let c_text = c.to_string();
        if !text.contains(&c_text) {
            text.push_str(": ");
            text.push_str(&c_text);
        }
        cause = c.source();
    }
    text
}

/// aya finds programs by name, the kernel cuts names at 15 bytes and takes only some characters.
fn unique_name(name: &str, index: usize) -> String {
    let suffix = format!("_{index}");
    let good = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let kept: String = name
        .chars()
        .filter(good)
        .take(15 - suffix.len().min(15))
        .collect();
    kept + &suffix
}

fn load_one(p: &mut Program, target: &str, table: &aya::Btf) -> Result<(), ProgramError> {
    match p {
        Program::RawTracePoint(p) => p.load(),
        Program::BtfTracePoint(p) => p.load(target, table),
        Program::KProbe(p) => p.load(),
        Program::FEntry(p) => p.load(target, table),
        Program::FExit(p) => p.load(target, table),
        Program::PerfEvent(p) => p.load(),
        _ => Err(ProgramError::UnexpectedProgramType),
    }
}

fn attach_one(
    p: &mut Program,
    kind: &ProgKind,
    cpu: Option<u32>,
    kprobes: &mut Vec<KProbeLink>,
) -> Result<(), ProgramError> {
    match (p, kind) {
        (Program::RawTracePoint(p), ProgKind::RawTracepoint { name }) => p.attach(name).map(drop),
        (Program::BtfTracePoint(p), _) => p.attach().map(drop),
        (Program::KProbe(p), ProgKind::Kprobe { function, .. }) => {
            let id = p.attach(function, 0)?;
            kprobes.push(p.take_link(id)?);
            Ok(())
        }
        (Program::FEntry(p), _) => p.attach().map(drop),
        (Program::FExit(p), _) => p.attach().map(drop),
        (Program::PerfEvent(p), ProgKind::Timer { period_ns, per_cpu }) => {
            let mut cpus = match cpu {
                Some(cpu) => vec![cpu],
                None => aya::util::online_cpus().map_err(|(_, e)| e)?,
            };
            if !per_cpu {
                cpus.truncate(1);
            }
            cpus.into_iter().try_for_each(|cpu| {
                p.attach(
                    PerfEventConfig::Software(SoftwareEvent::CpuClock),
                    PerfEventScope::AllProcessesOneCpu { cpu },
                    SamplePolicy::Period(*period_ns),
                    false,
                )
                .map(drop)
            })
        }
        _ => Err(ProgramError::UnexpectedProgramType),
    }
}

/// A function for a kprobe.multi link.
#[derive(Clone, Copy)]
struct Target<'a> {
    name: &'a str,
    addr: Option<u64>,
    cookie: u64,
}

/// One link for all functions. The kernel takes all or none: where it refuses, halves are tried, so that one bad function
/// costs only itself.
fn multi(
    prog: &OwnedFd,
    functions: &[Target<'_>],
    ret: bool,
    links: &mut Vec<OwnedFd>,
) -> io::Result<()> {
    let cookies: Vec<u64> = functions.iter().map(|t| t.cookie).collect();
    let addresses: Option<Vec<u64>> = functions.iter().map(|t| t.addr).collect();
    let names: Vec<&str> = functions.iter().map(|t| t.name).collect();
    let which = match &addresses {
        Some(a) => sys::Functions::Addresses(a),
        None => sys::Functions::Names(&names),
    };
    match (
        sys::kprobe_multi(prog.as_fd(), which, &cookies, ret),
        functions,
    ) {
        (_, []) => {}
        (Ok(link), _) => links.push(link),
        (Err(e), _)
            if [libc::EPERM, libc::EBADF, libc::ENOMEM]
                .map(Some)
                .contains(&e.raw_os_error()) =>
        {
            return Err(e);
        }
        (Err(e), [one]) => log::warn!("{} can't be probed: {e}", one.name),
        (Err(_), _) => {
            let (left, right) = functions.split_at(functions.len() / 2);
            multi(prog, left, ret, links)?;
            multi(prog, right, ret, links)?;
        }
    }
    Ok(())
}
