//! The kernel as `/proc/kallsyms` tells it: functions and their bounds, symbols, whether system calls go through a table.
//! Types are the kernel's own BTF where it has one, or a file's, or what the module's compiler wrote of them; else scripts
//! declare what they need.

use crate::closure::{self, Start};
use crate::device::Device;
use crate::modules::{self, ModuleText};
use crate::x86::Bits;
use crate::{deny, module};
use dsl::kernel::{ArgInfo, KSymbol, KType, KTypeId, KernelView, Matched, TypeNs};
use dsl::program::ProbeDesc;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tracer_ebpf::backend::BackendError;
use tracer_ebpf::live::btf::Btf;
use tracer_ebpf::live::kallsyms::Kallsyms;
use tracer_ebpf::provider::{self, Facts, FuncSym, LeftOut};
use tracer_ebpf::site::Abi;

/// A module, and where its function of some name is.
type Bounds = (Arc<str>, Range<u64>);

/// Functions that can be probed, the bounds of each by name and module; and why the others can't.
#[derive(Default)]
struct Functions {
    list: Vec<FuncSym>,
    ranges: HashMap<Arc<str>, Vec<Bounds>>,
    denied: BTreeMap<String, String>,
}

/// The symbol table, and how many modules had gone before it was read: the device's count.
struct Symbols {
    modules_gone: u32,
    table: Kallsyms,
}

/// A text whose functions are listed.
struct Listed {
    module: Arc<str>,
    text: Range<u64>,
    /// Where symbols are in it, and its end; ascending.
    starts: Vec<u64>,
    forbidden: Vec<(Range<u64>, String)>,
}

/// What is read of the kernel, each part when it is first asked for.
#[derive(Default)]
pub struct Kernel {
    bits: OnceLock<Bits>,
    btf: OnceLock<Option<Btf>>,
    symbols: OnceLock<Symbols>,
    modules: OnceLock<Vec<ModuleText>>,
    functions: OnceLock<Functions>,
    syscalls: OnceLock<HashSet<String>>,
    /// Of the tables of native and of 32-bit callers.
    entries: OnceLock<[Option<u32>; 2]>,
    calls_of_32: OnceLock<Vec<bool>>,
    why_no_syscalls: OnceLock<Option<&'static str>>,
}

/// Parts of the kernel's text where no breakpoint may be, by the symbols around them.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "__kprobes_text_start",
        "__kprobes_text_end",
        "the kernel marks it as not to be probed (__kprobes)",
    ),
    (
        "__noinstr_text_start",
        "__noinstr_text_end",
        "the kernel marks it as not to be probed (noinstr)",
    ),
    (
        "__entry_text_start",
        "__entry_text_end",
        "it is how the kernel is entered",
    ),
    (
        "__indirect_thunk_start",
        "__indirect_thunk_end",
        "a branch thunk, run everywhere",
    ),
    (
        "__nosave_begin",
        "__nosave_end",
        "its page is not restored on resume",
    ),
];

/// The same of a 32-bit kernel, whose way in is not in a section of its own.
const FORBIDDEN_32: &[(&str, &str, &str)] = &[(
    "ret_from_fork",
    "kernel_thread_helper",
    "it is how the kernel is entered",
)];

impl Kernel {
    /// `btf`: a file that has this kernel's types.
    pub fn new(btf: Option<&Path>) -> Result<Kernel, BackendError> {
        let kernel = Kernel::default();
        if let Some(path) = btf {
            let data = std::fs::read(path).map_err(|cause| BackendError::Io {
                what: format!("reading {}", path.display()),
                cause,
            })?;
            let btf = Btf::parse(data).ok_or_else(|| {
                BackendError::Other(format!(
                    "{}: not BTF (`pahole --btf_encode_detached FILE vmlinux` makes such a file)",
                    path.display()
                ))
            })?;
            if kernel.bits() == Bits::Bits32 {
                return Err(BackendError::Unsupported(
                    "types of a 32-bit kernel can't be used: D's pointers have 8 bytes, its 4 (declare what you need, with `uint32_t` for a pointer)".to_owned(),
                ));
            }
            let _ = kernel.btf.set(Some(btf));
        }
        Ok(kernel)
    }

