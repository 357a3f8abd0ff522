//! `syscall`: entry to and return from every system call that the kernel has.
//!
//! Module `vmlinux` is a native (64-bit) caller, module `x32` a 32-bit one. The function is the name in the system call
//! table that user space knows (`fstat`); the kernel's own name for it may differ (`newfstat`) and is found by
//! [`kernel_name`].

use super::glob::{Glob, Pattern};
use super::{Facts, Provider, no_reason, probe};
use crate::site::{Abi, ProbeInfo, Site};
use dsl::kernel::{ArgInfo, ArgType};
use syscalls::{x86, x86_64};

const FIRST: u32 = 100;
/// More than either table has, so that new calls find room.
const TABLE: u32 = 1024;

/// The row.
pub const PROVIDER: Provider = Provider {
    name: "syscall",
    ids: FIRST..FIRST + 4 * TABLE,
    list,
    by_id,
    args,
    why_none: no_reason,
};

const NAMES: [(&str, bool); 2] = [("entry", false), ("return", true)];
const ABIS: [(Abi, &str); 2] = [(Abi::Native, "vmlinux"), (Abi::Compat32, "x32")];
/// Of a 32-bit kernel.
const ABIS_32: [(Abi, &str); 1] = [(Abi::Compat32, "vmlinux")];

fn abis(facts: &dyn Facts) -> &'static [(Abi, &'static str)] {
    match (facts.call_of_32(0), facts.compat32()) {
        (Some(_), _) => &ABIS_32,
        (None, true) => &ABIS,
        (None, false) => &ABIS[..1],
    }
}

/// Calls that the kernel implements by a function of another name (<arch/x86/entry/syscalls/syscall_64.tbl>).
const RENAMED: [(&str, &str); 6] = [
    ("stat", "newstat"),
    ("fstat", "newfstat"),
    ("lstat", "newlstat"),
    ("uname", "newuname"),
    ("sendfile", "sendfile64"),
    ("umount2", "umount"),
];

/// Calls that only 32-bit programs have: no native name is there to tell whether the kernel knows them. What is not here
/// and not native (`break`, `stty`, `vm86old` …) never was, or no longer is, in a 64-bit kernel.
const ONLY_32: [&str; 39] = [
    "_newselect",
    "fadvise64_64",
    "fcntl64",
    "fstat64",
    "fstatat64",
    "fstatfs64",
    "ftruncate64",
    "get_thread_area",
    "io_pgetevents_time64",
    "ipc",
    "lstat64",
    "mmap2",
    "nice",
    "oldfstat",
    "oldlstat",
    "oldolduname",
    "oldstat",
    "olduname",
    "ppoll_time64",
    "pselect6_time64",
    "readdir",
    "set_thread_area",
    "sgetmask",
    "sigaction",
    "signal",
    "sigpending",
    "sigprocmask",
    "sigreturn",
    "sigsuspend",
    "socketcall",
    "ssetmask",
    "stat64",
    "statfs64",
    "stime",
    "truncate64",
    "ugetrlimit",
    "utimensat_time64",
    "vm86",
    "waitpid",
];

/// The kernel's name of a native call.
pub fn kernel_name(name: &str) -> &str {
    match RENAMED.iter().find(|(user, _)| *user == name) {
        Some((_, kernel)) => kernel,
        None => name,
    }
}

/// The kernel's name of a 32-bit call's native counterpart: `chown32` is what `chown` is.
fn compat_name(name: &str) -> &str {
    let base = name.strip_prefix('_').unwrap_or(name);
    let base = base
        .strip_suffix("_time64")
        .or_else(|| base.strip_suffix("32"))
        .unwrap_or(base);
    kernel_name(base)
}

fn name_of(abi: Abi, nr: u32) -> Option<&'static str> {
    match abi {
        Abi::Native => x86_64::Sysno::new(nr as usize).map(|s| s.name()),
        Abi::Compat32 => x86::Sysno::new(nr as usize).map(|s| s.name()),
    }
}

fn number_of(abi: Abi, name: &str) -> Option<u32> {
    let id = match abi {
        Abi::Native => name.parse::<x86_64::Sysno>().ok()?.id(),
        Abi::Compat32 => name.parse::<x86::Sysno>().ok()?.id(),
    };
    u32::try_from(id).ok()
}

fn exists(facts: &dyn Facts, abi: Abi, nr: u32, name: &str) -> bool {
    if let Some(there) = facts.call_of_32(nr) {
        return there;
    }
    match abi {
        Abi::Native => facts.has_syscall(kernel_name(name)),
        Abi::Compat32 => ONLY_32.contains(&name) || facts.has_syscall(compat_name(name)),
    }
}

