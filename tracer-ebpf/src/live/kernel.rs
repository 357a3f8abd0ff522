//! The running kernel, as the compiler and the providers ask about it.

use super::btf::Btf;
use super::features::{self, FuncWays};
use super::kallsyms::{self, Entry, Kallsyms};
use super::tracefs::Tracefs;
use super::warm::WarmLoader;
use crate::provider::{self, Facts, FuncSym, LeftOut};
use dsl::kernel::{ArgInfo, ArgType, KSymbol, KType, KTypeId, KernelView, Matched, TypeNs};
use dsl::program::ProbeDesc;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, OnceLock};

/// Everything that is read of this kernel, each part when it is first asked for.
#[derive(Default)]
pub struct Kernel {
    btf: OnceLock<Option<Btf>>,
    tracefs: OnceLock<Option<Tracefs>>,
    kallsyms: OnceLock<Kallsyms>,
    syscalls: OnceLock<Option<HashSet<String>>>,
    ways: OnceLock<(FuncWays, String)>,
    functions: OnceLock<Vec<FuncSym>>,
    loader: WarmLoader,
}

impl Kernel {
    /// Type information, where the kernel has it.
    pub fn btf(&self) -> Option<&Btf> {
        self.btf
            .get_or_init(|| Btf::open().inspect_err(|e| log::debug!("no BTF: {e}")).ok())
            .as_ref()
    }

    /// aya's loader.
    pub fn loader(&self) -> &WarmLoader {
        &self.loader
    }

    fn tracefs(&self) -> Option<&Tracefs> {
        self.tracefs
            .get_or_init(|| {
                Tracefs::open()
                    .inspect_err(|e| log::debug!("no tracefs: {e}"))
                    .ok()
            })
            .as_ref()
    }

    fn kallsyms(&self) -> &Kallsyms {
        self.kallsyms.get_or_init(Kallsyms::open)
    }

    /// How functions can be probed; tried when first asked.
    pub fn func_ways(&self) -> &(FuncWays, String) {
        self.ways.get_or_init(|| features::func_ways(self.btf()))
    }

    /// The same, if somebody has asked already.
    pub fn func_ways_if_asked(&self) -> Option<FuncWays> {
        self.ways.get().map(|(w, _)| *w)
    }

    /// What the kernel says about its functions.
    fn lists(&self) -> Lists {
        let traceable = self.tracefs().and_then(|t| {
            t.read("available_filter_functions")
                .inspect_err(|e| log::debug!("no list of traceable functions: {e}"))
                .ok()
        });
        // No list: what has a type is a function of the source, not a fragment of one. And fentry needs types.
        let (ways, _) = self.func_ways();
        let typed = match traceable.is_none() || (ways.fentry && !ways.kprobe_multi) {
            true => self.btf().map(Btf::functions),
            false => None,
        };
        let denied =
            std::fs::read_to_string("/sys/kernel/debug/kprobes/blacklist").unwrap_or_default();
        Lists {
            traceable,
            denied,
            typed,
        }
    }

