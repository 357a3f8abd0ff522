//! `fbt`: entry to and return from kernel functions, where the kernel lets us attach there at all.

use super::glob::Pattern;
use super::{Facts, FuncSym, LeftOut, Provider, probe};
use crate::site::{ProbeInfo, Site};
use dsl::kernel::ArgInfo;
use std::sync::Arc;

const FIRST: u32 = 100_000;

/// The row.
pub const PROVIDER: Provider = Provider {
    name: "fbt",
    ids: FIRST..900_000,
    list,
    by_id,
    args,
    why_none,
};

const NAMES: [(&str, bool); 2] = [("entry", false), ("return", true)];

fn possible(pattern: &Pattern) -> bool {
    NAMES.iter().any(|(n, _)| pattern.name.matches(n))
        // Every function has a name; a description that asks for a probe without one means another provider.
        && pattern.function.literal() != Some("")
}

fn list(facts: &dyn Facts, pattern: &Pattern, out: &mut Vec<ProbeInfo>) {
    if !possible(pattern) {
        return;
    }
    let Ok(functions) = facts.functions() else {
        return;
    };
    let provider: Arc<str> = Arc::from(PROVIDER.name);
    let names = NAMES.map(|(name, ret)| (Arc::from(name), ret));
    for f in functions {
        if f.alias && pattern.function.literal() != Some(&f.name) {
            continue;
        }
        for (name, ret) in &names {
            if pattern.matches(&f.module, &f.name, name) {
                out.extend(make(f, &provider, name, *ret));
            }
        }
    }
}

/// Functions that a pattern means, but that are not listed.
pub fn left_out(facts: &dyn Facts, pattern: &Pattern) -> Vec<LeftOut> {
    match possible(pattern) {
        true => facts.left_out(&|module, function| {
            pattern.module.matches(module) && pattern.function.matches(function)
        }),
        false => Vec::new(),
    }
}

fn make(f: &FuncSym, provider: &Arc<str>, name: &Arc<str>, ret: bool) -> Option<ProbeInfo> {
    let id = FIRST.checked_add(f.index.checked_mul(2)?.checked_add(u32::from(ret))?)?;
    let site = Site::Func {
        name: f.name.clone(),
        module: f.module.clone(),
        ret,
    };
    PROVIDER.ids.contains(&id).then(|| {
        let [provider, module, function, name] =
            [provider, &f.module, &f.name, name].map(Arc::clone);
        probe(id, provider, module, function, name, site)
    })
}

fn by_id(facts: &dyn Facts, id: u32) -> Option<ProbeInfo> {
    let at = id.checked_sub(FIRST)?;
    let functions = facts.functions().ok()?;
    let i = functions
        .binary_search_by_key(&(at / 2), |f| f.index)
        .ok()?;
    let (name, ret) = NAMES.get(at as usize % 2).copied()?;
    make(
        functions.get(i)?,
        &Arc::from(PROVIDER.name),
        &Arc::from(name),
        ret,
    )
}

fn args(facts: &dyn Facts, probe: &ProbeInfo) -> Option<Vec<ArgInfo>> {
    match &probe.site {
        Site::Func { name, module, ret } => facts.function_args(name, module, *ret),
        _ => None,
    }
}

fn why_none(facts: &dyn Facts, pattern: &Pattern) -> Option<String> {
    match (possible(pattern), facts.functions()) {
        (true, Err(reason)) => Some(reason),
        (true, Ok(_)) => facts.why_not_function(pattern.function.literal()?),
        (false, _) => None,
    }
}