    /// The kernel's types. None of a 32-bit one: D's pointers have 8 bytes, and a member that is one would be read so.
    pub fn btf(&self) -> Option<&Btf> {
        let of_module = || Btf::parse(Device::open().ok()?.types().ok()?);
        self.btf
            .get_or_init(|| match self.bits() {
                Bits::Bits64 => Btf::open().ok().or_else(of_module),
                Bits::Bits32 => None,
            })
            .as_ref()
    }

    fn symbols_read(&self) -> &Symbols {
        self.symbols.get_or_init(|| Symbols {
            // In this order: who goes in between is one too many.
            modules_gone: Device::open().map_or(0, |d| d.info().modules_gone),
            table: Kallsyms::open(),
        })
    }

    fn symbols(&self) -> &Kallsyms {
        &self.symbols_read().table
    }

    /// How many modules had gone when symbols were read: text of modules that went since is not what it was.
    pub fn modules_gone(&self) -> u32 {
        self.symbols_read().modules_gone
    }

    /// The modules that are loaded, by address.
    pub fn modules(&self) -> &[ModuleText] {
        self.modules.get_or_init(|| match Device::open() {
            Ok(device) => modules::loaded(&device, self.symbols()),
            Err(_) => Vec::new(),
        })
    }

    /// The address of a symbol of the kernel proper.
    pub fn address(&self, name: &str) -> Option<u64> {
        let e = self.symbols().find(Some("vmlinux"), name)?;
        (e.addr != 0).then_some(e.addr)
    }

    /// The kernel's text.
    pub fn text(&self) -> Option<Range<u64>> {
        let (start, end) = (self.address("_stext")?, self.address("_etext")?);
        (start < end).then_some(start..end)
    }

    /// Which kind of kernel it is. A kernel of 64 bits may say that it is one of 32 (`setarch`), never the other way round; then where
    /// its text lies tells, which takes reading all symbols.
    pub fn bits(&self) -> Bits {
        *self.bits.get_or_init(|| {
            if rustix::system::uname().machine().to_bytes() == b"x86_64" {
                return Bits::Bits64;
            }
            match self.text() {
                Some(text) if text.start >> 32 == 0 => Bits::Bits32,
                _ => Bits::Bits64,
            }
        })
    }

    /// Bytes of its pointers.
    pub fn pointer(&self) -> u32 {
        match self.bits() {
            Bits::Bits64 => 8,
            Bits::Bits32 => 4,
        }
    }

    /// Whether a system call table's entry is not the kernel's handler but ours: another enabling is there already.
    pub fn hooked(&self, handler: u64) -> bool {
        match self.bits() {
            // Modules' space.
            Bits::Bits64 => handler >= 0xffff_ffff_a000_0000,
            Bits::Bits32 => {
                let symbols = self.symbols();
                let at = |name| symbols.find(Some(module::NAME), name).map(|e| e.addr);
                let (thunks, end) = (at("dt_thunks"), at("dt_thunk_common"));
                thunks
                    .zip(end)
                    .is_some_and(|(t, e)| (t..e).contains(&handler))
            }
        }
    }

    /// A system call table: address and entries.
    pub fn table(&self, name: &str) -> Option<(u64, u32)> {
        let at = self.address(name)?;
        let next = self
            .symbols()
            .entries()
            .map(|e| e.addr)
            .filter(|&a| a > at)
            .min();
        let entries = next
            .map_or(512, |n| (n - at) / u64::from(self.pointer()))
            .min(512);
        Some((at, entries as u32))
    }

