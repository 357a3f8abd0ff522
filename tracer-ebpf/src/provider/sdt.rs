//! `sdt`: every static tracepoint of the kernel. Module = the event's group, name = the event.
//!
//! System calls are the `syscall` provider's; probes that other tools made (kprobe events and the like) are not static.

use super::glob::{Glob, Pattern};
use super::{Facts, Provider, dtrace, no_reason, probe};
use crate::site::{ProbeInfo, Site};
use dsl::kernel::ArgInfo;

/// Groups that hold no static tracepoints.
const FOREIGN: [&str; 8] = [
    "syscalls",
    "ftrace",
    "kprobes",
    "uprobes",
    "fprobes",
    "tracepoints",
    "eprobes",
    "synthetic",
];

const FIRST: u32 = 20_000;

/// The row. The kernel's event ids are 16 bits wide.
pub const PROVIDER: Provider = Provider {
    name: "sdt",
    ids: FIRST..FIRST + 0x1_0000,
    list,
    by_id,
    args,
    why_none: no_reason,
};

fn list(facts: &dyn Facts, pattern: &Pattern, out: &mut Vec<ProbeInfo>) {
    if !pattern.function.matches("") {
        return;
    }
    let literal = pattern.name.literal();
    // Tracepoints are named by C identifiers. BEGIN and its like must not cost a look into tracefs.
    let possible =
        |n: &str| n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !dtrace::reserved(n);
    if literal.is_some_and(|n| !possible(n)) {
        return;
    }
    let groups = match &pattern.module {
        Glob::Literal(group) => vec![group.clone()],
        Glob::Any | Glob::Pattern(_) => facts.event_groups(),
    };
    for group in &groups {
        if FOREIGN.contains(&group.as_str()) || !pattern.module.matches(group) {
            continue;
        }
        let names = match literal {
            Some(name) => vec![name.to_owned()],
            None => facts.events(group),
        };
        for name in names {
            if !pattern.name.matches(&name) || dtrace::reserved(&name) {
                continue;
            }
            let id = facts.event_id(group, &name);
            out.extend(id.and_then(|id| make(id, group, &name)));
        }
    }
}

fn make(event_id: u32, group: &str, name: &str) -> Option<ProbeInfo> {
    let id = FIRST.checked_add(event_id)?;
    let site = Site::Tracepoint {
        category: group.to_owned(),
        name: name.to_owned(),
    };
    PROVIDER
        .ids
        .contains(&id)
        .then(|| probe(id, "sdt", group, "", name, site))
}

fn by_id(facts: &dyn Facts, id: u32) -> Option<ProbeInfo> {
    let mut all = Vec::new();
    list(facts, &Pattern::new(&Default::default()), &mut all);
    all.into_iter().find(|p| p.id == id)
}

fn args(facts: &dyn Facts, probe: &ProbeInfo) -> Option<Vec<ArgInfo>> {
    facts.tracepoint_args(&probe.name)
}
