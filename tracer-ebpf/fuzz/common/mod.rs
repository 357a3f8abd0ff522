//! What every D text must survive, however mangled: the compiler ends, in bounded memory, with diagnostics or with a
//! program; what is accepted passes DIF's verifier, and the lowering pass turns it into an image or says why not.

#[path = "../../../dsl/tests/common/mod.rs"]
mod kernel;

use dsl::CompileOpts;
use dsl::dif::verify;
use dsl::parse::{Input, InputKind, MacroArgs, ProbeFlag};
use dsl::program::{ProbeDesc, Program};
use dsl::source::Sources;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use tracer_ebpf::caps::Caps;
use tracer_ebpf::lower::difos;
use tracer_ebpf::plan::plan;
use tracer_ebpf::site::{Abi, ProbeInfo, Site};
use tracer_ebpf::{LowerOpts, lower};

/// What may be allocated for an input of at most 4 KB.
const MOST: usize = 256 << 20;

/// Counts, and ends the process where an input takes too much: the fuzzer then keeps the input.
struct Bounded;

static LIVE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

// SAFETY: the system's allocator does the work; counting touches no memory of its callers.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size();
        if LIVE.fetch_add(size, Ordering::Relaxed).saturating_add(size) > MOST {
            // A message first would allocate.
            std::process::abort();
        }
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(ptr, layout) }
    }
}

const KINDS: [InputKind; 5] = [
    InputKind::Script,
    InputKind::Library,
    InputKind::Probe(ProbeFlag::Name),
    InputKind::Probe(ProbeFlag::Provider),
    InputKind::Probe(ProbeFlag::Id),
];

/// Takes a text through everything that needs no kernel.
pub fn survive(text: &str, kind: u8) {
    let mut sources = Sources::new();
    let src = sources.add("fuzz.d", text);
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let macros = MacroArgs {
        args: ["-1", "word", "0x10"].map(String::from).to_vec(),
        argref: true,
        ..MacroArgs::default()
    };
    let opts = CompileOpts {
        macros,
        ..CompileOpts::default()
    };
    let (program, diags) =
        dsl::compile(&sources, &[Input { src, kind }], &opts, &kernel::TestKernel);
    for d in &diags {
        assert!(!d.render(&sources, true).is_empty());
    }
    if diags.is_empty() {
        accepted(&program, opts);
    }
}

fn accepted(program: &Program, mut opts: CompileOpts) {
    verify::verify_vars(&program.vars).expect("variables");
    for d in difos(program) {
        verify::verify(d, &program.vars).expect("DIF");
    }
    for (name, value, _) in &program.options {
        opts.set(name, value.as_deref());
    }
    let caps = Caps::modern();
    let matches: Vec<Vec<ProbeInfo>> = program.clauses.iter().map(|c| probes(&c.desc)).collect();
    let how = LowerOpts {
        strsize: opts.strsize,
        ..LowerOpts::default()
    };
    // What it cannot lower it says; that nothing comes of it is as good an answer as an image.
    let _ = lower(program, &plan(&matches, &caps), &caps, &how);
}

/// A probe for a description, of a kind that its provider has.
fn probes(desc: &ProbeDesc) -> Vec<ProbeInfo> {
    let ret = desc.name == "return";
    let (id, site) = match (desc.provider.as_str(), desc.name.as_str()) {
        (_, "END") => (2, Site::End),
        (_, "ERROR") => (3, Site::Error),
        ("syscall", _) => {
            let abi = Abi::Native;
            (4 + u32::from(ret), Site::Syscall { nr: 0, abi, ret })
        }
        ("fbt", _) => {
            let (name, module) = ("vfs_read".to_owned(), "vmlinux".to_owned());
            (
                6 + u32::from(ret),
                Site::Func {
                    name: name.into(),
                    module: module.into(),
                    ret,
                },
            )
        }
        ("sdt", _) => {
            let (category, name) = ("sched".to_owned(), "sched_switch".to_owned());
            (8, Site::Tracepoint { category, name })
        }
        ("profile" | "tick", _) => {
            let (period_ns, per_cpu) = (1_000_000, true);
            (9, Site::Timer { period_ns, per_cpu })
        }
        _ => (1, Site::Begin),
    };
    vec![ProbeInfo {
        id,
        provider: desc.provider.as_str().into(),
        module: desc.module.as_str().into(),
        function: desc.function.as_str().into(),
        name: desc.name.as_str().into(),
        site,
    }]
}
