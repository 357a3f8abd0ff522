//! What was lost, told on the standard error with DTrace's words.

use tracer_ebpf::backend::Drops;
use tracer_ebpf::image::DropKind;

/// One kind of loss.
struct Loss {
    kind: DropKind,
    /// Told for each CPU, or once for all.
    per_cpu: bool,
    tag: &'static str,
    one: &'static str,
    many: &'static str,
}

/// In the order in which they are told.
const LOSSES: &[Loss] = &[
    Loss {
        kind: DropKind::Principal,
        per_cpu: true,
        tag: "PRINCIPAL",
        one: "drop",
        many: "drops",
    },
    Loss {
        kind: DropKind::Aggregation,
        per_cpu: true,
        tag: "AGGREGATION",
        one: "aggregation drop",
        many: "aggregation drops",
    },
    // Ours: the reference blocks such firings or loses them silently.
    Loss {
        kind: DropKind::Nested,
        per_cpu: true,
        tag: "NESTED",
        one: "drop of a nested firing",
        many: "drops of nested firings",
    },
    // Ours as well: a firing whose clauses are divided among programs, and that did not reach all of them.
    Loss {
        kind: DropKind::Cut,
        per_cpu: true,
        tag: "CUT",
        one: "firing cut short",
        many: "firings cut short",
    },
    Loss {
        kind: DropKind::Dynamic,
        per_cpu: false,
        tag: "DYNAMIC",
        one: "dynamic variable drop",
        many: "dynamic variable drops",
    },
    Loss {
        kind: DropKind::SpecUnavail,
        per_cpu: false,
        tag: "SPECUNAVAIL",
        one: "failed speculation (no speculative buffer available)",
        many: "failed speculations (no speculative buffer available)",
    },
    Loss {
        kind: DropKind::DblError,
        per_cpu: false,
        tag: "DBLERROR",
        one: "error in ERROR probe enabling",
        many: "errors in ERROR probe enabling",
    },
];

/// The messages for what was lost between two readings. `tags`: with `-x droptags`.
pub fn messages(before: &Drops, now: &Drops, tags: bool) -> Vec<String> {
    let lost = |cpu: usize, kind: DropKind| {
        let at = |d: &Drops| {
            d.per_cpu
                .get(cpu)
                .and_then(|c| c.get(kind as usize))
                .copied()
                .unwrap_or(0)
        };
        at(now).saturating_sub(at(before))
    };
    let line = |n: u64, tag: &str, one: &str, many: &str, at: &str| {
        message(n, tags.then_some(tag), if n == 1 { one } else { many }, at)
    };
    let cpus = now.per_cpu.len();
    let mut out = Vec::new();
    for cpu in 0..cpus {
        for l in LOSSES.iter().filter(|l| l.per_cpu) {
            let n = lost(cpu, l.kind);
            if n > 0 {
                out.push(line(n, l.tag, l.one, l.many, &format!(" on CPU {cpu}")));
            }
        }
    }
    for l in LOSSES.iter().filter(|l| !l.per_cpu) {
        let n: u64 = (0..cpus).map(|cpu| lost(cpu, l.kind)).sum();
        if n > 0 {
            out.push(line(n, l.tag, l.one, l.many, ""));
        }
    }
    let missed = now.kernel_misses.saturating_sub(before.kernel_misses);
    if missed > 0 {
        out.push(line(
            missed,
            "KERNEL",
            "firing not run by the kernel",
            "firings not run by the kernel",
            "",
        ));
    }
    out
}

/// The message for records that found no room in their speculation.
pub fn speculative(n: u64, tags: bool) -> Option<String> {
    let what = match n {
        0 => return None,
        1 => "speculative drop",
        _ => "speculative drops",
    };
    Some(message(n, tags.then_some("SPEC"), what, ""))
}

fn message(n: u64, tag: Option<&str>, what: &str, at: &str) -> String {
    let tag = tag.map_or_else(String::new, |t| format!("[DTRACEDROP_{t}] "));
    format!("dtrace: {tag}{n} {what}{at}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: &[(usize, DropKind, u64)], misses: u64, tags: bool, want: &[&str]) {
        let mut now = Drops {
            per_cpu: vec![Default::default(); 2],
            kernel_misses: misses,
        };
        for &(cpu, kind, n) in counts {
            now.per_cpu[cpu][kind as usize] = n;
        }
        assert_eq!(messages(&Drops::default(), &now, tags), want);
        assert!(messages(&now, &now, tags).is_empty());
    }

    #[test]
    fn texts() {
        check(
            &[
                (0, DropKind::Principal, 1),
                (1, DropKind::Principal, 12),
                (1, DropKind::Aggregation, 3),
                (0, DropKind::Dynamic, 1),
                (1, DropKind::Dynamic, 1),
                (0, DropKind::DblError, 1),
                (0, DropKind::Errors, 100),
            ],
            0,
            false,
            &[
                "dtrace: 1 drop on CPU 0\n",
                "dtrace: 12 drops on CPU 1\n",
                "dtrace: 3 aggregation drops on CPU 1\n",
                "dtrace: 2 dynamic variable drops\n",
                "dtrace: 1 error in ERROR probe enabling\n",
            ],
        );
    }

    #[test]
    fn tags() {
        check(
            &[(0, DropKind::Aggregation, 3), (1, DropKind::Nested, 1)],
            2,
            true,
            &[
                "dtrace: [DTRACEDROP_AGGREGATION] 3 aggregation drops on CPU 0\n",
                "dtrace: [DTRACEDROP_NESTED] 1 drop of a nested firing on CPU 1\n",
                "dtrace: [DTRACEDROP_KERNEL] 2 firings not run by the kernel\n",
            ],
        );
    }
}