    /// Why system calls can't be hooked. Told by the code that is there: where the kernel has a function that switches
    /// over the numbers, its table is only for looks.
    pub fn why_no_syscalls(&self) -> Option<&'static str> {
        // Asked for each call: a search of all symbols is too slow for that.
        *self
            .why_no_syscalls
            .get_or_init(|| self.find_why_no_syscalls())
    }

    fn find_why_no_syscalls(&self) -> Option<&'static str> {
        if self.address("sys_call_table").is_none() {
            return Some(
                "/proc/kallsyms doesn't tell where sys_call_table is (not root, kptr_restrict, or a kernel without CONFIG_KALLSYMS_ALL)",
            );
        }
        if self.address("x64_sys_call").is_some() {
            return Some(
                "this kernel dispatches system calls by a switch (x64_sys_call), not through sys_call_table: the module can only offer fbt here",
            );
        }
        None
    }

    /// The bounds of any function, listed or not.
    pub fn bounds(&self, name: &str) -> Option<Range<u64>> {
        let at = self.address(name)?;
        let later = self.symbols().entries().map(|e| e.addr).filter(|&a| a > at);
        Some(at..later.min()?)
    }

    /// Where a listed function is.
    pub fn function(&self, module: &str, name: &str) -> Option<Range<u64>> {
        let all = self.listed().ranges.get(name)?;
        let found = all.iter().find(|(m, _)| **m == *module)?;
        Some(found.1.clone())
    }

    /// Functions that are not to be probed, each with the reason.
    pub fn denied(&self) -> &BTreeMap<String, String> {
        &self.listed().denied
    }

    fn listed(&self) -> &Functions {
        self.functions.get_or_init(|| self.find_functions())
    }

    /// What a firing runs through, by address: see [`closure`].
    fn closure(&self) -> HashMap<u64, String> {
        let Ok(device) = Device::open() else {
            return HashMap::new();
        };
        let mut starts: Vec<Start<'_>> = self
            .symbols()
            .functions()
            .map(|(_, e)| Start {
                at: e.addr,
                name: e.name,
                own: e.module == module::NAME,
            })
            .filter(|s| s.at != 0)
            .collect();
        starts.sort_by_key(|s| s.at);
        closure::closure(self.bits(), &starts, &|at, to| device.read(at, to).is_ok())
    }

    /// Every text whose functions are listed, each with its module's name: the kernel's own first.
    fn texts(&self) -> Vec<Listed> {
        let Some(text) = self.text() else {
            return Vec::new();
        };
        let more = match self.bits() {
            Bits::Bits64 => &[],
            Bits::Bits32 => FORBIDDEN_32,
        };
        let forbidden = FORBIDDEN.iter().chain(more).filter_map(|(a, b, why)| {
            let range = self.address(a)?..self.address(b)?;
            Some((range, (*why).to_owned()))
        });
        let listed = |module, text, forbidden| Listed {
            module,
            starts: vec![],
            text,
            forbidden,
        };
        let mut texts = vec![listed("vmlinux".into(), text, forbidden.collect())];
        if let Ok(device) = Device::open() {
            let handlers = modules::handlers(self.symbols());
            let forbidden = |m| modules::forbidden(&device, self.bits(), m, &handlers);
            let others = self.modules().iter();
            texts.extend(others.map(|m| listed(m.name.clone(), m.text.clone(), forbidden(m))));
        }
        let (mut all, mut at) = (texts.iter_mut().collect::<Vec<_>>(), 0);
        for e in self.symbols().entries() {
            // A module's symbols stand together.
            if all.get(at).is_none_or(|t| *t.module != *e.module) {
                at = all
                    .iter()
                    .position(|t| *t.module == *e.module)
                    .unwrap_or(usize::MAX);
            }
            if let Some(t) = all.get_mut(at)
                && t.text.contains(&e.addr)
            {
                t.starts.push(e.addr);
            }
        }
        for t in &mut texts {
            t.starts.push(t.text.end);
            t.starts.sort_unstable();
            t.starts.dedup();
        }
        texts
    }

    /// Functions of the kernel's and of modules' permanent text, less those that we and the trap run through.
    fn find_functions(&self) -> Functions {
        let texts = self.texts();
        let blacklist = blacklist();
        let closure = self.closure();
        let mut names = HashSet::new();
        let mut addresses = HashSet::new();
        let mut found = Functions::default();
        for (index, e) in self.symbols().functions() {
            let Some(listed) = texts.iter().find(|t| *t.module == *e.module) else {
                continue;
            };
            if e.name.contains(['.', '$']) || !names.insert((e.module, e.name)) {
                continue;
            }
            let within = listed.forbidden.iter().find(|(r, _)| r.contains(&e.addr));
            let reason = match within {
                _ if !listed.text.contains(&e.addr) => Some(match e.module {
                    "vmlinux" => "it is outside the kernel's permanent text",
                    _ => "it is outside its module's permanent text",
                }),
                Some((_, why)) => Some(why.as_str()),
                None if blacklist.iter().any(|r| r.contains(&e.addr)) => Some("kprobes refuses it"),
                None => closure
                    .get(&e.addr)
                    .map(String::as_str)
                    .or_else(|| deny::reason(e.module, e.name)),
            };
            if let Some(why) = reason {
                // The kernel's own come first in the table: of two with one name, its reason is told.
                let denied = found.denied.entry(e.name.to_owned());
                denied.or_insert_with(|| why.to_owned());
                continue;
            }
            let next = listed.starts.partition_point(|&s| s <= e.addr);
            let Some(&end) = listed.starts.get(next) else {
                continue;
            };
            // A second name of the same function: only matched when it is named.
            let alias = !addresses.insert(e.addr);
            let name: Arc<str> = e.name.into();
            let ranges = found.ranges.entry(name.clone()).or_default();
            ranges.push((listed.module.clone(), e.addr..end));
            found.list.push(FuncSym {
                index,
                name,
                module: listed.module.clone(),
                alias,
            });
        }
        found
    }
}

