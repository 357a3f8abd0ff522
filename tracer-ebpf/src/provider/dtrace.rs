//! `dtrace:::BEGIN`, `END`, `ERROR`: ids 1, 2, 3, as everywhere.

use super::glob::Pattern;
use super::{Facts, Provider, no_args, no_reason, probe};
use crate::site::{ProbeInfo, Site};

const PROBES: [(&str, Site); 3] = [
    ("BEGIN", Site::Begin),
    ("END", Site::End),
    ("ERROR", Site::Error),
];

/// The row.
pub const PROVIDER: Provider = Provider {
    name: "dtrace",
    ids: 1..4,
    list,
    by_id,
    args: no_args,
    why_none: no_reason,
};

/// Names that only this provider has: no other one need look whether it has a probe called so.
pub fn reserved(name: &str) -> bool {
    PROBES.iter().any(|(n, _)| *n == name)
}

fn list(facts: &dyn Facts, pattern: &Pattern, out: &mut Vec<ProbeInfo>) {
    out.extend(
        (1..4)
            .filter_map(|id| by_id(facts, id))
            .filter(|p| pattern.matches("", "", &p.name)),
    );
}

fn by_id(_: &dyn Facts, id: u32) -> Option<ProbeInfo> {
    let (name, site) = PROBES.get(id.checked_sub(1)? as usize)?;
    Some(probe(id, "dtrace", "", "", *name, site.clone()))
}
