//! The real command on this kernel: what the corpus cannot say because values differ from run to run, and how the command
//! behaves as a process.
//!
//! What is traced is often this very test program, run as a child that does an exactly known amount of work ([`child`]).

#[path = "../common/mod.rs"]
mod common;

mod child;
mod cli;
mod life;
mod nesting;
mod oneliners;

use regex_lite::Regex;

/// Asserts that the whole text matches.
#[track_caller]
fn matches(text: &str, pattern: &str) {
    let re = Regex::new(&format!("^(?:{pattern})$")).expect("a pattern");
    assert!(re.is_match(text), "does not match {pattern}:\n{text}");
}

/// Every capture of a pattern's first group.
fn captures(text: &str, pattern: &str) -> Vec<String> {
    let re = Regex::new(pattern).expect("a pattern");
    re.captures_iter(text).map(|c| c[1].to_owned()).collect()
}

/// Returns from the test where there is no privilege.
macro_rules! root {
    ($name:literal) => {
        if !crate::common::privileged(concat!("live::", $name)) {
            return;
        }
    };
}
pub(crate) use root;
