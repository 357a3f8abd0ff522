//! Types of a program's functions. The kernel wants to know them where subprograms are global: only the type says that one is,
//! and what it takes.

pub use super::sys::Funcs;
use super::sys::{self, RawProg, prog_type};
use crate::image::{Insn, PSEUDO_CALL, Prog, Subprog};
use aya_obj::btf::{Btf, BtfParam, BtfType, Func, FuncLinkage, FuncProto, Int, IntEncoding};
use std::io;

/// How many numbers a global subprogram takes.
const ARGS: usize = 5;

/// Whether the kernel has to be told of a program's functions.
pub fn needed(prog: &Prog) -> bool {
    prog.subprogs.iter().any(|s| s.global)
}

/// Types of functions under construction.
pub(super) struct Types {
    /// What there is so far.
    pub btf: Btf,
    /// A function without arguments, and one of five numbers.
    protos: [u32; 2],
}

impl Types {
    /// Those that all functions share.
    pub fn new() -> Types {
        let mut btf = Btf::new();
        let name = btf.add_string("number");
        let number = btf.add_type(BtfType::Int(Int::new(name, 8, IntEncoding::Signed, 0)));
        let params = (0..ARGS).map(|n| BtfParam {
            name_offset: btf.add_string(&format!("a{n}")),
            btf_type: number,
        });
        let params = params.collect();
        let none = btf.add_type(BtfType::FuncProto(FuncProto::new(Vec::new(), number)));
        let numbers = btf.add_type(BtfType::FuncProto(FuncProto::new(params, number)));
        Types {
            btf,
            protos: [none, numbers],
        }
    }

    /// The types of a program's functions: the main one's, then the subprograms'.
    pub fn of(&mut self, prog: &Prog) -> Vec<u32> {
        let main = [(format!("dtrace_{}", prog.name), false)];
        let subs = prog.subprogs.iter().map(|s| (s.name.clone(), s.global));
        main.into_iter()
            .chain(subs)
            .map(|(name, global)| {
                // An identifier, says kernel/bpf/btf.c.
                let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let name = name.replace(|c| !good(c), "_");
                let name = self.btf.add_string(&name);
                let linkage = match global {
                    true => FuncLinkage::Global,
                    false => FuncLinkage::Static,
                };
                let proto = self.protos[usize::from(global)];
                self.btf
                    .add_type(BtfType::Func(Func::new(name, proto, linkage)))
            })
            .collect()
    }
}

impl Funcs {
    /// Of a program.
    pub fn of(prog: &Prog) -> io::Result<Funcs> {
        let mut types = Types::new();
        let ids = types.of(prog);
        let starts = [0].into_iter().chain(prog.subprogs.iter().map(|s| s.start));
        let info = starts.zip(ids).map(|(start, id)| [start, id]).collect();
        let btf = sys::btf_load(&types.btf.to_bytes())?;
        Ok(Funcs { btf, info })
    }
}

/// Whether the kernel takes a global subprogram: one that multiplies two numbers.
pub fn works() -> bool {
    let insn = |code, regs, imm| Insn {
        code,
        regs,
        off: 0,
        imm,
    };
    let mut insns: Vec<Insn> = (1..=5).map(|r| insn(0xb7, r, 1)).collect();
    insns.extend([
        insn(0x85, PSEUDO_CALL << 4, 2),
        insn(0xb7, 0, 0),
        insn(0x95, 0, 0),
        // r0 = r1; r0 *= r2
        insn(0xbf, 0x10, 0),
        insn(0x2f, 0x20, 0),
        insn(0x95, 0, 0),
    ]);
    let prog = Prog {
        name: "try".to_owned(),
        kind: crate::image::ProgKind::TestRun {
            phase: crate::image::Phase::Begin,
        },
        probes: Vec::new(),
        subprogs: vec![Subprog {
            start: 8,
            name: "product".to_owned(),
            global: true,
        }],
        insns,
        called: None,
        lines: Vec::new(),
    };
    let Ok(funcs) = Funcs::of(&prog) else {
        return false;
    };
    let raw = RawProg {
        prog_type: prog_type::RAW_TRACEPOINT,
        name: "dtrace_try",
        insns: &prog.insns,
        funcs: Some(&funcs),
        ..RawProg::default()
    };
    sys::prog_load(&raw).is_ok()
}