/// A system call table as it is now.
pub struct Table {
    /// Address.
    pub at: u64,
    /// Its entries.
    pub handlers: Vec<u64>,
}

impl Table {
    /// Reads it.
    pub fn read(device: &Device, kernel: &Kernel, name: &str) -> Result<Table, BackendError> {
        let (Some((at, most)), Some(text)) = (kernel.table(name), kernel.text()) else {
            return Err(BackendError::Unsupported(format!(
                "the kernel module can't hook system calls: {name} is not in /proc/kallsyms"
            )));
        };
        // The next symbol may be far behind the table's end: it ends where no function is named any more.
        let entry = kernel.pointer() as usize;
        let mut bytes = vec![0; entry * most as usize];
        device
            .read(at, &mut bytes)
            .map_err(|source| BackendError::Io {
                what: format!("reading {name}"),
                cause: source,
            })?;
        let handlers = bytes
            .chunks_exact(entry)
            .map(|h| h.iter().rev().fold(0, |v, b| v << 8 | u64::from(*b)))
            .take_while(|h| text.contains(h) || kernel.hooked(*h))
            .collect();
        Ok(Table { at, handlers })
    }
}

/// What kprobes refuses, where the kernel tells.
fn blacklist() -> Vec<Range<u64>> {
    let text = std::fs::read_to_string("/sys/kernel/debug/kprobes/blacklist").unwrap_or_default();
    let range = |line: &str| {
        let (range, _) = line.split_once(char::is_whitespace)?;
        let (a, b) = range.split_once('-')?;
        let hex = |s: &str| u64::from_str_radix(s.trim_start_matches("0x"), 16).ok();
        Some(hex(a)?..hex(b)?)
    };
    text.lines().filter_map(range).collect()
}

impl Facts for Kernel {
    fn has_syscall(&self, kernel_name: &str) -> bool {
        if self.why_no_syscalls().is_some() {
            return false;
        }
        let names = self.syscalls.get_or_init(|| {
            let functions = self.symbols().functions();
            let names = functions.filter_map(|(_, e)| {
                ["__x64_sys_", "sys_", "stub_"]
                    .iter()
                    .find_map(|prefix| e.name.strip_prefix(prefix))
            });
            names.map(str::to_owned).collect()
        });
        names.contains(kernel_name)
    }

    fn syscall_entries(&self, abi: Abi) -> Option<u32> {
        let device = Device::open().ok();
        let entries = |name| {
            let table = Table::read(device.as_ref()?, self, name).ok()?;
            u32::try_from(table.handlers.len()).ok()
        };
        let of_64 = || [entries("sys_call_table"), entries("ia32_sys_call_table")];
        let [native, compat] = *self.entries.get_or_init(of_64);
        match abi {
            Abi::Native => native,
            Abi::Compat32 => compat,
        }
    }

    fn syscall_params(&self, _: &str) -> Option<Vec<ArgInfo>> {
        None
    }

    fn call_of_32(&self, nr: u32) -> Option<bool> {
        if self.bits() == Bits::Bits64 || self.why_no_syscalls().is_some() {
            return None;
        }
        let calls = self.calls_of_32.get_or_init(|| {
            let device = Device::open().ok();
            let table = device.and_then(|d| Table::read(&d, self, "sys_call_table").ok());
            let none = self.address("sys_ni_syscall");
            let handlers = table.map(|t| t.handlers).unwrap_or_default();
            handlers.iter().map(|h| Some(*h) != none).collect()
        });
        Some(calls.get(nr as usize).copied().unwrap_or(false))
    }

