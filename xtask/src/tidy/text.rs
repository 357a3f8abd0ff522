//! Checks on the text of every file: size, what it refers to, and what must not leak into it.

use super::{CHECKS, Finding, Tree};
use std::path::Path;

/// A file this long holds more than one subject.
const MOST_LINES: usize = 1000;

const SOURCE: &[&str] = &[".rs", ".c", ".h", ".S", ".md", ".sh", ".toml"];

pub fn file_size(tree: &Tree) -> Vec<Finding> {
    tree.under("", SOURCE)
        .filter(|f| f.text.lines().count() > MOST_LINES)
        .map(|f| {
            f.finding(
                0,
                format!(
                    "has {} lines; split it by subject (at most {MOST_LINES})",
                    f.text.lines().count()
                ),
            )
        })
        .collect()
}

/// Folders at the top: a path that begins with one of these claims to be a path in this tree.
const TOPS: &[&str] = &[
    "dsl",
    "tracer-ebpf",
    "tracer-user",
    "legacy-kmod",
    "xtask",
    "ci",
    ".ci",
    ".github",
    ".cargo",
];

/// Paths that prose names and the tree lacks: in `*.md`, and in comments of source files.
pub fn dangling_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.under("", &[".md", ".rs", ".c", ".h"]) {
        let prose = file.path.ends_with(".md");
        for (n, line) in file.lines() {
            let said = if prose { line } else { comment(line) };
            for path in paths_in(said).filter(|p| !tree.has(p)) {
                findings.push(file.finding(n, format!("names `{path}`, which does not exist")));
            }
        }
    }
    findings
}

/// What stands after `//`, or in a line of a C comment.
fn comment(line: &str) -> &str {
    let bare = line.trim_start();
    if bare.starts_with("* ") || bare.starts_with("/*") {
        return bare;
    }
    line.split_once("//").map_or("", |(_, c)| c)
}

/// Words that can only be a path of this tree: a folder at the top, a slash, and a file ending or a closing slash.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_./-*{}<>$…".contains(c);
    text.split(move |c: char| !part(c)).filter_map(|word| {
        let word = word.trim_end_matches('.');
        let (top, rest) = word.split_once('/')?;
        let pattern = word.contains(['*', '{', '}', '<', '>', '$', '…']);
        let file = rest.rsplit('/').next()?.contains('.') && !rest.contains("..");
        (TOPS.contains(&top) && !pattern && (file || rest.ends_with('/'))).then_some(word)
    })
}

/// Paths of somebody's machine. The tree is used from anywhere.
pub fn machine_paths(tree: &Tree) -> Vec<Finding> {
    // In pieces, so that this file does not breach what it checks.
    let usual = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
    ];
    let mut findings = Vec::new();
    for file in &tree.files {
        for (n, line) in file.lines() {
            let own = tree.machine_paths.iter().map(String::as_str);
            if let Some(bad) = usual.into_iter().chain(own).find(|p| has_path(line, p)) {
                findings.push(file.finding(n, format!("names `{bad}`, a path of one machine")));
            }
        }
    }
    findings
}

/// Whether `path` occurs in `line` as the beginning of an absolute path.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.}~".contains(c))
    })
}

/// Hosts that only this machine's administrator chose. Packages are asked for by name, from wherever apt gets them.
pub fn mirror_hosts(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (n, line) in file.lines() {
            if let Some(host) = tree.mirrors.iter().find(|h| line.contains(h.as_str())) {
                findings.push(file.finding(n, format!("names the package host `{host}`")));
            }
        }
    }
    findings
}