    /// Functions that the kernel lets us probe: those of the symbol table, less what it lists as not traceable.
    fn find_functions(&self) -> Vec<FuncSym> {
        let lists = self.lists();
        let rules = lists.rules();
        let usable: Vec<(u32, Entry<'_>, bool)> = self
            .kallsyms()
            .functions()
            .filter(|(_, e)| rules.unusable(e).is_none())
            .map(|(index, e)| (index, e, rules.unlisted(&e).is_none()))
            .collect();
        // A function may have several names, of which the kernel's list has one (`__do_sys_getppid` for
        // `__x64_sys_getppid`).
        let listed = usable.iter().filter(|(_, e, first)| *first && e.addr != 0);
        let mut addresses: HashMap<u64, bool, Fast> =
            listed.map(|(_, e, _)| (e.addr, false)).collect();
        let mut seen: HashSet<(&str, &str), Fast> = HashSet::default();
        let mut module: Arc<str> = Arc::from("vmlinux");
        let mut found = Vec::new();
        for (index, e, first) in usable {
            let known = addresses.get_mut(&e.addr);
            if !first && known.is_none() {
                continue;
            }
            // Two names on the list at one address: one of them is the other's alias too.
            let alias = !first || known.is_some_and(|listed| std::mem::replace(listed, true));
            // One name for several functions: only one of them can be meant, so it is listed once.
            if seen.insert((e.name, e.module)) {
                // A module's symbols stand together.
                if *module != *e.module {
                    module = Arc::from(e.module);
                }
                found.push(FuncSym {
                    index,
                    name: Arc::from(e.name),
                    module: module.clone(),
                    alias,
                });
            }
        }
        found
    }

    /// The type that fentry and fexit programs of a function attach to, and the module that has it; where the type
    /// information knows the function by another name, by that.
    pub fn fentry_target(&self, function: &str) -> Option<(String, u32, Option<&str>)> {
        let btf = self.btf()?;
        let of = |name: &str| {
            let (id, module) = btf.function(None, name)?;
            Some((name.to_owned(), id, module))
        };
        of(function).or_else(|| {
            let e = self.kallsyms().find(None, function)?;
            let others = self.kallsyms().functions();
            let mut same = others.filter(|(_, o)| o.addr == e.addr && o.addr != 0);
            same.find_map(|(_, o)| of(o.name))
        })
    }

    /// What a tracepoint goes through to its programs: `__traceiter_NAME`, and `__bpf_trace_CLASS` of its class of events,
    /// which has another name where several events are of one; then all that there are.
    pub fn trampolines(&self, tracepoint: &str) -> Vec<(u64, u64)> {
        const CLASS: &str = "__bpf_trace_";
        let class = format!("{CLASS}{tracepoint}");
        let own = self.kallsyms().find(None, &class).is_some();
        let iter = format!("__traceiter_{tracepoint}");
        let ours = |name: &str| match own {
            true => name == iter || name == class,
            false => name == iter || name.starts_with(CLASS),
        };
        let mut all: Vec<(u64, bool)> = self
            .kallsyms()
            .functions()
            .filter(|(_, e)| e.addr != 0)
            .map(|(_, e)| (e.addr, ours(e.name)))
            .collect();
        all.sort_unstable();
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for (i, &(start, _)) in all.iter().enumerate().filter(|(_, (_, ours))| *ours) {
            let next = all.iter().skip(i + 1).find(|(addr, _)| *addr > start);
            let end = next.map_or(start.saturating_add(4096), |n| n.0);
            match ranges.last_mut() {
                Some(last) if last.1 == start => last.1 = end,
                Some(last) if last.0 == start => {}
                _ => ranges.push((start, end)),
            }
        }
        ranges
    }

    /// Where a function is, if the kernel tells.
    pub fn address(&self, module: &str, function: &str) -> Option<u64> {
        let e = self.kallsyms().find(Some(module), function)?;
        (e.addr != 0).then_some(e.addr)
    }

    /// Where all functions are, by module and name, and whether several functions have that name; empty if the kernel
    /// doesn't tell.
    pub fn addresses(&self) -> HashMap<(&str, &str), (u64, bool), Fast> {
        let mut all: HashMap<_, (u64, bool), Fast> = HashMap::default();
        for (_, e) in self.kallsyms().functions().filter(|(_, e)| e.addr != 0) {
            all.entry((e.module, e.name))
                .and_modify(|(_, several)| *several = true)
                .or_insert((e.addr, false));
        }
        all
    }

    /// Names of the system calls, by their events. `None`: not to be found out.
    fn syscall_events(&self) -> Option<&HashSet<String>> {
        self.syscalls
            .get_or_init(|| {
                let events = self.tracefs()?.subdirectories("events/syscalls").ok()?;
                let names = events.iter().filter_map(|e| e.strip_prefix("sys_enter_"));
                Some(names.map(str::to_owned).collect())
            })
            .as_ref()
    }
}

/// What the kernel says about its functions, as it says it.
struct Lists {
    /// Functions with an entry for tracing; `None`: it does not say.
    traceable: Option<String>,
    /// Functions that kprobes must not touch, because they run through them themselves.
    denied: String,
    /// Where only functions with types can be meant: their names.
    typed: Option<HashSet<String>>,
}

impl Lists {
    fn rules(&self) -> Rules<'_> {
        fn words(text: &str, nth: usize) -> HashSet<&str, Fast> {
            let lines = text.lines();
            lines
                .filter_map(|l| l.split_ascii_whitespace().nth(nth))
                .collect()
        }
        Rules {
            traceable: self.traceable.as_deref().map(|t| words(t, 0)),
            denied: words(&self.denied, 1),
            typed: self.typed.as_ref(),
        }
    }
}

