//! Checks on who knows whom.

use super::{Finding, Tree};

/// Which workspace crates each one may name, in `[dependencies]` or `[dev-dependencies]`.
const EDGES: &[(&str, &[&str])] = &[
    ("dsl", &[]),
    ("tracer-ebpf", &["dsl"]),
    ("legacy-kmod", &["dsl", "tracer-ebpf"]),
    ("tracer-user", &["dsl", "tracer-ebpf", "legacy-kmod"]),
    ("xtask", &[]),
];

/// Third-party crates that only some of ours may name.
const KEPT_TO: &[(&str, &[&str])] = &[
    ("aya", &["tracer-ebpf"]),
    ("aya-obj", &["tracer-ebpf"]),
    ("aya-log", &["tracer-ebpf"]),
    ("aya-log-common", &["tracer-ebpf"]),
    ("iced-x86", &["legacy-kmod", "tracer-user"]),
    ("tokio", &["tracer-ebpf", "legacy-kmod", "tracer-user"]),
    ("clap", &["tracer-user"]),
];

/// `dsl ← tracer-ebpf ← legacy-kmod ← tracer-user`, and `xtask` apart.
pub fn crate_edges(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut found = |name: &str, what: String| {
        findings.push(Finding {
            path: format!("{name}/Cargo.toml"),
            line: 0,
            what,
        });
    };
    for name in &tree.crates {
        if !EDGES.iter().any(|(known, _)| known == name) {
            found(name, "is a new crate: the workspace has five".into());
        }
    }
    for (from, to) in &tree.edges {
        let allowed = EDGES.iter().find(|(name, _)| name == from);
        let ours = EDGES.iter().any(|(name, _)| name == to);
        // A crate may name itself: its tests ask for features of its own that way.
        if ours && from != to && !allowed.is_some_and(|(_, to_list)| to_list.contains(&to.as_str()))
        {
            found(from, format!("must not depend on `{to}`"));
        }
        if let Some((_, users)) = KEPT_TO.iter().find(|(name, _)| name == to)
            && !users.contains(&from.as_str())
        {
            found(
                from,
                format!("must not depend on `{to}`: only {} may", users.join(", ")),
            );
        }
    }
    findings
}

/// What `dsl` never names: modules of `std` that reach outside, and what runs its output.
const DSL_NEVER_STD: &[&str] = &["fs", "net", "process", "env", "io"];
const DSL_NEVER: &[&str] = &["aya", "bpf("];

pub fn dsl_pure(tree: &Tree) -> Vec<Finding> {
    let mut findings = names_in_code(tree, "dsl/src/", DSL_NEVER);
    for file in tree.under("dsl/src/", &[".rs"]) {
        for (n, line) in file.code() {
            // `std::fs`, and `std::{fmt, fs}`.
            for after in line.split("std::").skip(1) {
                // An address is a value with a text form; it takes a socket to reach anything.
                if after.starts_with("net::Ip") {
                    continue;
                }
                let list = match after.strip_prefix('{') {
                    Some(list) => list.split('}').next().unwrap_or(list),
                    None => after
                        .split([':', ';', ' ', ')', '>'])
                        .next()
                        .unwrap_or(after),
                };
                for name in DSL_NEVER_STD.iter().filter(|w| has_word(list, w)) {
                    findings.push(file.finding(n, format!("names `std::{name}`")));
                }
            }
        }
    }
    findings
}

pub fn lower_no_aya(tree: &Tree) -> Vec<Finding> {
    let mut findings = names_in_code(tree, "tracer-ebpf/src/lower/", &["aya"]);
    findings.extend(names_in_code(tree, "tracer-ebpf/src/backend.rs", &["aya"]));
    findings
}

/// Kernel versions are compared in one file, under names that say what the difference is.
pub fn one_version_user(tree: &Tree) -> Vec<Finding> {
    let words = ["LINUX_VERSION_CODE", "KERNEL_VERSION"];
    let mut findings = Vec::new();
    for file in tree.under("", &[".c", ".h", ".S", ".d"]) {
        if file.path == "legacy-kmod/kmod/compat.h" {
            continue;
        }
        for (n, line) in file.lines() {
            if let Some(word) = words.iter().find(|w| has_word(line, w)) {
                findings
                    .push(file.finding(n, format!("`{word}` belongs into the module's compat.h")));
            }
        }
    }
    findings
}

fn names_in_code(tree: &Tree, prefix: &str, never: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.under(prefix, &[".rs"]) {
        for (n, line) in file.code() {
            for name in never.iter().filter(|w| has_word(line, w)) {
                findings.push(file.finding(n, format!("names `{name}`")));
            }
        }
    }
    findings
}

/// Whether `line` has `word` with no identifier character before it, nor after it where the word ends with one.
fn has_word(line: &str, word: &str) -> bool {
    let ident = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open_ended = word.chars().next_back().is_some_and(|c| !ident(c));
        !before.is_some_and(ident) && (open_ended || !after.is_some_and(ident))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{File, Tree};
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree {
            files: vec![File {
                path: path.into(),
                text: text.into(),
            }],
            ..Tree::default()
        }
    }

    #[test]
    fn edges_go_one_way() {
        let edge = |a: &str, b: &str| Tree {
            edges: vec![(a.into(), b.into())],
            ..Tree::default()
        };
        assert!(crate_edges(&edge("tracer-user", "dsl")).is_empty());
        assert!(crate_edges(&edge("dsl", "thiserror")).is_empty());
        assert!(crate_edges(&edge("dsl", "dsl")).is_empty());
        assert_eq!(crate_edges(&edge("dsl", "tracer-ebpf")).len(), 1);
        assert_eq!(crate_edges(&edge("tracer-ebpf", "legacy-kmod")).len(), 1);
        assert_eq!(crate_edges(&edge("xtask", "dsl")).len(), 1);
        assert_eq!(crate_edges(&edge("tracer-user", "aya")).len(), 1);
        let sixth = Tree {
            crates: vec!["extra".into()],
            ..Tree::default()
        };
        assert_eq!(crate_edges(&sixth).len(), 1);
    }

    #[test]
    fn dsl_does_no_io_and_names_no_backend() {
        let bad = "use std::{fmt, fs};\nlet x = ayah;\nsys_bpf();\nbpf(1);\nuse aya::Ebpf; // here\nuse std::net::Ipv4Addr; // std::net\n";
        let lines: Vec<usize> = dsl_pure(&tree("dsl/src/lib.rs", bad))
            .iter()
            .map(|f| f.line)
            .collect();
        assert_eq!(lines, [4, 5, 1]);
        assert!(dsl_pure(&tree("tracer-user/src/main.rs", bad)).is_empty());
    }

    #[test]
    fn lowering_does_not_know_aya() {
        for path in ["tracer-ebpf/src/lower/op.rs", "tracer-ebpf/src/backend.rs"] {
            assert_eq!(
                lower_no_aya(&tree(path, "use aya::maps;\n")).len(),
                1,
                "{path}"
            );
        }
        assert!(lower_no_aya(&tree("tracer-ebpf/src/live/mod.rs", "use aya::maps;\n")).is_empty());
    }

    #[test]
    fn versions_are_compared_in_one_file() {
        let text = "#if LINUX_VERSION_CODE < KERNEL_VERSION(2,6,33)\n";
        assert_eq!(
            one_version_user(&tree("legacy-kmod/kmod/main.c", text)).len(),
            1
        );
        assert!(one_version_user(&tree("legacy-kmod/kmod/compat.h", text)).is_empty());
    }
}
