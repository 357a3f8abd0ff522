//! A small kernel for tests: a few types, symbols and probes.

use dsl::kernel::{
    ArgInfo, ArgType, KMember, KSymbol, KType, KTypeId, KernelView, Matched, TypeNs,
};
use dsl::program::ProbeDesc;

const VOID: u32 = 0;
const CHAR: u32 = 1;
const INT: u32 = 2;
const ULONG: u32 = 3;
const COMM: u32 = 4;
const TASK: u32 = 5;
const TASK_PTR: u32 = 6;
const MM: u32 = 7;
const MM_PTR: u32 = 8;
const PID_T: u32 = 9;
const CONST_CHAR: u32 = 10;
const CONST_CHAR_PTR: u32 = 11;
const ANON: u32 = 12;
const FUNC: u32 = 13;
const STATE: u32 = 14;
const FWD: u32 = 15;
const FWD_PTR: u32 = 16;

/// The kernel.
pub struct TestKernel;

fn member(name: &str, ty: u32, bit_offset: u32, bit_size: u32) -> KMember {
    KMember {
        name: name.into(),
        ty: KTypeId(ty),
        bit_offset,
        bit_size,
    }
}

impl KernelView for TestKernel {
    fn type_by_name(&self, _: Option<&str>, ns: TypeNs, name: &str) -> Option<KTypeId> {
        Some(KTypeId(match (ns, name) {
            (TypeNs::Struct, "task_struct") => TASK,
            (TypeNs::Struct, "mm_struct") => MM,
            (TypeNs::Enum, "state") => STATE,
            (TypeNs::Plain, "kernel_pid_t") => PID_T,
            _ => return None,
        }))
    }

    fn ktype(&self, id: KTypeId) -> Option<KType> {
        Some(match id.0 {
            VOID => KType::Void,
            CHAR => KType::Int {
                name: "char".into(),
                size: 1,
                signed: true,
                bool_: false,
                char_: true,
            },
            INT => KType::Int {
                name: "int".into(),
                size: 4,
                signed: true,
                bool_: false,
                char_: false,
            },
            ULONG => KType::Int {
                name: "long unsigned int".into(),
                size: 8,
                signed: false,
                bool_: false,
                char_: false,
            },
            COMM => KType::Array {
                elem: KTypeId(CHAR),
                len: 16,
            },
            TASK => KType::Struct {
                name: "task_struct".into(),
                size: 128,
                members: vec![
                    member("__state", STATE, 0, 0),
                    member("flag", INT, 37, 3),
                    member("pid", PID_T, 64, 0),
                    member("comm", COMM, 128, 0),
                    member("parent", TASK_PTR, 256, 0),
                    member("mm", MM_PTR, 320, 0),
                    member("", ANON, 384, 0),
                    member("hidden", FWD_PTR, 512, 0),
                ],
            },
            TASK_PTR => KType::Ptr(KTypeId(TASK)),
            MM => KType::Struct {
                name: "mm_struct".into(),
                size: 16,
                members: vec![member("total_vm", ULONG, 64, 0)],
            },
            MM_PTR => KType::Ptr(KTypeId(MM)),
            PID_T => KType::Typedef {
                name: "kernel_pid_t".into(),
                target: KTypeId(INT),
            },
            CONST_CHAR => KType::Const(KTypeId(CHAR)),
            CONST_CHAR_PTR => KType::Ptr(KTypeId(CONST_CHAR)),
            ANON => KType::Union {
                name: String::new(),
                size: 8,
                members: vec![member("inner_a", ULONG, 0, 0), member("inner_b", INT, 0, 0)],
            },
            FUNC => KType::Func {
                ret: KTypeId(INT),
                params: vec![("x".into(), KTypeId(INT))],
            },
            STATE => KType::Enum {
                name: "state".into(),
                size: 4,
                signed: false,
                values: vec![("TASK_RUNNING".into(), 0), ("TASK_DEAD".into(), 128)],
            },
            FWD => KType::Forward {
                name: "secret".into(),
            },
            FWD_PTR => KType::Ptr(KTypeId(FWD)),
            _ => return None,
        })
    }

    fn symbol(&self, module: Option<&str>, name: &str) -> Option<KSymbol> {
        let (addr, ty) = match name {
            "jiffies" => (0xffff_ffff_8000_0000, Some(ULONG)),
            "init_task" => (0xffff_ffff_8000_1000, Some(TASK)),
            "do_exit" => (0xffff_ffff_8100_0000, Some(FUNC)),
            "untyped" => (0xffff_ffff_8100_1000, None),
            _ => return None,
        };
        (module.is_none_or(|m| m == "vmlinux")).then(|| KSymbol {
            addr,
            ty: ty.map(KTypeId),
            module: "vmlinux".into(),
        })
    }

    fn enumerator(&self, name: &str) -> Option<i64> {
        match name {
            "TASK_RUNNING" => Some(0),
            "TASK_DEAD" => Some(128),
            _ => None,
        }
    }

    fn match_probes(&self, desc: &ProbeDesc, want_args: bool) -> Matched {
        let arg = |name: &str, ty| ArgInfo {
            name: name.into(),
            ty,
        };
        let args = match desc.name.as_str() {
            _ if desc.provider == "nosuch" => {
                return Matched {
                    count: 0,
                    args: None,
                    nearest: vec!["syscall::open:entry".into()],
                };
            }
            "several" => None,
            "switch" => Some(vec![
                arg("preempt", ArgType::C("bool".into())),
                arg("prev", ArgType::C("struct task_struct *".into())),
                arg("next", ArgType::Kernel(KTypeId(TASK_PTR))),
                arg("name", ArgType::Kernel(KTypeId(CONST_CHAR_PTR))),
                arg("count", ArgType::C("unsigned int".into())),
                arg("odd", ArgType::C("no_such_t".into())),
            ]),
            _ => Some(Vec::new()),
        };
        assert!(want_args || args.is_none() || !matches!(desc.name.as_str(), "switch-unasked"));
        Matched {
            count: 1,
            args,
            nearest: Vec::new(),
        }
    }
}
