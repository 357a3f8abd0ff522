//! The [`Image`]: what lowering produces and every back end loads.
//!
//! Programs are in the eBPF instruction set; maps are referred to by their index here (`ld_imm64` with source 1 = the map,
//! source 2 = the address of its value plus an offset), calls of services carry the number that [`Caps`](crate::caps::Caps)
//! gave. A back end replaces map indices by what its kernel wants and needs to know nothing else.

use crate::site::ProbeInfo;
use dsl::program::{AggFunc, ClauseId, KeyType, SymKind};
use dsl::source::Span;

/// One eBPF instruction, as in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(C)]
pub struct Insn {
    /// Operation.
    pub code: u8,
    /// Destination register in the low four bits, source in the high four.
    pub regs: u8,
    /// Offset.
    pub off: i16,
    /// Immediate.
    pub imm: i32,
}

/// `ld_imm64` source: immediate is a map index.
pub const PSEUDO_MAP: u8 = 1;
/// `ld_imm64` source: immediate is a map index, the second immediate an offset into the map's (only) value.
pub const PSEUDO_MAP_VALUE: u8 = 2;
/// `call` source: program-relative call of a subprogram.
pub const PSEUDO_CALL: u8 = 1;
/// `ld_imm64` source: address of a subprogram (for `bpf_loop`).
pub const PSEUDO_FUNC: u8 = 4;

/// Index into [`Image::maps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapIx(pub u32);

/// Kinds of map. Numbers are the kernel's `enum bpf_map_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
#[repr(u32)]
pub enum MapKind {
    Hash = 1,
    Array = 2,
    ProgArray = 3,
    PerfEventArray = 4,
    PercpuHash = 5,
    PercpuArray = 6,
    Ringbuf = 27,
}

/// A map.
#[derive(Clone, Debug)]
pub struct MapDef {
    /// At most 15 bytes of `[A-Za-z0-9_.]`.
    pub name: String,
    /// Kind.
    pub kind: MapKind,
    /// Bytes.
    pub key_size: u32,
    /// Bytes.
    pub value_size: u32,
    /// Entries (bytes for a ring).
    pub max_entries: u32,
    /// Elements are allocated as needed (`BPF_F_NO_PREALLOC`).
    pub no_prealloc: bool,
    /// Frozen, and read-only for programs, once filled.
    pub rodata: bool,
    /// What it holds at load: key and value.
    pub init: Vec<(Vec<u8>, Vec<u8>)>,
}

/// How a program is attached, which also says what its context is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProgKind {
    /// Run by us, through BPF_PROG_TEST_RUN of a raw tracepoint program: BEGIN and END. Context: no arguments.
    TestRun {
        /// The only phase in which it runs: [`Phase::Begin`] or [`Phase::End`].
        phase: Phase,
    },
    /// Context: u64 arguments of the tracepoint (`sys_enter`: pt_regs, nr; `sys_exit`: pt_regs, result).
    RawTracepoint {
        /// Tracepoint.
        name: String,
    },
    /// As `RawTracepoint`, with typed arguments that may be loaded from directly.
    BtfTracepoint {
        /// Tracepoint.
        name: String,
    },
    /// Context: pt_regs.
    Kprobe {
        /// Function, for a single kprobe.
        function: String,
        /// At its return.
        ret: bool,
    },
    /// One link for all probes of the unit, cookie = index into [`Image::probes`]. Context: pt_regs.
    KprobeMulti {
        /// At return.
        ret: bool,
    },
    /// Context: u64 arguments; with `ret`, the return value behind them.
    Fentry {
        /// Function.
        function: String,
        /// `fexit`.
        ret: bool,
    },
    /// Software clock. Context: `bpf_perf_event_data` (pt_regs first).
    Timer {
        /// Nanoseconds.
        period_ns: u64,
        /// On every CPU, or on one.
        per_cpu: bool,
    },
}

impl ProgKind {
    /// The tracepoint, of a program that is attached to one.
    pub fn tracepoint(&self) -> Option<&str> {
        match self {
            ProgKind::RawTracepoint { name } | ProgKind::BtfTracepoint { name } => Some(name),
            ProgKind::TestRun { .. }
            | ProgKind::Kprobe { .. }
            | ProgKind::KprobeMulti { .. }
            | ProgKind::Fentry { .. }
            | ProgKind::Timer { .. } => None,
        }
    }
}

/// How a program finds out which of its probes fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Select {
    /// It has one.
    One,
    /// By system call number and ABI, through a table in the image.
    Syscall,
    /// The attach cookie is the index into [`Image::probes`].
    Cookie,
}

/// One program.
#[derive(Clone, Debug)]
pub struct Prog {
    /// At most 15 bytes of `[A-Za-z0-9_.]`.
    pub name: String,
    /// Type and place.
    pub kind: ProgKind,
    /// Not attached: called by the one before it in the firing, through this [`MapKind::ProgArray`] at this index.
    pub called: Option<(MapIx, u32)>,
    /// Which of [`Image::probes`] it serves (indices).
    pub probes: Vec<u32>,
    /// Main program first, then subprograms.
    pub insns: Vec<Insn>,
    /// Subprograms, ascending.
    pub subprogs: Vec<Subprog>,
    /// From which instruction on, which clause and D text: for verifier messages and the log. Ascending.
    pub lines: Vec<(u32, ClauseId, Span)>,
}

/// A subprogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subprog {
    /// The instruction with which it begins.
    pub start: u32,
    /// An identifier.
    pub name: String,
    /// Takes five numbers, and the verifier is to go through it once: its type has to say so.
    pub global: bool,
}

