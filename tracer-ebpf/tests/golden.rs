//! Programs of the corpus that have a `.bpf` sibling: the text form of what they are lowered to, for a modern kernel.
//!
//! They guard the generated code against change that nobody meant; that it is right is what the engines' agreement shows.
//! `BLESS=1` rewrites the siblings that there are; an empty file asks for one.

use std::path::{Path, PathBuf};
use tracer_ebpf::backend::{Backend, LoadOptions};
use tracer_ebpf::caps::Caps;
use tracer_ebpf::plan::plan;
use tracer_ebpf::print::PrintBackend;
use tracer_ebpf::{LowerOpts, lower};

/// What a program of BEGIN, END and ERROR becomes.
fn lowered(text: &str) -> String {
    let (sources, program, diags) = dsl::compile_str(text);
    let drawn: String = diags.iter().map(|d| d.render(&sources, true)).collect();
    assert!(diags.is_empty(), "{drawn}");
    let caps = Caps::modern();
    let back = PrintBackend::new(caps.clone(), Vec::new());
    let matches: Vec<_> = program
        .clauses
        .iter()
        .map(|c| back.probes(&c.desc).expect("listed"))
        .collect();
    let image = lower(
        &program,
        &plan(&matches, &caps),
        &caps,
        &LowerOpts::default(),
    )
    .expect("lowered");
    let options = LoadOptions {
        place: &|_, _| String::new(),
        debug: false,
        cpu: None,
    };
    drop(back.load(&image, &options).expect("printed"));
    String::from_utf8(back.into_inner()).expect("text")
}

fn siblings(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            siblings(&path, found);
        } else if path.extension().is_some_and(|e| e == "bpf") {
            found.push(path);
        }
    }
}

#[test]
fn the_corpus_is_lowered_as_before() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dsl/tests/d");
    let mut found = Vec::new();
    siblings(&corpus, &mut found);
    assert!(!found.is_empty(), "no .bpf file in the corpus");
    let bless = std::env::var_os("BLESS").is_some();
    let mut changed = Vec::new();
    for path in found {
        let text = std::fs::read_to_string(path.with_extension("d")).expect("its program");
        let got = lowered(&text);
        if bless {
            std::fs::write(&path, got).expect("written");
        } else if std::fs::read_to_string(&path).expect("read") != got {
            changed.push(path);
        }
    }
    assert!(changed.is_empty(), "not as before: {changed:#?}");
}
