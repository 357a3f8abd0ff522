//! Providers: which probes there are, and what stands behind each.
//!
//! A provider is a row of [`PROVIDERS`]. What it needs to know of the kernel it asks through [`Facts`]; it reads no file
//! itself. Matching `syscall::openat:entry` must not list 80,000 functions, and `BEGIN` must touch nothing at all, so
//! every provider first looks whether the literal parts of a description can be its own.
//!
//! Probe ids lie in a range for each provider, and within it follow numbers that the kernel itself gives (system call
//! numbers, event ids, positions in the symbol table). So the id of a probe is known without listing the others, and is
//! the same as long as the kernel's set of probes is.

pub mod dtrace;
pub mod fbt;
pub mod glob;
pub mod profile;
pub mod sdt;
pub mod syscall;

use crate::site::{Abi, ProbeInfo, Site};
use dsl::kernel::{ArgInfo, Matched};
use dsl::program::ProbeDesc;
use glob::Pattern;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A kernel function that can be probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncSym {
    /// Its number: the position among all text symbols.
    pub index: u32,
    /// Symbol.
    pub name: Arc<str>,
    /// `vmlinux` or the module.
    pub module: Arc<str>,
    /// Another name of a function that is listed under the name that the kernel prefers: only matched when it is named.
    pub alias: bool,
}

/// Functions that the kernel has and that are not listed, all for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// As it goes on behind the function's name.
    pub why: Cow<'static, str>,
    /// How many.
    pub count: usize,
    /// One of them.
    pub example: String,
}

impl LeftOut {
    /// Counts one more, of that name.
    pub fn count(found: &mut Vec<LeftOut>, why: impl Into<Cow<'static, str>>, name: &str) {
        let why = why.into();
        match found.iter_mut().find(|l| l.why == why) {
            Some(l) => l.count += 1,
            None => found.push(LeftOut {
                why,
                count: 1,
                example: name.to_owned(),
            }),
        }
    }
}

