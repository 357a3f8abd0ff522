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

/// What is read through a pointer of the kernel's, and how a kernel's address is told from a user's.
#[test]
fn pointers_of_a_32_bit_kernel() {
    let text = |pointer: u32| {
        let mut caps = Caps {
            pointer,
            btf_tracepoints: false,
            untyped_task: true,
            ..Caps::modern()
        };
        caps.offsets.task_real_parent = Some(0x111);
        caps.offsets.task_tgid = Some(0x222);
        let (_, program, diags) = dsl::compile_str("tick-1s{trace(arg0); trace(ppid);}");
        assert!(diags.is_empty(), "{diags:?}");
        let probe = ProbeInfo {
            id: 7,
            provider: Arc::from("profile"),
            module: Arc::from(""),
            function: Arc::from(""),
            name: Arc::from("tick-1s"),
            site: Site::Timer {
                period_ns: 1_000_000_000,
                per_cpu: false,
            },
        };
        let plan = plan(&[vec![probe]], &caps);
        let image = lower(&program, &plan, &caps, &LowerOpts::default()).unwrap();
        let back = PrintBackend::new(caps, Vec::new());
        let options = LoadOptions {
            place: &|_, _| String::new(),
            debug: false,
            cpu: None,
        };
        back.load(&image, &options).unwrap().go().unwrap();
        String::from_utf8(back.into_inner()).unwrap()
    };
    // The parent's address, behind the offset of the member that holds it.
    let read = |text: &str| {
        let at = text.find("+= 273").unwrap();
        let size = text[at..].find("r2 = ").unwrap();
        text[at + size + 5..].lines().next().unwrap().to_owned()
    };
    let (wide, narrow) = (text(8), text(4));
    assert_eq!((read(&wide).as_str(), read(&narrow).as_str()), ("8", "4"));
    // By the code segment's privilege (pt_regs.cs), where no address is negative.
    assert!(
        !wide.contains("(r6 +136)") && narrow.contains("(r6 +136)"),
        "{narrow}"
    );
}
