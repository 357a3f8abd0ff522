//! The kernel as `/proc/kallsyms` tells it: functions and their bounds, symbols, whether system calls go through a table.
//! There is no type information here: scripts declare what they need.

use crate::deny;
use dsl::kernel::{ArgInfo, KSymbol, KType, KTypeId, KernelView, Matched, TypeNs};
use dsl::program::ProbeDesc;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;
use tracer_ebpf::live::kallsyms::Kallsyms;
use tracer_ebpf::provider::{self, Facts, FuncSym};

/// A function that can be planned for.
#[derive(Clone, Debug)]
pub struct Function {
    /// What the provider lists.
    pub sym: FuncSym,
    /// Its bounds: the next symbol ends it.
    pub range: Range<u64>,
}

/// Functions that could be probed, and the bounds of every one by name.
type Functions = (Vec<FuncSym>, HashMap<String, Range<u64>>);

/// What is read of the kernel, each part when it is first asked for.
#[derive(Default)]
pub struct Kernel {
    symbols: OnceLock<Kallsyms>,
    functions: OnceLock<Functions>,
    syscalls: OnceLock<HashSet<String>>,
}

/// Parts of the kernel's text where no breakpoint may be, by the symbols around them.
const FORBIDDEN: &[(&str, &str)] = &[
    ("__kprobes_text_start", "__kprobes_text_end"),
    ("__noinstr_text_start", "__noinstr_text_end"),
    ("__entry_text_start", "__entry_text_end"),
    ("__indirect_thunk_start", "__indirect_thunk_end"),
    ("__nosave_begin", "__nosave_end"),
];

impl Kernel {
    fn symbols(&self) -> &Kallsyms {
        self.symbols.get_or_init(Kallsyms::open)
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

    /// A system call table: address and entries.
    pub fn table(&self, name: &str) -> Option<(u64, u32)> {
        let at = self.address(name)?;
        let next = self
            .symbols()
            .entries()
            .map(|e| e.addr)
            .filter(|&a| a > at)
            .min();
        let entries = next.map_or(512, |n| (n - at) / 8).min(512);
        Some((at, entries as u32))
    }

    /// Why system calls can't be hooked. Told by the code that is there: where the kernel has a function that switches
    /// over the numbers, its table is only for looks.
    pub fn why_no_syscalls(&self) -> Option<&'static str> {
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
    pub fn function(&self, name: &str) -> Option<Range<u64>> {
        self.listed().1.get(name).cloned()
    }

    fn listed(&self) -> &(Vec<FuncSym>, HashMap<String, Range<u64>>) {
        self.functions.get_or_init(|| self.find_functions())
    }

    /// Functions of the kernel's permanent text, less those that we and the trap run through. Modules' are not listed:
    /// their text goes when they do.
    fn find_functions(&self) -> (Vec<FuncSym>, HashMap<String, Range<u64>>) {
        let Some(text) = self.text() else {
            return Default::default();
        };
        let symbols = self.symbols();
        let mut starts: Vec<u64> = symbols
            .entries()
            .filter(|e| e.module == "vmlinux" && text.contains(&e.addr))
            .map(|e| e.addr)
            .chain([text.end])
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let forbidden: Vec<Range<u64>> = FORBIDDEN
            .iter()
            .filter_map(|(a, b)| Some(self.address(a)?..self.address(b)?))
            .chain(blacklist())
            .collect();
        let mut names = HashSet::new();
        let mut addresses = HashSet::new();
        let (mut list, mut ranges) = (Vec::new(), HashMap::new());
        for (index, e) in symbols.functions() {
            let ok = e.module == "vmlinux"
                && text.contains(&e.addr)
                && !e.name.contains(['.', '$'])
                && deny::reason(e.name).is_none()
                && !forbidden.iter().any(|r| r.contains(&e.addr));
            if !ok || !names.insert(e.name) {
                continue;
            }
            let next = starts.partition_point(|&s| s <= e.addr);
            let Some(&end) = starts.get(next) else {
                continue;
            };
            // A second name of the same function: only matched when it is named.
            let alias = !addresses.insert(e.addr);
            ranges.insert(e.name.to_owned(), e.addr..end);
            list.push(FuncSym {
                index,
                name: e.name.into(),
                module: "vmlinux".into(),
                alias,
            });
        }
        (list, ranges)
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

    fn syscall_params(&self, _: &str) -> Option<Vec<ArgInfo>> {
        None
    }

    fn compat32(&self) -> bool {
        false
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
        let (list, _) = self.listed();
        match list.is_empty() {
            true => Err("/proc/kallsyms gives no addresses: run dtrace as root, with kernel.kptr_restrict=0".to_owned()),
            false => Ok(list),
        }
    }

    fn function_args(&self, _: &str, _: &str, _: bool) -> Option<Vec<ArgInfo>> {
        None
    }
}

impl KernelView for Kernel {
    fn type_by_name(&self, _: Option<&str>, _: TypeNs, _: &str) -> Option<KTypeId> {
        None
    }

    fn ktype(&self, _: KTypeId) -> Option<KType> {
        None
    }

    fn symbol(&self, module: Option<&str>, name: &str) -> Option<KSymbol> {
        let e = self.symbols().find(module, name).filter(|e| e.addr != 0)?;
        Some(KSymbol {
            addr: e.addr,
            ty: None,
            module: e.module.to_owned(),
        })
    }

    fn enumerator(&self, _: &str) -> Option<i64> {
        None
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
