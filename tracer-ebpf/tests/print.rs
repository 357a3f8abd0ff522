//! The printing back end, and what the cheapest enabling costs.

use dsl::program::*;
use dsl::source::Span;
use std::sync::Arc;
use tracer_ebpf::backend::{Backend, LoadOptions};
use tracer_ebpf::caps::Caps;
use tracer_ebpf::print::PrintBackend;
use tracer_ebpf::site::{Abi, ProbeInfo, Site};
use tracer_ebpf::{LowerOpts, lower, plan::plan};

/// `syscall::getppid:entry { @ = count(); }`: no scratch, no table, nothing but the checks and one atomic addition.
#[test]
fn count_is_cheap() {
    let stmt = Stmt {
        span: Span::default(),
        action: 1,
        kind: StmtKind::Aggregate {
            agg: AggId(0),
            keys: vec![],
            value: None,
            weight: None,
        },
    };
    let program = Program {
        clauses: vec![Clause {
            desc: ProbeDesc::default(),
            source_clause: 0,
            span: Span::default(),
            pred: None,
            stmts: vec![stmt],
        }],
        aggs: vec![AggDef {
            name: "_".to_owned(),
            func: AggFunc::Count,
            keys: vec![],
            span: Span::default(),
        }],
        ..Program::default()
    };
    let mut caps = Caps::modern();
    caps.offsets.task_ti_status = Some(16);
    let probe = ProbeInfo {
        id: 7,
        provider: Arc::from("syscall"),
        module: Arc::from("vmlinux"),
        function: Arc::from("getppid"),
        name: Arc::from("entry"),
        site: Site::Syscall {
            nr: 110,
            abi: Abi::Native,
            ret: false,
        },
    };
    let image = lower(
        &program,
        &plan(&[vec![probe]], &caps),
        &caps,
        &LowerOpts::default(),
    )
    .unwrap();
    assert!(
        image
            .maps
            .iter()
            .all(|m| !["scratch", "busy", "rodata"].contains(&m.name.as_str()))
    );
    let back = PrintBackend::new(caps, Vec::new());
    let options = LoadOptions {
        place: &|_, _| String::new(),
        debug: false,
        cpu: None,
    };
    back.load(&image, &options).unwrap().go().unwrap();
    let text = String::from_utf8(back.into_inner()).unwrap();
    println!("{text}");
    assert!(image.progs[0].insns.len() <= 26, "{text}");
    assert!(
        text.contains("call MapLookup") && text.contains("lock u64"),
        "{text}"
    );
}