/// What providers ask of a kernel. Lazy: nothing is read before it is asked for.
pub trait Facts {
    /// Whether the kernel has the native system call of that name (the kernel's: `newfstat`). All are taken to exist
    /// where there is no way to know.
    fn has_syscall(&self, kernel_name: &str) -> bool;
    /// How many entries this ABI's table of system calls has, where they are known: calls that came later are not there,
    /// though another ABI may have them.
    fn syscall_entries(&self, abi: Abi) -> Option<u32> {
        let _ = abi;
        None
    }
    /// Its parameters, where they are known.
    fn syscall_params(&self, kernel_name: &str) -> Option<Vec<ArgInfo>>;
    /// Whether 32-bit programs run on this kernel.
    fn compat32(&self) -> bool;
    /// Of a 32-bit kernel: whether it has the call of that number. `None`: it is a 64-bit one.
    fn call_of_32(&self, nr: u32) -> Option<bool> {
        let _ = nr;
        None
    }
    /// Groups of static tracepoints.
    fn event_groups(&self) -> Vec<String>;
    /// Names of a group's events.
    fn events(&self, group: &str) -> Vec<String>;
    /// The kernel's id of an event. `None`: no such event.
    fn event_id(&self, group: &str, name: &str) -> Option<u32>;
    /// Arguments of a static tracepoint.
    fn tracepoint_args(&self, name: &str) -> Option<Vec<ArgInfo>>;
    /// Functions that can really be probed; an error says why none can.
    fn functions(&self) -> Result<&[FuncSym], String>;
    /// Why a function that the kernel has is not among them.
    fn why_not_function(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
    /// The functions with a module and a name for which `wanted` holds that are not among them.
    fn left_out(&self, wanted: &dyn Fn(&str, &str) -> bool) -> Vec<LeftOut> {
        let _ = wanted;
        Vec::new()
    }
    /// Arguments of a function's entry; at its return `arg0` is the offset and `args[1]` the value.
    fn function_args(&self, f: &str, module: &str, ret: bool) -> Option<Vec<ArgInfo>>;
}

/// One provider.
pub struct Provider {
    /// Name.
    pub name: &'static str,
    /// Ids of its probes.
    pub ids: Range<u32>,
    /// The probes that match, in no order. The provider's name has matched already.
    pub list: fn(&dyn Facts, &Pattern, &mut Vec<ProbeInfo>),
    /// The probe of an id in `ids`.
    pub by_id: fn(&dyn Facts, u32) -> Option<ProbeInfo>,
    /// What `args[]` is. `None`: not known.
    pub args: fn(&dyn Facts, &ProbeInfo) -> Option<Vec<ArgInfo>>,
    /// Why nothing matches, if there is more to say than that nothing does.
    pub why_none: fn(&dyn Facts, &Pattern) -> Option<String>,
}

/// All of them.
pub static PROVIDERS: &[Provider] = &[
    dtrace::PROVIDER,
    syscall::PROVIDER,
    profile::PROVIDER,
    sdt::PROVIDER,
    fbt::PROVIDER,
    profile::ON_DEMAND,
];

/// The probes that a description matches, ascending by id.
pub fn probes(facts: &dyn Facts, desc: &ProbeDesc) -> Vec<ProbeInfo> {
    if let Some(id) = desc.id {
        return PROVIDERS
            .iter()
            .filter(|p| p.ids.contains(&id))
            .find_map(|p| (p.by_id)(facts, id))
            .into_iter()
            .collect();
    }
    let pattern = Pattern::new(desc);
    let mut found = Vec::new();
    for p in PROVIDERS
        .iter()
        .filter(|p| pattern.provider.matches(p.name))
    {
        (p.list)(facts, &pattern, &mut found);
    }
    found.sort_by_key(|p| p.id);
    found.dedup_by_key(|p| p.id);
    found
}

/// What the compiler wants to know of the probes that a description matches ([`dsl::kernel::KernelView`]).
pub fn matched(
    facts: &dyn Facts,
    desc: &ProbeDesc,
    found: &[ProbeInfo],
    want_args: bool,
) -> Matched {
    let Some((first, rest)) = found.split_first() else {
        return Matched {
            count: 0,
            args: None,
            nearest: nearest(facts, desc),
        };
    };
    let agreed = |all: &Vec<ArgInfo>| rest.iter().all(|p| args(facts, p).as_ref() == Some(all));
    Matched {
        count: found.len() as u32,
        args: want_args
            .then(|| args(facts, first))
            .flatten()
            .filter(agreed),
        nearest: Vec::new(),
    }
}

/// What `args[]` is at a probe.
pub fn args(facts: &dyn Facts, probe: &ProbeInfo) -> Option<Vec<ArgInfo>> {
    let p = PROVIDERS.iter().find(|p| p.ids.contains(&probe.id))?;
    (p.args)(facts, probe)
}

/// Why a description matches nothing, where there is a reason beyond its name.
pub fn why_none(facts: &dyn Facts, desc: &ProbeDesc) -> Option<String> {
    if desc.id.is_some() {
        return None;
    }
    let pattern = Pattern::new(desc);
    // Every provider matches an empty field; a reason is only given for the one that was named.
    PROVIDERS
        .iter()
        .filter(|p| !desc.provider.is_empty() && pattern.provider.matches(p.name))
        .find_map(|p| (p.why_none)(facts, &pattern))
}

/// What a description could mean and the kernel has, but can't be probed: a sentence for each reason.
pub fn left_out(facts: &dyn Facts, desc: &ProbeDesc) -> Vec<String> {
    let pattern = Pattern::new(desc);
    if desc.id.is_some() || !pattern.provider.matches(fbt::PROVIDER.name) {
        return Vec::new();
    }
    let sentence = |l: LeftOut| {
        let (is, s) = if l.count == 1 {
            ("is", "")
        } else {
            ("are", "s")
        };
        format!(
            "{} function{s} of the kernel {is} not listed: {} {}",
            l.count, l.example, l.why
        )
    };
    fbt::left_out(facts, &pattern)
        .into_iter()
        .map(sentence)
        .collect()
}

/// Existing probes whose description is nearest to one that matches nothing, best first, at most three.
pub fn nearest(facts: &dyn Facts, desc: &ProbeDesc) -> Vec<String> {
    if desc.id.is_some() {
        return Vec::new();
    }
    let pattern = Pattern::new(desc);
    let mut providers: Vec<&Provider> = PROVIDERS
        .iter()
        .filter(|p| pattern.provider.matches(p.name))
        .collect();
    if providers.is_empty() {
        // A misspelt provider: the names of those that are like it, with the rest as it was written.
        let mut near: Vec<(usize, &str)> = PROVIDERS
            .iter()
            .map(|p| (distance(&desc.provider, p.name), p.name))
            .filter(|&(d, _)| d <= 2)
            .collect();
        near.sort();
        near.dedup();
        return near
            .into_iter()
            .map(|(_, p)| format!("{p}:{}:{}:{}", desc.module, desc.function, desc.name))
            .collect();
    }
    if desc.provider.is_empty() {
        // Functions by the ten thousand are not what a bare name is likely to mean.
        providers.retain(|p| p.name != "fbt");
    }
    let everything = Pattern::new(&ProbeDesc::default());
    let mut all = Vec::new();
    for p in providers {
        (p.list)(facts, &everything, &mut all);
    }
    let mut best: Vec<(usize, usize, String)> = Vec::new();
    for (i, p) in all.iter().enumerate() {
        let mut cost = 0;
        for (want, have) in [
            (&desc.module, &p.module),
            (&desc.function, &p.function),
            (&desc.name, &p.name),
        ] {
            if !want.is_empty() && !glob::Glob::new(want).matches(have) {
                cost += distance(want, have);
            }
        }
        let written = desc.module.len() + desc.function.len() + desc.name.len();
        if cost <= 1 + written / 4 {
            best.push((cost, i, p.to_string()));
        }
    }
    best.sort();
    best.truncate(3);
    best.into_iter().map(|(_, _, s)| s).collect()
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cb, slot) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *slot;
            let cost = (diagonal + usize::from(ca != *cb))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            left = cost;
            *slot = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// For the rows: makes a probe. Who makes many gives it texts that they share.
fn probe(
    id: u32,
    provider: impl Into<Arc<str>>,
    module: impl Into<Arc<str>>,
    function: impl Into<Arc<str>>,
    name: impl Into<Arc<str>>,
    site: Site,
) -> ProbeInfo {
    ProbeInfo {
        id,
        provider: provider.into(),
        module: module.into(),
        function: function.into(),
        name: name.into(),
        site,
    }
}

/// For the rows: nothing more to say.
fn no_reason(_: &dyn Facts, _: &Pattern) -> Option<String> {
    None
}

/// For the rows: probes without typed arguments.
fn no_args(_: &dyn Facts, _: &ProbeInfo) -> Option<Vec<ArgInfo>> {
    Some(Vec::new())
}

#[cfg(test)]
pub(crate) mod tests;