/// Drop counters: the index in the per-CPU array map [`Image::drops`], values u64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum DropKind {
    /// Record lost: ring full.
    Principal = 0,
    /// Aggregation update lost: map full.
    Aggregation = 1,
    /// Dynamic variable lost: map full.
    Dynamic = 2,
    /// Firing lost: nested too deep for the scratch there is.
    Nested = 3,
    /// Fault inside an ERROR clause.
    DblError = 4,
    /// Not a drop: faults, counted.
    Errors = 5,
    /// `speculation()` found none free.
    SpecUnavail = 6,
    /// The rest of a firing lost: the program that has it was not called.
    Cut = 7,
}
/// Number of [`DropKind`]s.
pub const DROP_KINDS: u32 = 8;

/// Life of an enabling: the u32 at offset 0 of the [`Image::state`] map's value. Programs run only in their phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Phase {
    /// Nothing runs.
    Off = 0,
    /// Only BEGIN runs.
    Begin = 1,
    /// Everything but BEGIN and END runs.
    Active = 2,
    /// `exit()` was called, or the consumer stops: nothing runs.
    Draining = 3,
    /// Only END runs.
    End = 4,
}

/// The status of `exit()`, out of the [`Image::state`] map's value: u32 at 4 is 1 once it was called, i32 at 8 its argument.
pub fn exited(state: &[u8]) -> Option<i32> {
    let word = |at: usize| Some(i32::from_ne_bytes(*state.get(at..)?.first_chunk()?));
    (word(4)? != 0).then(|| word(8)).flatten()
}

/// Head of each record in the ring, 8 bytes: u32 probe (index into [`Image::probes`]), u16 clause (its index into
/// `Program::clauses`, or [`FAULT_RECORD`]), u16 CPU.
pub const RECORD_HEAD: u32 = 8;
/// Clause number of a fault record: after the head u16 clause, u16 action (0 = predicate), u32 fault code,
/// i32 DIF offset in bytes (−1 unknown), u32 zero, u64 address. 32 bytes in all.
pub const FAULT_RECORD: u16 = 0xffff;

/// How one clause's record is laid out behind its head. Fields have fixed offsets (from the record's start); the bytes of
/// strings and stacks follow the fixed part, in the order of the fields, each as long as its field says.
#[derive(Clone, Debug, Default)]
pub struct RecordLayout {
    /// Whether the clause makes records at all.
    pub emits: bool,
    /// Length of head and fixed fields.
    pub fixed: u32,
    /// In the order of the statements.
    pub fields: Vec<Field>,
}

/// One datum of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Statement of the clause.
    pub stmt: u32,
    /// Number of the datum in its statement.
    pub datum: u32,
    /// From the record's start.
    pub off: u32,
    /// What is there.
    pub kind: FieldKind,
}

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FieldKind {
    Int {
        size: u8,
        signed: bool,
    },
    /// u32 length (with the NUL) at the offset; the bytes are in the variable part.
    Str,
    /// The bytes themselves.
    Bytes {
        size: u32,
        chars: bool,
    },
    /// u32 length in bytes; u64 frames in the variable part.
    Stack {
        /// How many the program wants; there may be [`crate::layout::SPARE_FRAMES`] more.
        frames: u16,
    },
    /// u32 length in bytes, u32 pid; u64 frames in the variable part.
    Ustack,
    /// u64 address; for user kinds a u32 pid (tgid) follows.
    Sym {
        kind: SymKind,
    },
}

/// How an aggregation is stored.
///
/// All-zero is every function's initial value, because a per-CPU hash zeroes the other CPUs' values of a new key: `max` is
/// stored as `v ^ i64::MIN` (unsigned order), `min` as `!(v ^ i64::MIN)`, both combined by unsigned maximum.
#[derive(Clone, Debug)]
pub struct AggLayout {
    /// Where. A keyed one is a per-CPU hash, a keyless one a per-CPU array with one slot.
    pub map: MapIx,
    /// Function and parameters.
    pub func: AggFunc,
    /// Members of the key: offset, type, and bytes they take (strings zero-padded to that).
    pub keys: Vec<KeyField>,
    /// Bytes of the key as stored.
    pub key_size: u32,
    /// Number of u64 in the value. The first `func`'s data (`dif-isa.md` §8, without packed arguments; stddev: count, sum,
    /// low, high of the sum of squares), then, for sum/min/max without keys, a u64 that is 1 once updated.
    pub words: u32,
}

/// One member of an aggregation's key.
#[derive(Clone, Copy, Debug)]
pub struct KeyField {
    /// From the key's start.
    pub off: u32,
    /// What.
    pub ty: KeyType,
    /// Bytes.
    pub bytes: u32,
}

/// A lowered program.
#[derive(Clone, Debug)]
pub struct Image {
    /// Programs.
    pub progs: Vec<Prog>,
    /// Maps.
    pub maps: Vec<MapDef>,
    /// One entry, [`Phase`] at offset 0, exit-status bookkeeping behind it.
    pub state: MapIx,
    /// Per-CPU array of [`DROP_KINDS`] u64.
    pub drops: MapIx,
    /// Records.
    pub ring: MapIx,
    /// aya-log's ring (`AYA_LOGS`), where the program logs.
    pub log: Option<MapIx>,
    /// By clause index.
    pub records: Vec<RecordLayout>,
    /// By aggregation index.
    pub aggs: Vec<AggLayout>,
    /// The probes of the enabling.
    pub probes: Vec<ProbeInfo>,
    /// For each probe, the enabled probe ids (EPID, from 1) of the clauses it runs, with the clause.
    pub epids: Vec<Vec<(ClauseId, u32)>>,
}
