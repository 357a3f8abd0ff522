//! Subroutines: what `call` runs. The numbers stand in `dif/subr.rs`.

use super::{Status, Ty};
use crate::dif::Subr;

/// One subroutine.
#[derive(Clone, Copy, Debug)]
pub struct SubrRow {
    /// Its DIF number; the name follows from it.
    pub subr: Subr,
    /// What it returns.
    pub ret: Ty,
    /// What it takes.
    pub args: &'static [Ty],
    /// How many of `args` must be given.
    pub required: usize,
    /// The D version that brought it.
    pub version: &'static str,
    /// Whether every engine behind the compiler has it.
    pub status: Status,
}

macro_rules! subrs { ($($subr:ident, $ret:ident, $version:literal, [$($arg:ident)*], [$($opt:ident)*], $status:expr;)*) => {
    /// Every subroutine: result, version, arguments, optional arguments, status.
    pub const SUBRS: &[SubrRow] = &[$(SubrRow {
        subr: Subr::$subr,
        ret: Ty::$ret,
        args: &[$(Ty::$arg,)* $(Ty::$opt,)*],
        required: <[Ty]>::len(&[$(Ty::$arg,)*]),
        version: $version,
        status: $status,
    },)*];
} }

use Status::{Ready, Refused};

subrs! {
    Rand, Int, "1.0", [], [], Ready;
    MutexOwned, Int, "1.0", [LockPtr], [], Ready;
    MutexOwner, TaskPtr, "1.0", [LockPtr], [], Ready;
    MutexTypeAdaptive, Int, "1.0", [LockPtr], [], Ready;
    MutexTypeSpin, Int, "1.0", [LockPtr], [], Ready;
    RwReadHeld, Int, "1.0", [LockPtr], [], Ready;
    RwWriteHeld, Int, "1.0", [LockPtr], [], Ready;
    RwIswriter, Int, "1.0", [LockPtr], [], Ready;
    Copyin, VoidPtr, "1.0", [Uintptr Size], [], Ready;
    Copyinstr, String, "1.0", [Uintptr], [Size], Ready;
    Speculation, Int, "1.0", [], [], Ready;
    Progenyof, Int, "1.0", [Pid], [], Ready;
    Strlen, Size, "1.0", [CharPtr], [], Ready;
    Copyout, Void, "1.0", [VoidPtr Uintptr Size], [], Ready;
    Copyoutstr, Void, "1.0", [CharPtr Uintptr Size], [], Ready;
    Alloca, VoidPtr, "1.0", [Size], [], Ready;
    Bcopy, Void, "1.0", [VoidPtr VoidPtr Size], [], Ready;
    Copyinto, Void, "1.0", [Uintptr Size VoidPtr], [], Ready;
    Msgdsize, Size, "1.0", [VoidPtr], [], Refused("Linux has no STREAMS");
    Msgsize, Size, "1.0", [VoidPtr], [], Refused("Linux has no STREAMS");
    Getmajor, UInt, "1.0", [Dev], [], Ready;
    Getminor, UInt, "1.0", [Dev], [], Ready;
    DdiPathname, String, "1.0", [VoidPtr Int64], [], Refused("Linux has no device information tree of that kind");
    Strjoin, String, "1.0", [CharPtr CharPtr], [], Ready;
    Lltostr, String, "1.0", [Int64], [Int], Ready;
    Basename, String, "1.0", [CharPtr], [], Ready;
    Dirname, String, "1.0", [CharPtr], [], Ready;
    Cleanpath, String, "1.0", [CharPtr], [], Ready;
    Strchr, String, "1.1", [CharPtr Char], [], Ready;
    Strrchr, String, "1.1", [CharPtr Char], [], Ready;
    Strstr, String, "1.1", [CharPtr CharPtr], [], Ready;
    Strtok, String, "1.1", [CharPtr CharPtr], [], Ready;
    Substr, String, "1.1", [CharPtr Int], [Int], Ready;
    Index, Int, "1.1", [CharPtr CharPtr], [Int], Ready;
    Rindex, Int, "1.1", [CharPtr CharPtr], [Int], Ready;
    Htons, Uint16, "1.3", [Uint16], [], Ready;
    Htonl, Uint32, "1.3", [Uint32], [], Ready;
    Htonll, Uint64, "1.3", [Uint64], [], Ready;
    Ntohs, Uint16, "1.3", [Uint16], [], Ready;
    Ntohl, Uint32, "1.3", [Uint32], [], Ready;
    Ntohll, Uint64, "1.3", [Uint64], [], Ready;
    InetNtop, String, "1.5", [Int VoidPtr], [], Ready;
    InetNtoa, String, "1.5", [Ipv4Ptr], [], Ready;
    InetNtoa6, String, "1.5", [Ipv6Ptr], [], Ready;
    Toupper, String, "1.8", [CharPtr], [], Ready;
    Tolower, String, "1.8", [CharPtr], [], Ready;
    // Ours: a second argument of 1 asks where the file system of the file is mounted, one of 2 for the path as it is seen
    // from the first root, whatever root the process has.
    DPath, String, "1.13", [PathPtr], [Int], Ready;
    LinkNtop, String, "1.5", [Int VoidPtr], [], Ready;
    Memstr, String, "1.0", [VoidPtr Char Size], [], Ready;
    Getf, FilePtr, "1.10", [Int], [], Ready;
    Json, String, "1.11", [CharPtr CharPtr], [], Ready;
    Strtoll, Int64, "1.11", [CharPtr], [Int], Ready;
}

impl SubrRow {
    /// By D name.
    pub fn by_name(name: &str) -> Option<&'static SubrRow> {
        SUBRS.iter().find(|r| r.subr.name() == name)
    }
}

/// Subroutines of other DTraces that have no DIF number here, and why Linux has nothing for them to tell.
pub const SUBRS_ELSEWHERE: &[(&str, &str)] = &[
    ("sx_shared_held", NO_SX),
    ("sx_exclusive_held", NO_SX),
    ("sx_isexclusive", NO_SX),
];

const NO_SX: &str = "Linux has no sx locks; rw_read_held(), rw_write_held() and rw_iswriter() look at its rw_semaphores";
