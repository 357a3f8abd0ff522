//! The parser's part of the corpus.
//!
//! `tests/d/err/parse/err.TAG.what.d` must fail with that tag first, and where a sibling `.err` exists the drawn
//! diagnostics must be exactly that. `tests/d/parse/tst.what.d` must parse, to what its sibling `.ast` says.
//! `BLESS=1 cargo test -p dsl --test parse_errors` writes the siblings.

use std::fs;
use std::path::{Path, PathBuf};

use dsl::parse::{InputKind, MacroArgs, dump::dump, parse_with};

fn cases(dir: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/d")
        .join(dir);
    let entries = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "d"));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Compare with the sibling, or write it.
fn observe(case: &Path, ext: &str, got: &str, wrong: &mut Vec<String>) {
    let sibling = case.with_extension(ext);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&sibling, got).unwrap();
    } else if let Ok(expect) = fs::read_to_string(&sibling)
        && expect != got
    {
        wrong.push(format!(
            "{}:\n--- expected\n{expect}--- got\n{got}",
            name(&sibling)
        ));
    }
}

#[test]
fn every_error_case_reports_the_tag_in_its_name() {
    let mut wrong = Vec::new();
    let cases = cases("err/parse");
    for case in &cases {
        let text = fs::read_to_string(case).unwrap();
        let (sources, _, diags) = parse_with(&text, InputKind::Script, &MacroArgs::default());
        let file = name(case);
        let tag = file.split('.').nth(1).unwrap_or("");
        match diags.first() {
            Some(d) if d.tag.name() == tag => {}
            Some(d) => wrong.push(format!("{file}: reported {}: {}", d.tag, d.text)),
            None => wrong.push(format!("{file}: parsed")),
        }
        let drawn: String = diags.iter().map(|d| d.render(&sources, true)).collect();
        observe(case, "err", &drawn, &mut wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_good_case_parses_to_its_tree() {
    let mut wrong = Vec::new();
    let macros = MacroArgs {
        vars: [("pid".to_string(), "1".to_string())].into(),
        ..MacroArgs::default()
    };
    for case in &cases("parse") {
        let text = fs::read_to_string(case).unwrap();
        let (sources, ast, diags) = parse_with(&text, InputKind::Script, &macros);
        wrong.extend(
            diags
                .iter()
                .map(|d| format!("{}: {}", name(case), d.render(&sources, true))),
        );
        observe(case, "ast", &dump(&ast), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