fn list(facts: &dyn Facts, pattern: &Pattern, out: &mut Vec<ProbeInfo>) {
    if !NAMES.iter().any(|(n, _)| pattern.name.matches(n)) {
        return;
    }
    for &(abi, module) in abis(facts) {
        if !pattern.module.matches(module) {
            continue;
        }
        let numbers = match &pattern.function {
            Glob::Literal(name) => number_of(abi, name).map_or(0..0, |n| n..n + 1),
            Glob::Any | Glob::Pattern(_) => 0..TABLE,
        };
        for nr in numbers {
            let Some(function) = name_of(abi, nr) else {
                continue;
            };
            if !pattern.function.matches(function) || !exists(facts, abi, nr, function) {
                continue;
            }
            let rows = NAMES.iter().filter(|(n, _)| pattern.name.matches(n));
            out.extend(rows.map(|&(name, ret)| make(abi, module, nr, function, name, ret)));
        }
    }
}

fn make(abi: Abi, module: &str, nr: u32, function: &str, name: &str, ret: bool) -> ProbeInfo {
    let table = match abi {
        Abi::Native => 0,
        Abi::Compat32 => 2 * TABLE,
    };
    let id = FIRST + table + 2 * nr + u32::from(ret);
    probe(
        id,
        "syscall",
        module,
        function,
        name,
        Site::Syscall { nr, abi, ret },
    )
}

fn by_id(facts: &dyn Facts, id: u32) -> Option<ProbeInfo> {
    let at = id.checked_sub(FIRST)?;
    let (abi, _) = ABIS.get((at / (2 * TABLE)) as usize).copied()?;
    let (abi, module) = abis(facts).iter().copied().find(|a| a.0 == abi)?;
    let nr = at % (2 * TABLE) / 2;
    let (name, ret) = NAMES.get(at as usize % 2).copied()?;
    let function = name_of(abi, nr)?;
    exists(facts, abi, nr, function).then(|| make(abi, module, nr, function, name, ret))
}

/// Entry: the call's parameters. Return: the value, twice (`arg0` and `arg1`), as everywhere.
fn args(facts: &dyn Facts, probe: &ProbeInfo) -> Option<Vec<ArgInfo>> {
    let Site::Syscall { abi, ret, .. } = probe.site else {
        return None;
    };
    if ret {
        let value = |name: &str| ArgInfo {
            name: name.to_owned(),
            ty: ArgType::C("long".to_owned()),
        };
        return Some(vec![value("ret"), value("ret")]);
    }
    // Of a 32-bit caller too: what its pointers lead to differs, but that is user memory, which D only copies; and a
    // description that says nothing about the module must have arguments that agree.
    match abi {
        Abi::Native => facts.syscall_params(kernel_name(&probe.function)),
        Abi::Compat32 => facts.syscall_params(compat_name(&probe.function)),
    }
}

/// Parameters out of an event's `format` file: what follows `__syscall_nr`.
pub fn params_of_format(text: &str) -> Vec<ArgInfo> {
    let fields = text.lines().filter_map(|line| {
        let field = line.trim().strip_prefix("field:")?;
        let (declaration, _) = field.split_once(';')?;
        let declaration = declaration.trim();
        let at = declaration.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))? + 1;
        let (ty, name) = declaration.split_at(at);
        // DTrace lists them without qualifiers.
        let ty = ty.trim();
        Some(ArgInfo {
            name: name.to_owned(),
            ty: ArgType::C(ty.strip_prefix("const ").unwrap_or(ty).to_owned()),
        })
    });
    fields
        .filter(|a| !a.name.starts_with("common_") && !a.name.starts_with("__"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_files() {
        let text = "name: sys_enter_openat\nID: 782\nformat:\n\
            \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
            \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\
            \tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n\
            \tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n\
            \tfield:struct iovec *vec;\toffset:24;\n\
            \tfield:__data_loc char[] __filename_val;\toffset:1;\nprint fmt: \"dfd: 0x%08lx\"\n";
        let got: Vec<(String, ArgType)> = params_of_format(text)
            .into_iter()
            .map(|a| (a.name, a.ty))
            .collect();
        let c = |s: &str| ArgType::C(s.to_owned());
        assert_eq!(
            got,
            [
                ("dfd".to_owned(), c("int")),
                ("filename".to_owned(), c("char *")),
                ("vec".to_owned(), c("struct iovec *"))
            ]
        );
        assert!(params_of_format("field:;\nfield:x\n\u{0}").is_empty());
    }

    #[test]
    fn only_32_is_in_the_table() {
        for name in ONLY_32 {
            assert!(number_of(Abi::Compat32, name).is_some(), "{name}");
        }
    }
}
