//! From enabled clauses to programs: which probes share a program, and how each program learns which of them fired.

use crate::caps::Caps;
use crate::image::{Phase, ProgKind, Select};
use crate::site::{Abi, ProbeInfo, Site};
use dsl::program::ClauseId;
use std::collections::HashMap;

/// Probes that run the same clauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Indices into [`Plan::probes`].
    pub probes: Vec<u32>,
    /// In program order.
    pub clauses: Vec<ClauseId>,
}

/// One program to be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// How it will be attached.
    pub kind: ProgKind,
    /// How it finds its probe.
    pub select: Select,
    /// At least one; more than one only where `select` tells them apart.
    pub groups: Vec<Group>,
}

/// What is to be lowered, and for which probes.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// All enabled probes, ascending by id.
    pub probes: Vec<ProbeInfo>,
    /// For each of them its EPIDs: clause and number from 1, numbered clause by clause as DTrace enables them.
    pub epids: Vec<Vec<(ClauseId, u32)>>,
    /// Programs.
    pub units: Vec<Unit>,
    /// Clauses on ERROR, with the index of the ERROR probe: run inside the faulting firing.
    pub error: Option<(u32, Vec<ClauseId>)>,
}

/// Makes the plan. `matches[i]` are the probes of clause `i`.
pub fn plan(matches: &[Vec<ProbeInfo>], caps: &Caps) -> Plan {
    let mut index: HashMap<u32, usize> = HashMap::new();
    let mut probes: Vec<ProbeInfo> = Vec::new();
    for p in matches.iter().flatten() {
        index.entry(p.id).or_insert_with(|| {
            probes.push(p.clone());
            0
        });
    }
    probes.sort_by_key(|p| p.id);
    for (i, p) in probes.iter().enumerate() {
        index.insert(p.id, i);
    }
    let mut epids: Vec<Vec<(ClauseId, u32)>> = vec![Vec::new(); probes.len()];
    let mut next = 1;
    for (c, matched) in matches.iter().enumerate() {
        for p in matched {
            let Some(list) = index.get(&p.id).and_then(|&i| epids.get_mut(i)) else {
                continue;
            };
            // One description may list a probe once only; two descriptions of one clause may both match it.
            list.push((ClauseId(c as u32), next));
            next += 1;
        }
    }

    let mut plan = Plan {
        probes,
        epids,
        ..Plan::default()
    };
    let mut units: Vec<Unit> = Vec::new();
    let mut by_key: HashMap<(ProgKind, Option<usize>), usize> = HashMap::new();
    for (i, probe) in plan.probes.iter().enumerate() {
        let clauses: Vec<ClauseId> = plan.epids[i].iter().map(|&(c, _)| c).collect();
        let Some((kind, select)) = attach_kind(&probe.site, caps) else {
            plan.error = Some((i as u32, clauses));
            continue;
        };
        // Only a program that can tell its probes apart serves several; `profile-1000` and `profile-1ms` are two programs.
        let alone = (select == Select::One).then_some(i);
        let unit = *by_key.entry((kind.clone(), alone)).or_insert_with(|| {
            units.push(Unit {
                kind,
                select,
                groups: Vec::new(),
            });
            units.len() - 1
        });
        let groups = &mut units[unit].groups;
        match groups.iter_mut().find(|g| g.clauses == clauses) {
            Some(g) => g.probes.push(i as u32),
            None => groups.push(Group {
                probes: vec![i as u32],
                clauses,
            }),
        }
    }
    plan.units = units;
    plan
}

/// The cheapest kind that this kernel offers for a site. `None` only for ERROR, which is not attached.
fn attach_kind(site: &Site, caps: &Caps) -> Option<(ProgKind, Select)> {
    let tracepoint = |name: &str| match caps.btf_tracepoints {
        true => ProgKind::BtfTracepoint {
            name: name.to_owned(),
        },
        false => ProgKind::RawTracepoint {
            name: name.to_owned(),
        },
    };
    Some(match site {
        Site::Begin => (
            ProgKind::TestRun {
                phase: Phase::Begin,
            },
            Select::One,
        ),
        Site::End => (ProgKind::TestRun { phase: Phase::End }, Select::One),
        Site::Error => return None,
        Site::Syscall {
            ret,
            abi: Abi::Native | Abi::Compat32,
            ..
        } => (
            tracepoint(if *ret { "sys_exit" } else { "sys_enter" }),
            Select::Syscall,
        ),
        // Raw before typed: its arguments are plain numbers, as D has them; the two cost the same (`measured.md` §3).
        Site::Tracepoint { name, .. } if caps.raw_tracepoints => {
            (ProgKind::RawTracepoint { name: name.clone() }, Select::One)
        }
        Site::Tracepoint { name, .. } => (tracepoint(name), Select::One),
        // kprobe.multi serves any number with one link. A single kprobe knows the registers, and with them all arguments and
        // what is returned; fentry knows only the arguments that the type information has, but needs no kprobes.
        Site::Func { name, ret, .. } => match (caps.kprobe_multi, caps.kprobes) {
            (true, _) => (ProgKind::KprobeMulti { ret: *ret }, Select::Cookie),
            (false, true) => (
                ProgKind::Kprobe {
                    function: name.to_string(),
                    ret: *ret,
                },
                Select::One,
            ),
            (false, false) => (
                ProgKind::Fentry {
                    function: name.to_string(),
                    ret: *ret,
                },
                Select::One,
            ),
        },
        Site::Timer { period_ns, per_cpu } => (
            ProgKind::Timer {
                period_ns: *period_ns,
                per_cpu: *per_cpu,
            },
            Select::One,
        ),
    })
}
