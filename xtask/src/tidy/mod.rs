//! `cargo xtask tidy`: what ARCHITECTURE.md states as absences, checked against the tree.
//!
//! Each row of [`CHECKS`] is one invariant; its id is what ARCHITECTURE.md names it by, and a row without a sentence
//! there, or a sentence without a row here, is itself a finding. Checks read a [`Tree`] held in memory, so that tests can
//! show each of them a tree that is wrong.

mod rules;
mod text;

use crate::sh;
use anyhow::{Context, Result};
use std::fmt;
use std::process::{Command, ExitCode};

/// One invariant: the id, and what breaks it.
pub struct Check {
    id: &'static str,
    run: fn(&Tree) -> Vec<Finding>,
}

/// Every invariant that is checked, in the order of ARCHITECTURE.md.
pub const CHECKS: &[Check] = &[
    Check {
        id: "crate-edges",
        run: rules::crate_edges,
    },
    Check {
        id: "dsl-pure",
        run: rules::dsl_pure,
    },
    Check {
        id: "lower-no-aya",
        run: rules::lower_no_aya,
    },
    Check {
        id: "one-version-user",
        run: rules::one_version_user,
    },
    Check {
        id: "file-size",
        run: text::file_size,
    },
    Check {
        id: "no-dangling-paths",
        run: text::dangling_paths,
    },
    Check {
        id: "no-machine-paths",
        run: text::machine_paths,
    },
    Check {
        id: "no-mirror-hosts",
        run: text::mirror_hosts,
    },
    Check {
        id: "invariants-listed",
        run: text::invariants_listed,
    },
];

/// A file under version control (or about to be), by its path from the top. Binary files have no text.
pub struct File {
    path: String,
    text: String,
}

/// What the checks look at.
#[derive(Default)]
pub struct Tree {
    files: Vec<File>,
    /// `(crate, what it depends on)`, from `cargo metadata`; dependencies of every kind.
    edges: Vec<(String, String)>,
    /// Workspace members.
    crates: Vec<String>,
    /// Hosts that this machine's package sources name.
    mirrors: Vec<String>,
    /// Paths that exist only on this machine.
    machine_paths: Vec<String>,
}

/// One breach: where, and what.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    path: String,
    /// From 1; 0 where the whole file is meant.
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

pub fn run(_: &[String]) -> Result<ExitCode> {
    let tree = Tree::read()?;
    let mut breaches = 0;
    for check in CHECKS {
        for finding in (check.run)(&tree) {
            println!("{finding} [{}]", check.id);
            breaches += 1;
        }
    }
    println!(
        "tidy: {} invariants, {} files, {breaches} breaches",
        CHECKS.len(),
        tree.files.len()
    );
    Ok(if breaches == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Tree {
    /// The work tree as it is now, new files included.
    fn read() -> Result<Tree> {
        let root = sh::root();
        let listed = sh::output(Command::new("git").current_dir(&root).args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|p| !p.is_empty()) {
            // Deleted but still in the index: not part of the tree any more.
            let Ok(bytes) = std::fs::read(root.join(path)) else {
                continue;
            };
            let text = String::from_utf8(bytes).unwrap_or_default();
            files.push(File {
                path: path.to_string(),
                text,
            });
        }
        let metadata =
            sh::output(sh::cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
        let metadata: Metadata = serde_json::from_str(&metadata).context("cargo metadata")?;
        let mut machine_paths = vec![format!("{}/", root.display())];
        if let Some(home) = std::env::var_os("HOME").filter(|h| h.len() > 3) {
            machine_paths.push(format!("{}/", home.to_string_lossy()));
        }
        Ok(Tree {
            files,
            crates: metadata.packages.iter().map(|p| p.name.clone()).collect(),
            edges: metadata
                .packages
                .iter()
                .flat_map(|p| {
                    p.dependencies
                        .iter()
                        .map(|d| (p.name.clone(), d.name.clone()))
                })
                .collect(),
            mirrors: text::mirrors_of_this_machine(),
            machine_paths,
        })
    }

    /// Files whose path starts with `prefix` and ends with one of `ends`.
    fn under<'a>(&'a self, prefix: &'a str, ends: &'a [&'a str]) -> impl Iterator<Item = &'a File> {
        self.files
            .iter()
            .filter(move |f| f.path.starts_with(prefix) && ends.iter().any(|e| f.path.ends_with(e)))
    }

    /// Whether `path` is a file, or a folder with a file in it.
    fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|f| {
            f.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl File {
    /// Lines with their numbers, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, l)| (i + 1, l))
    }

    /// Code lines of a Rust or C file: without `//` comments, and without what follows `#[cfg(test)]` at the margin.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines()
            .take_while(|(_, l)| !l.starts_with("#[cfg(test)]"))
            .map(|(n, l)| (n, l.split("//").next().unwrap_or(l)))
    }

    fn finding(&self, line: usize, what: String) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            what,
        }
    }
}

/// The part of `cargo metadata` that is read.
#[derive(serde::Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(serde::Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(serde::Deserialize)]
struct Dependency {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gate itself: the tree as it is keeps every invariant.
    #[test]
    fn this_tree_is_tidy() {
        let tree = Tree::read().unwrap();
        assert!(
            tree.files.len() > 10,
            "git listed too few files to believe it"
        );
        let findings: Vec<String> = CHECKS
            .iter()
            .flat_map(|c| {
                (c.run)(&tree)
                    .into_iter()
                    .map(|f| format!("{f} [{}]", c.id))
            })
            .collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    #[test]
    fn code_leaves_out_comments_and_tests() {
        let file = File {
            path: "a.rs".into(),
            text: "use a; // std::fs\n//! aya\n#[cfg(test)]\nmod tests {}\n".into(),
        };
        let code: Vec<_> = file.code().collect();
        assert_eq!(code, [(1, "use a; "), (2, "")]);
    }
}
