//! What is parsed to what, and what is refused with which words. Texts in, text out: no test touches a node.

mod clause;
mod decl;
mod expr;

use super::dump::dump;
use super::{InputKind, MacroArgs, ProbeFlag, parse_with};

fn show(text: &str, kind: InputKind, macros: &MacroArgs) -> String {
    let (sources, ast, diags) = parse_with(text, kind, macros);
    if diags.is_empty() {
        return dump(&ast).trim_end().to_string();
    }
    let lines: Vec<String> = diags.iter().map(|d| d.headline(&sources, true)).collect();
    lines.join("\n")
}

/// A script parses to this, or fails with these headlines.
#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(
        show(text, InputKind::Script, &MacroArgs::default()),
        expect,
        "\nin {text}"
    );
}

/// An expression parses to this.
#[track_caller]
fn expr(text: &str, expect: &str) {
    check(
        &format!("BEGIN {{ {text}; }}"),
        &format!("(clause :::BEGIN {{{expect}}})"),
    );
}

/// A script fails with the headline `line 1: …` of this tag, and no other.
#[track_caller]
fn fails(text: &str, tag: &str, what: &str) {
    check(text, &format!("[{tag}] line 1: {what}"));
}

/// The text of a flag such as `-n`.
#[track_caller]
fn flag(flag: ProbeFlag, text: &str, expect: &str) {
    assert_eq!(
        show(text, InputKind::Probe(flag), &MacroArgs::default()),
        expect,
        "\nin {text}"
    );
}

fn macros() -> MacroArgs {
    MacroArgs {
        script: "me.d".into(),
        args: ["12", "name", "two words", "-0x1f", ""]
            .map(String::from)
            .to_vec(),
        vars: [("target".to_string(), "123".to_string())].into(),
        defaultargs: false,
        argref: true,
    }
}

#[track_caller]
fn with_macros(text: &str, expect: &str) {
    assert_eq!(
        show(text, InputKind::Script, &macros()),
        expect,
        "\nin {text}"
    );
}
