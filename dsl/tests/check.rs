//! The checker's and the code generator's part of the corpus.
//!
//! `tests/d/err/check/err.TAG.what.d` must fail with that tag first; a sibling `.err` holds the drawn diagnostics.
//! `tests/d/<topic>/tst.what.d` must compile; a sibling `.dif` holds the listing of everything it compiles to.
//! `BLESS=1 cargo test -p dsl --test check` writes the siblings.

mod common;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use dsl::dif::{disasm, verify};
use dsl::parse::{Input, InputKind};
use dsl::program::{Difo, Program, StmtKind};
use dsl::source::Sources;
use dsl::{CompileOpts, diag::Diag};

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

fn compile(text: &str) -> (Sources, Program, Vec<Diag>) {
    let mut sources = Sources::new();
    let src = sources.add("test.d", text);
    let inputs = [Input {
        src,
        kind: InputKind::Script,
    }];
    let (program, diags) = dsl::compile(
        &sources,
        &inputs,
        &CompileOpts::default(),
        &common::TestKernel,
    );
    (sources, program, diags)
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
    let cases = cases("err/check");
    for case in &cases {
        let (sources, _, diags) = compile(&fs::read_to_string(case).unwrap());
        let file = name(case);
        let tag = file.split('.').nth(1).unwrap_or("");
        match diags.first() {
            Some(d) if d.tag.name() == tag => {}
            Some(d) => wrong.push(format!("{file}: reported {}: {}", d.tag, d.text)),
            None => wrong.push(format!("{file}: compiled")),
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

/// Every DIFO of a statement.
fn difos(kind: &StmtKind) -> Vec<&Difo> {
    let mut out = Vec::new();
    match kind {
        StmtKind::Expr(d) | StmtKind::Raise(d) | StmtKind::Chill(d) | StmtKind::Return(d) => {
            out.push(d);
        }
        StmtKind::Pcap(all) => out.extend(all.iter().filter_map(|d| d.difo())),
        StmtKind::Setopt(name, value) => {
            out.extend(name.difo());
            out.extend(value.as_ref().and_then(|d| d.difo()));
        }
        StmtKind::Ftruncate => {}
        StmtKind::Trace(d)
        | StmtKind::Print { data: d, .. }
        | StmtKind::Stack(d)
        | StmtKind::Exit(d)
        | StmtKind::Speculate(d)
        | StmtKind::Commit(d)
        | StmtKind::Discard(d) => out.extend(d.difo()),
        StmtKind::Tracemem { data, shown } => {
            out.extend(data.difo());
            out.extend(shown.as_ref().and_then(|d| d.difo()));
        }
        StmtKind::Printf { args, .. }
        | StmtKind::Freopen { args, .. }
        | StmtKind::System { args, .. } => out.extend(args.iter().filter_map(|d| d.difo())),
        StmtKind::Printa { .. } | StmtKind::Clear(_) | StmtKind::Denormalize(_) => {}
        StmtKind::Trunc(_, d) => out.extend(d.as_ref().and_then(|d| d.difo())),
        StmtKind::Normalize(_, d) => out.extend(d.difo()),
        StmtKind::Aggregate {
            keys,
            value,
            weight,
            ..
        } => {
            out.extend(keys.iter().filter_map(|d| d.difo()));
            out.extend(value);
            out.extend(weight);
        }
    }
    out
}

/// The kind of a statement, without its data.
fn label(kind: &StmtKind) -> String {
    let text = format!("{kind:?}");
    text.split(['(', ' ']).next().unwrap_or("").to_string()
}

fn listing(p: &Program) -> Result<String, String> {
    let mut out = String::new();
    verify::verify_vars(&p.vars).map_err(|e| e.to_string())?;
    for a in &p.aggs {
        let _ = writeln!(out, "aggregation @{} {:?} {:?}", a.name, a.func, a.keys);
    }
    for c in &p.clauses {
        let _ = writeln!(out, "clause {} on {}", c.source_clause, c.desc);
        let pred = c.pred.iter().map(|d| ("predicate".to_string(), vec![d]));
        let stmts = c.stmts.iter().map(|s| {
            (
                format!("action {} {}", s.action, label(&s.kind)),
                difos(&s.kind),
            )
        });
        for (what, difos) in pred.chain(stmts) {
            let _ = writeln!(out, "{what}");
            for d in difos {
                let text = disasm::listing(d, &p.vars, 0, 256);
                verify::verify(d, &p.vars).map_err(|e| format!("{e}\n{text}"))?;
                assert_eq!(d.spans.len(), d.text.len());
                out += &text;
            }
        }
    }
    Ok(out)
}

#[test]
fn every_good_case_compiles_to_its_listing() {
    let mut wrong = Vec::new();
    for topic in [
        "operators",
        "variables",
        "types",
        "actions",
        "aggs",
        "strings",
        "clauses",
    ] {
        for case in &cases(topic) {
            let (sources, program, diags) = compile(&fs::read_to_string(case).unwrap());
            wrong.extend(
                diags
                    .iter()
                    .map(|d| format!("{}: {}", name(case), d.render(&sources, true))),
            );
            match listing(&program) {
                Ok(text) => observe(case, "dif", &text, &mut wrong),
                Err(e) => wrong.push(format!("{}: {e}", name(case))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No text makes the compiler panic: the corpus, cut and mixed at every kind of place.
#[test]
fn mangled_programs_are_diagnosed_or_compiled() {
    let mut seed = 88172645463325252u64;
    let mut rand = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n.max(1) as u64) as usize
    };
    let mut texts = Vec::new();
    for topic in [
        "operators",
        "variables",
        "types",
        "actions",
        "aggs",
        "strings",
        "clauses",
        "err/check",
    ] {
        for case in &cases(topic) {
            texts.push(fs::read_to_string(case).unwrap());
        }
    }
    let words: Vec<Vec<&str>> = texts
        .iter()
        .map(|t| t.split_inclusive([' ', ';', '(', ',', '[']).collect())
        .collect();
    let mut compiled = 0;
    for _ in 0..3000 {
        let mut text = String::new();
        let a = &words[rand(words.len())];
        let b = &words[rand(words.len())];
        let (cut, skip) = (rand(a.len()), rand(b.len()));
        text.extend(a.iter().take(cut).copied());
        if rand(2) == 0 {
            text.extend(b.iter().skip(skip).take(1 + rand(4)).copied());
            text.extend(a.iter().skip(cut + rand(3)).copied());
        } else {
            text.extend(b.iter().skip(skip).copied());
        }
        let (_, program, diags) = compile(&text);
        if diags.is_empty() {
            compiled += 1;
            if let Err(e) = listing(&program) {
                panic!("{text}\n{e}");
            }
        }
    }
    assert!(compiled > 100, "{compiled}");
}