/// The same, to look names up in.
struct Rules<'a> {
    traceable: Option<HashSet<&'a str, Fast>>,
    denied: HashSet<&'a str, Fast>,
    typed: Option<&'a HashSet<String>>,
}

impl Rules<'_> {
    /// Why a symbol can't be probed, under whatever name.
    fn unusable(&self, e: &Entry<'_>) -> Option<&'static str> {
        // The kernel's own name for compiled BPF programs.
        if e.module == "bpf" {
            Some("is a BPF program")
        } else if e.name.contains(['.', '$']) {
            Some("is a piece that the compiler made of a function")
        } else if self.denied.contains(e.name) {
            Some("is on the list of what kprobes must not touch")
        } else {
            None
        }
    }

    /// Why the kernel's list lacks it, if it does. The function may be there under another name.
    fn unlisted(&self, e: &Entry<'_>) -> Option<&'static str> {
        if self.traceable.as_ref().is_some_and(|t| !t.contains(e.name)) {
            Some("is compiled without an entry for tracing (notrace)")
        } else if e.module == "vmlinux" && self.typed.is_some_and(|t| !t.contains(e.name)) {
            Some("has no type, which probing needs on this kernel")
        } else {
            None
        }
    }
}

/// A hash of names of the kernel's, by the hundred thousand: nobody chooses them to collide, and the standard hash takes
/// several times as long.
pub type Fast = BuildHasherDefault<FastHasher>;

/// See [`Fast`].
#[derive(Default)]
pub struct FastHasher(u64);

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, n: u64) {
        // Multiplying moves what differs to the high bits, and the table looks at both ends.
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

impl Facts for Kernel {
    fn has_syscall(&self, kernel_name: &str) -> bool {
        match self.tracefs() {
            // The directory is only read by the second question: the first is mostly the only one.
            Some(t) if self.syscalls.get().is_none() && !t.exists("events/syscalls") => {
                let _ = self.syscalls.set(None);
                self.has_syscall(kernel_name)
            }
            Some(_) if self.syscalls.get().is_some_and(Option::is_none) => {
                self.has_syscall_symbol(kernel_name)
            }
            Some(_) => self
                .syscall_events()
                .is_none_or(|names| names.contains(kernel_name)),
            None => self.has_syscall_symbol(kernel_name),
        }
    }

    fn syscall_params(&self, kernel_name: &str) -> Option<Vec<ArgInfo>> {
        let path = format!("events/syscalls/sys_enter_{kernel_name}/format");
        let text = self.tracefs()?.read(&path).ok()?;
        Some(provider::syscall::params_of_format(&text))
    }

    fn compat32(&self) -> bool {
        // The kernel makes this setting where it runs 32-bit programs.
        std::path::Path::new("/proc/sys/abi/vsyscall32").exists()
    }

    fn event_groups(&self) -> Vec<String> {
        self.tracefs()
            .and_then(|t| t.subdirectories("events").ok())
            .unwrap_or_default()
    }

    fn events(&self, group: &str) -> Vec<String> {
        self.tracefs()
            .and_then(|t| t.subdirectories(&format!("events/{group}")).ok())
            .unwrap_or_default()
    }

    fn event_id(&self, group: &str, name: &str) -> Option<u32> {
        let text = self
            .tracefs()?
            .read(&format!("events/{group}/{name}/id"))
            .ok()?;
        text.trim().parse().ok()
    }

    fn tracepoint_args(&self, name: &str) -> Option<Vec<ArgInfo>> {
        let args = self.btf()?.tracepoint_args(name)?;
        Some(args.into_iter().map(typed).collect())
    }

    fn functions(&self) -> Result<&[FuncSym], String> {
        let (ways, reason) = self.func_ways();
        if *ways == FuncWays::default() {
            return Err(reason.clone());
        }
        Ok(self.functions.get_or_init(|| self.find_functions()))
    }

    fn why_not_function(&self, name: &str) -> Option<String> {
        let e = self.kallsyms().find(None, name)?;
        let why = if kallsyms::is_function(&e) {
            let lists = self.lists();
            let rules = lists.rules();
            rules.unusable(&e).or_else(|| rules.unlisted(&e))?
        } else {
            "is no function"
        };
        Some(format!("the kernel has {name}, but it {why}"))
    }

    fn left_out(&self, wanted: &dyn Fn(&str, &str) -> bool) -> Vec<LeftOut> {
        let Ok(listed) = self.functions() else {
            return Vec::new();
        };
        let listed: HashSet<u32, Fast> = listed.iter().map(|f| f.index).collect();
        let lists = self.lists();
        let rules = lists.rules();
        let mut found: Vec<LeftOut> = Vec::new();
        for (index, e) in self.kallsyms().functions() {
            if listed.contains(&index) || !wanted(e.module, e.name) {
                continue;
            }
            let why = rules.unusable(&e).or_else(|| rules.unlisted(&e));
            let why = why.unwrap_or("has the name of another that is listed");
            LeftOut::count(&mut found, why, e.name);
        }
        found
    }

    fn function_args(&self, f: &str, module: &str, ret: bool) -> Option<Vec<ArgInfo>> {
        self.btf()?.function_args(f, module, ret)
    }
}

impl Kernel {
    fn has_syscall_symbol(&self, kernel_name: &str) -> bool {
        let symbols = self.kallsyms();
        ["__x64_sys_", "sys_"]
            .iter()
            .any(|prefix| symbols.find(None, &format!("{prefix}{kernel_name}")).is_some())
            // No table to look in: believe that it is there.
            || symbols.entries().next().is_none()
    }
}

fn typed((name, ty): (String, KTypeId)) -> ArgInfo {
    ArgInfo {
        name,
        ty: ArgType::Kernel(ty),
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
        let e = self.kallsyms().find(module, name).filter(|e| e.addr != 0)?;
        let ty = self.btf().and_then(|b| b.symbol(e.module, name));
        Some(KSymbol {
            addr: e.addr,
            ty,
            module: e.module.to_owned(),
        })
    }

    fn enumerator(&self, name: &str) -> Option<i64> {
        self.btf()?.enumerator(name)
    }

    fn why_no_match(&self, desc: &ProbeDesc) -> Option<String> {
        provider::why_none(self, desc)
    }

    fn match_probes(&self, desc: &ProbeDesc, want_args: bool) -> Matched {
        let found = provider::probes(self, desc);
        // The compiler asks about what will be enabled; only BEGIN, END and ERROR do without aya's loader.
        let own = provider::dtrace::PROVIDER.ids;
        if found.iter().any(|p| !own.contains(&p.id)) {
            self.loader.start();
        }
        provider::matched(self, desc, &found, want_args)
    }
}