    fn compat32(&self) -> bool {
        self.why_no_syscalls().is_none() && self.address("ia32_sys_call_table").is_some()
    }

    fn event_groups(&self) -> Vec<String> {
        Vec::new()
    }

    fn events(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn event_id(&self, _: &str, _: &str) -> Option<u32> {
        None
    }

    fn tracepoint_args(&self, _: &str) -> Option<Vec<ArgInfo>> {
        None
    }

    fn functions(&self) -> Result<&[FuncSym], String> {
        let list = &self.listed().list;
        match list.is_empty() {
            true => Err("/proc/kallsyms gives no addresses: run dtrace as root, with kernel.kptr_restrict=0".to_owned()),
            false => Ok(list),
        }
    }

    fn why_not_function(&self, name: &str) -> Option<String> {
        if let Some(why) = self.denied().get(name) {
            return Some(format!(
                "the kernel has {name}, but it is not to be probed: {why}"
            ));
        }
        let e = self.symbols().find(None, name)?;
        if e.module == module::NAME {
            return Some(format!("{name} is the tracer's own"));
        }
        let why = match e.kind {
            't' | 'T' | 'w' | 'W' if name.contains(['.', '$']) => {
                "is a piece that the compiler made of a function"
            }
            't' | 'T' | 'w' | 'W' => return None,
            _ => "is no function",
        };
        Some(format!("the kernel has {name}, but it {why}"))
    }

    fn left_out(&self, wanted: &dyn Fn(&str, &str) -> bool) -> Vec<LeftOut> {
        let listed = self.listed();
        let there: HashSet<u32> = listed.list.iter().map(|f| f.index).collect();
        let mut found = Vec::new();
        for (index, e) in self.symbols().functions() {
            if there.contains(&index) || !wanted(e.module, e.name) {
                continue;
            }
            match listed.denied.get(e.name) {
                // Not the way there: it differs from function to function.
                Some(why) => {
                    let root = why.rsplit(": ").next().unwrap_or(why);
                    let why = format!("is not to be probed: {root}");
                    LeftOut::count(&mut found, why, e.name);
                }
                None if e.name.contains(['.', '$']) => {
                    let why = "is a piece that the compiler made of a function";
                    LeftOut::count(&mut found, why, e.name);
                }
                None => {
                    let why = "has the name of another that is listed";
                    LeftOut::count(&mut found, why, e.name);
                }
            }
        }
        found
    }

    fn function_args(&self, f: &str, module: &str, ret: bool) -> Option<Vec<ArgInfo>> {
        let btf = self.btf()?;
        btf.function_args(f, module, ret).or_else(|| {
            // The module's types have some functions, each as a variable that points to one like it (`kmod/types.c`).
            let pointer = btf.variable(Some("vmlinux"), &format!("dt_function_{f}"))?;
            btf.signature_args(pointer, ret)
        })
    }
}

impl KernelView for Kernel {
    fn type_by_name(&self, module: Option<&str>, ns: TypeNs, name: &str) -> Option<KTypeId> {
        self.btf()?.type_by_name(module, ns, name)
    }

    fn ktype(&self, id: KTypeId) -> Option<KType> {
        self.btf()?.ktype(id)
    }

    fn symbol(&self, module: Option<&str>, name: &str) -> Option<KSymbol> {
        let e = self.symbols().find(module, name).filter(|e| e.addr != 0)?;
        Some(KSymbol {
            addr: e.addr,
            ty: self.btf().and_then(|b| b.symbol(e.module, name)),
            module: e.module.to_owned(),
        })
    }

    fn enumerator(&self, name: &str) -> Option<i64> {
        self.btf()?.enumerator(name)
    }

    fn why_no_match(&self, desc: &ProbeDesc) -> Option<String> {
        if desc.provider == "syscall"
            && let Some(why) = self.why_no_syscalls()
        {
            return Some(why.to_owned());
        }
        if ["sdt", "proc", "sched", "io"].contains(&desc.provider.as_str()) {
            return Some(format!(
                "the kernel module has no {} probes: they are tracepoints, and need a kernel with eBPF",
                desc.provider
            ));
        }
        provider::why_none(self, desc)
    }

    fn match_probes(&self, desc: &ProbeDesc, want_args: bool) -> Matched {
        let found = provider::probes(self, desc);
        provider::matched(self, desc, &found, want_args)
    }
}