/// Hosts in `/etc/apt`'s source lists. A machine without apt has none.
pub fn mirrors_of_this_machine() -> Vec<String> {
    let apt = Path::new("/etc/apt");
    let mut lists = vec![apt.join("sources.list")];
    if let Ok(parts) = std::fs::read_dir(apt.join("sources.list.d")) {
        lists.extend(parts.flatten().map(|e| e.path()));
    }
    let mut hosts = Vec::new();
    for list in lists {
        let ends = list.extension().and_then(|e| e.to_str());
        if !matches!(ends, Some("list" | "sources")) {
            continue;
        }
        let text = std::fs::read_to_string(&list).unwrap_or_default();
        hosts.extend(
            text.lines()
                .filter(|l| !l.starts_with('#'))
                .flat_map(hosts_in),
        );
    }
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Hosts of the addresses in one line.
fn hosts_in(line: &str) -> impl Iterator<Item = String> {
    line.split_whitespace().filter_map(|word| {
        let (_, rest) = word.split_once("://")?;
        let place = rest.split('/').next()?;
        let host = place.rsplit('@').next()?.split(':').next()?;
        host.contains('.').then(|| host.to_string())
    })
}

/// How ARCHITECTURE.md writes an invariant: this, a blank, and the id in backquotes.
const MARK: &str = "*Invariant:* `";

/// ARCHITECTURE.md states exactly what is checked here.
pub fn invariants_listed(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.files.iter().find(|f| f.path == "ARCHITECTURE.md") else {
        return vec![Finding {
            path: "ARCHITECTURE.md".into(),
            line: 0,
            what: "is missing".into(),
        }];
    };
    let mut findings = Vec::new();
    let mut stated = Vec::new();
    for (n, line) in file.lines() {
        if !line.contains("*Invariant:*") {
            continue;
        }
        let id = line
            .split_once(MARK)
            .and_then(|(_, rest)| rest.split('`').next());
        match id {
            Some(id) if CHECKS.iter().any(|c| c.id == id) => stated.push(id),
            Some(id) => {
                findings.push(file.finding(n, format!("states `{id}`, which tidy does not check")))
            }
            None => findings.push(file.finding(n, "states an invariant without an id".into())),
        }
    }
    for check in CHECKS.iter().filter(|c| !stated.contains(&c.id)) {
        findings.push(file.finding(
            0,
            format!("does not state `{}`, which tidy checks", check.id),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::{File, Tree};
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree {
            files: files
                .iter()
                .map(|(p, t)| File {
                    path: (*p).into(),
                    text: (*t).into(),
                })
                .collect(),
            ..Tree::default()
        }
    }

    #[test]
    fn long_files_are_found_and_data_is_not() {
        let long = "x\n".repeat(MOST_LINES + 1);
        assert_eq!(
            file_size(&tree(&[("dsl/src/a.rs", &long), ("Cargo.lock", &long)])).len(),
            1
        );
    }

    #[test]
    fn paths_in_prose_must_exist() {
        let said = "see dsl/src/a.rs, dsl/src/gone.rs:12, `dsl/src/`, tracer-ebpf/*.rs, and/or x/y.rs, ci/none/.";
        let findings = dangling_paths(&tree(&[("dsl/src/a.rs", ""), ("README.md", said)]));
        let what: Vec<&str> = findings
            .iter()
            .map(|f| f.what.split('`').nth(1).unwrap())
            .collect();
        assert_eq!(what, ["dsl/src/gone.rs", "ci/none/"]);
        // Code is not prose.
        let code = concat!(
            "include_str!(\"dsl/src/gone.rs\"); /",
            "/ and dsl/src/gone2.rs\n"
        );
        assert_eq!(dangling_paths(&tree(&[("dsl/src/a.rs", code)])).len(), 1);
    }

    #[test]
    fn paths_and_hosts_of_one_machine_are_found() {
        let text = concat!(
            "cd /wo",
            "rk/tree\n",
            "a/wo",
            "rk/b is fine\n",
            "$X/wo",
            "rk/\n"
        );
        let found = machine_paths(&tree(&[("a.md", text)]));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [1]);
        let mut t = tree(&[("a.md", "from mirror.example.org\n")]);
        t.mirrors = vec!["mirror.example.org".into()];
        assert_eq!(mirror_hosts(&t).len(), 1);
        let hosts: Vec<String> =
            hosts_in("deb [a=b] http://u:p@mirror.example.org:80/debian x main").collect();
        assert_eq!(hosts, ["mirror.example.org"]);
    }

    #[test]
    fn stated_and_checked_are_the_same_list() {
        let all: String = CHECKS
            .iter()
            .map(|c| format!("{MARK}{}`. x\n", c.id))
            .collect();
        assert!(invariants_listed(&tree(&[("ARCHITECTURE.md", &all)])).is_empty());
        let more = format!("{all}{MARK}unheard-of`. x\n*Invariant:* no id\n");
        assert_eq!(
            invariants_listed(&tree(&[("ARCHITECTURE.md", &more)])).len(),
            2
        );
        assert_eq!(
            invariants_listed(&tree(&[("ARCHITECTURE.md", "")])).len(),
            CHECKS.len()
        );
        assert_eq!(invariants_listed(&tree(&[])).len(), 1);
    }
}
