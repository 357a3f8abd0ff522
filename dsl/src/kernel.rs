//! What the compiler may ask the running system: types, symbols, and which probes a description matches.
//!
//! The compiler does no I/O. A back end implements [`KernelView`] (BTF on kernels that have it; a table, or what the script
//! declares, on older ones). Implementations are lazy: nothing is read before the first question, because a script that
//! asks none must start at once.

use crate::program::ProbeDesc;

/// A type of the kernel's, as the view numbers it. Views of several modules give distinct ids for distinct types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KTypeId(pub u32);

/// Which name space of C a name is looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeNs {
    /// `struct NAME`.
    Struct,
    /// `union NAME`.
    Union,
    /// `enum NAME`.
    Enum,
    /// A typedef or base type.
    Plain,
}

/// One of the kernel's types, one level deep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KType {
    Void,
    /// `bits` differs from `8 * size` only for odd BTF integers.
    Int {
        name: String,
        size: u32,
        signed: bool,
        bool_: bool,
        char_: bool,
    },
    Float {
        name: String,
        size: u32,
    },
    Ptr(KTypeId),
    Array {
        elem: KTypeId,
        len: u32,
    },
    Struct {
        name: String,
        size: u32,
        members: Vec<KMember>,
    },
    Union {
        name: String,
        size: u32,
        members: Vec<KMember>,
    },
    Enum {
        name: String,
        size: u32,
        signed: bool,
        values: Vec<(String, i64)>,
    },
    /// A struct, union or enum that is only declared.
    Forward {
        name: String,
    },
    Typedef {
        name: String,
        target: KTypeId,
    },
    Const(KTypeId),
    Volatile(KTypeId),
    /// `restrict` and type tags: transparent.
    Transparent(KTypeId),
    Func {
        ret: KTypeId,
        params: Vec<(String, KTypeId)>,
    },
}

/// A member of a struct or union. An empty name is an anonymous struct or union, whose members are found through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KMember {
    /// Empty for anonymous members.
    pub name: String,
    /// Its type.
    pub ty: KTypeId,
    /// From the start of the struct.
    pub bit_offset: u32,
    /// 0 = not a bit-field.
    pub bit_size: u32,
}

/// A kernel symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KSymbol {
    /// Its address.
    pub addr: u64,
    /// Its type, where the type information has it.
    pub ty: Option<KTypeId>,
    /// `vmlinux`, or the module's name.
    pub module: String,
}

/// One argument of a probe, as `args[n]` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgInfo {
    /// Its name where one is known (`filename`), for `-lv` and messages.
    pub name: String,
    /// Its type.
    pub ty: ArgType,
}

/// The type of a probe argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgType {
    /// C text (`const char *`), which the checker parses.
    C(String),
    /// By the view's number.
    Kernel(KTypeId),
}

/// What a probe description matches.
#[derive(Clone, Debug, Default)]
pub struct Matched {
    /// How many probes.
    pub count: u32,
    /// The arguments, where all matched probes agree on them. `None`: they differ, and `args[]` is an error (D_ARGS_MULTI).
    pub args: Option<Vec<ArgInfo>>,
    /// Where nothing matched: the nearest existing names, best first (for the message).
    pub nearest: Vec<String>,
}

/// What the compiler may ask.
pub trait KernelView {
    /// The type of that name, the kernel's own before a module's. `module` narrows it (`` struct mod`name ``).
    fn type_by_name(&self, module: Option<&str>, ns: TypeNs, name: &str) -> Option<KTypeId>;
    /// One level of a type. `None` only for ids that the view never gave.
    fn ktype(&self, id: KTypeId) -> Option<KType>;
    /// A kernel variable or function: `` `name `` or `` module`name ``.
    fn symbol(&self, module: Option<&str>, name: &str) -> Option<KSymbol>;
    /// The value of an enumerator of any kernel enum.
    fn enumerator(&self, name: &str) -> Option<i64>;
    /// What a description matches. The checker calls it at most once per description, and asks for arguments only when a
    /// clause uses `args[]` (`want_args`).
    fn match_probes(&self, desc: &ProbeDesc, want_args: bool) -> Matched;
    /// Why nothing matches, where there is more to say than that nothing is called so: functions can't be probed on this
    /// kernel, a timer is too fast. Asked after a match of nothing.
    fn why_no_match(&self, desc: &ProbeDesc) -> Option<String> {
        let _ = desc;
        None
    }
}

/// A kernel of which nothing is known: for tests, and for `-e` where there is no back end. Every description matches one
/// probe without arguments.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmptyKernel;

impl KernelView for EmptyKernel {
    fn type_by_name(&self, _: Option<&str>, _: TypeNs, _: &str) -> Option<KTypeId> {
        None
    }
    fn ktype(&self, _: KTypeId) -> Option<KType> {
        None
    }
    fn symbol(&self, _: Option<&str>, _: &str) -> Option<KSymbol> {
        None
    }
    fn enumerator(&self, _: &str) -> Option<i64> {
        None
    }
    fn match_probes(&self, _: &ProbeDesc, _: bool) -> Matched {
        Matched {
            count: 1,
            args: Some(Vec::new()),
            nearest: Vec::new(),
        }
    }
}
