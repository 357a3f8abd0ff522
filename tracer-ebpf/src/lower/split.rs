//! A program that is too large becomes two: its probes are divided, or, where there is only one, its clauses.
//!
//! The two are attached to the same place one after the other, and fire so. Clauses that share something for the firing
//! (clause-local variables, the state of `strtok`) stay together, and kprobes have no such order: what can't be divided is
//! an error.

use crate::image::ProgKind;
use crate::plan::{Group, Unit};
use dsl::dif::{Insn, Op, Subr};
use dsl::program::{ClauseId, Program};
use std::collections::BTreeSet;

/// What stands for `strtok`'s state among the clause-local variables.
const STRTOK: u16 = 0;

/// The two halves of a unit.
pub fn split(program: &Program, unit: &Unit) -> Option<(Unit, Unit)> {
    let with = |groups: Vec<Group>| Unit {
        kind: unit.kind.clone(),
        select: unit.select,
        groups,
    };
    match &unit.groups[..] {
        [] => None,
        [group] => {
            let (first, second) = split_clauses(program, unit, group)?;
            let of = |clauses: &[ClauseId]| {
                with(vec![Group {
                    probes: group.probes.clone(),
                    clauses: clauses.to_vec(),
                }])
            };
            Some((of(first), of(second)))
        }
        groups => {
            let (first, second) = groups.split_at(groups.len() / 2);
            Some((with(first.to_vec()), with(second.to_vec())))
        }
    }
}

/// The clauses of a group in two parts that share nothing for the firing, as equal as can be.
fn split_clauses<'g>(
    program: &Program,
    unit: &Unit,
    group: &'g Group,
) -> Option<(&'g [ClauseId], &'g [ClauseId])> {
    let in_order = match unit.kind {
        ProgKind::TestRun { .. }
        | ProgKind::RawTracepoint { .. }
        | ProgKind::BtfTracepoint { .. } => true,
        ProgKind::Kprobe { .. }
        | ProgKind::KprobeMulti { .. }
        | ProgKind::Fentry { .. }
        | ProgKind::Timer { .. } => false,
    };
    let n = group.clauses.len();
    if !in_order || n < 2 {
        return None;
    }
    let shared: Vec<BTreeSet<u16>> = group.clauses.iter().map(|&c| shares(program, c)).collect();
    let apart = |at: &usize| {
        let (before, after) = shared.split_at(*at);
        let before: BTreeSet<&u16> = before.iter().flatten().collect();
        !after.iter().flatten().any(|v| before.contains(v))
    };
    let at = (1..n).filter(apart).min_by_key(|at| at.abs_diff(n / 2))?;
    Some(group.clauses.split_at(at))
}

/// What a clause uses that lasts for the firing.
fn shares(program: &Program, clause: ClauseId) -> BTreeSet<u16> {
    let mut used = BTreeSet::new();
    let Some(clause) = program.clauses.get(clause.0 as usize) else {
        return used;
    };
    for difo in super::clause_difos(clause) {
        for i in difo.text.iter().filter_map(|&w| Insn::decode(w)) {
            match i.op {
                Op::Ldls | Op::Stls => {
                    used.insert(i.imm16());
                }
                Op::Call if i.imm16() == Subr::Strtok as u16 => {
                    used.insert(STRTOK);
                }
                _ => {}
            }
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Phase, Select};

    fn check(text: &str, want: Option<usize>) {
        let (_, program, diags) = dsl::compile_str(text);
        assert!(diags.is_empty(), "{text}: {diags:?}");
        let clauses: Vec<ClauseId> = (0..program.clauses.len() as u32).map(ClauseId).collect();
        let unit = Unit {
            kind: ProgKind::TestRun {
                phase: Phase::Begin,
            },
            select: Select::One,
            groups: vec![Group {
                probes: vec![0],
                clauses,
            }],
        };
        let got = split(&program, &unit).map(|(a, _)| a.groups[0].clauses.len());
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn where_clauses_part() {
        check("BEGIN{x=1} BEGIN{x=2} BEGIN{x=3} BEGIN{x=4}", Some(2));
        check("BEGIN{x=1}", None);
        // What clause-local variables tie together stays together.
        check(
            "BEGIN{this->x=1} BEGIN{x=2} BEGIN{x=this->x} BEGIN{x=4}",
            Some(3),
        );
        check("BEGIN{this->x=1} BEGIN{x=this->x}", None);
        check(
            "BEGIN{strtok(\"a b\", \" \")} BEGIN{x = strtok(NULL, \" \")}",
            None,
        );
    }
}
