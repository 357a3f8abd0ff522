//! What the compiler hands on: a [`Program`] of clauses, each a predicate and a list of statements whose expressions are
//! DIF objects ([`Difo`]).
//!
//! This is the contract between the language and everything behind it. The lowering pass reads the DIFOs and the
//! statements, the consumer reads the statements and the formats; neither sees the D text again, except through the spans
//! that messages need. One [`Clause`] stands for one D clause under *one* probe description: a clause with three
//! descriptions is compiled three times, because the types of `args[]` depend on the description.

use crate::format::Format;
use crate::shape::Shape;
use crate::source::Span;

/// Index into [`Program::clauses`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClauseId(pub u32);

/// Index into [`Program::aggs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AggId(pub u32);

/// A compiled D program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Every clause × probe description, in the order of the text.
    pub clauses: Vec<Clause>,
    /// User variables, ids from 0x500 on.
    pub vars: Vec<VarDef>,
    /// Aggregations, in order of first appearance (the order in which they are printed at exit).
    pub aggs: Vec<AggDef>,
    /// `#pragma D option` settings, in order; command-line `-x` settings go before them.
    pub options: Vec<(String, Option<String>, Span)>,
    /// Descriptions that match nothing, where that is allowed: no clause has them.
    pub unmatched: Vec<ProbeDesc>,
}

/// A probe description as written: four globs, or a probe id. An empty field matches anything.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct ProbeDesc {
    /// Set for `-i ID` and for a clause headed by an integer.
    pub id: Option<u32>,
    /// Provider glob.
    pub provider: String,
    /// Module glob.
    pub module: String,
    /// Function glob.
    pub function: String,
    /// Name glob.
    pub name: String,
}

impl std::fmt::Display for ProbeDesc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.id {
            Some(id) => write!(f, "{id}"),
            None => write!(
                f,
                "{}:{}:{}:{}",
                self.provider, self.module, self.function, self.name
            ),
        }
    }
}

/// One clause under one probe description.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What it is enabled on.
    pub desc: ProbeDesc,
    /// Number of the clause in the text, from 0: the same for all descriptions of one clause.
    pub source_clause: u32,
    /// Where the clause stands, for messages and for the log.
    pub span: Span,
    /// The predicate; the clause runs where it is non-zero.
    pub pred: Option<Difo>,
    /// The statements. Empty = DTrace's default action: a record with nothing but its header.
    pub stmts: Vec<Stmt>,
}

/// One statement of a clause.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// Where it stands.
    pub span: Span,
    /// DTrace's number of its first action, from 1, as `in action #N` of an error message has it: each recorded
    /// expression of a statement is an action of its own.
    pub action: u32,
    /// What it does.
    pub kind: StmtKind,
}

/// Everything a statement can be. Kinds of later issues are added here; every consumer matches exhaustively.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// An expression evaluated for its effect; nothing is recorded.
    Expr(Difo),
    /// `trace(x)`, or the value shown by default.
    Trace(Datum),
    /// `tracemem(addr, size[, dynsize])`: always a hex dump. `shown` limits how many of the recorded bytes are printed.
    Tracemem {
        /// [`Datum::Bytes`] with the constant size.
        data: Datum,
        /// The third argument.
        shown: Option<Datum>,
    },
    /// `printf(format, …)`.
    Printf {
        /// Parsed and checked against the arguments.
        format: Format,
        /// One for each conversion that takes an argument (`*` widths included), in order.
        args: Vec<Datum>,
    },
    /// `printa([format,] @a, …)`: the consumer prints when it meets the record.
    Printa {
        /// `None` = default layout.
        format: Option<Format>,
        /// One or more, with equal key signatures.
        aggs: Vec<AggId>,
    },
    /// `print(x)`: as its type has it.
    Print {
        /// The value.
        data: Datum,
        /// Its type.
        shape: Shape,
    },
    /// `stack([n])`, `ustack([n])` as statements. Data is [`Datum::Stack`] or [`Datum::Ustack`].
    Stack(Datum),
    /// `exit(status)`.
    Exit(Datum),
    /// `@name[keys] = func(value, …)`.
    Aggregate {
        /// Which.
        agg: AggId,
        /// The tuple, empty for a plain `@name`.
        keys: Vec<Datum>,
        /// The aggregated value; `None` for `count()`.
        value: Option<Difo>,
        /// The increment of the quantize family; `None` = 1.
        weight: Option<Difo>,
    },
    /// `clear(@a)`, run by the consumer in record order.
    Clear(AggId),
    /// `trunc(@a[, n])`: `None` = all; negative keeps the bottom ones.
    Trunc(AggId, Option<Datum>),
    /// `normalize(@a, n)`.
    Normalize(AggId, Datum),
    /// `denormalize(@a)`.
    Denormalize(AggId),
    /// `setopt(name[, value])`, run by the consumer; both are strings.
    Setopt(Datum, Option<Datum>),
    /// `ftruncate()`, run by the consumer.
    Ftruncate,
    /// `freopen(format, …)`, run by the consumer: where the output goes from here on; nowhere else for an empty name.
    Freopen {
        /// Makes the name.
        format: Format,
        /// As of printf.
        args: Vec<Datum>,
    },
    /// `system(format, …)`, run by the consumer.
    System {
        /// Makes the command.
        format: Format,
        /// As of printf.
        args: Vec<Datum>,
    },
    /// `raise(signal)`, run where the probe fires. `stop()` is one of SIGSTOP.
    Raise(Difo),
    /// `chill(nanoseconds)`, run where the probe fires.
    Chill(Difo),
    /// `pcap(skb, kind)`: a packet, for a capture file. When, in nanoseconds since 1970; what kind of packet, as capture files
    /// number it; its bytes on the wire; how many of them lie together in memory; those, `pcapsize` at the most.
    Pcap(Box<[Datum; 5]>),
    /// `return(value)`: the function does not run, and gives this.
    Return(Difo),
    /// `speculate(id)`: the clause's record waits for a commit. An integer of 8 bytes, which becomes the kernel side's token.
    Speculate(Datum),
    /// `commit(id)`, as above.
    Commit(Datum),
    /// `discard(id)`, as above.
    Discard(Datum),
}

impl StmtKind {
    /// It runs where the probe fires, and leaves nothing in the record.
    pub fn silent(&self) -> bool {
        self.own_difo().is_some() || matches!(self, StmtKind::Aggregate { .. })
    }

    /// What it evaluates without recording it, of a statement that is nothing else.
    pub fn own_difo(&self) -> Option<&Difo> {
        match self {
            StmtKind::Expr(d) | StmtKind::Raise(d) | StmtKind::Chill(d) | StmtKind::Return(d) => {
                Some(d)
            }
            StmtKind::Trace(_)
            | StmtKind::Tracemem { .. }
            | StmtKind::Printf { .. }
            | StmtKind::Printa { .. }
            | StmtKind::Print { .. }
            | StmtKind::Stack(_)
            | StmtKind::Exit(_)
            | StmtKind::Aggregate { .. }
            | StmtKind::Clear(_)
            | StmtKind::Trunc(..)
            | StmtKind::Normalize(..)
            | StmtKind::Denormalize(_)
            | StmtKind::Setopt(..)
            | StmtKind::Ftruncate
            | StmtKind::Freopen { .. }
            | StmtKind::System { .. }
            | StmtKind::Pcap { .. }
            | StmtKind::Speculate(_)
            | StmtKind::Commit(_)
            | StmtKind::Discard(_) => None,
        }
    }

    /// It changes something outside of tracing: needs `-w`.
    pub fn destructive(&self) -> bool {
        match self {
            StmtKind::Freopen { .. }
            | StmtKind::System { .. }
            | StmtKind::Raise(_)
            | StmtKind::Return(_)
            | StmtKind::Chill(_) => true,
            StmtKind::Expr(_)
            | StmtKind::Trace(_)
            | StmtKind::Tracemem { .. }
            | StmtKind::Printf { .. }
            | StmtKind::Printa { .. }
            | StmtKind::Print { .. }
            | StmtKind::Stack(_)
            | StmtKind::Exit(_)
            | StmtKind::Aggregate { .. }
            | StmtKind::Clear(_)
            | StmtKind::Trunc(..)
            | StmtKind::Normalize(..)
            | StmtKind::Denormalize(_)
            | StmtKind::Setopt(..)
            | StmtKind::Ftruncate
            | StmtKind::Pcap { .. }
            | StmtKind::Speculate(_)
            | StmtKind::Commit(_)
            | StmtKind::Discard(_) => false,
        }
    }
}

/// A value that goes into a record or into an aggregation's key.
#[derive(Clone, Debug)]
pub enum Datum {
    /// An integer or pointer, by value.
    Int {
        /// Computes it.
        difo: Difo,
        /// 1, 2, 4 or 8 bytes: `trace()` prints by this size.
        size: u8,
        /// Whether the C type is signed.
        signed: bool,
    },
    /// A string: the DIFO returns an address; at most `strsize` bytes, NUL-terminated, are taken from it.
    Str {
        /// Computes its address.
        difo: Difo,
    },
    /// Raw memory: the DIFO returns an address.
    Bytes {
        /// Computes the address.
        difo: Difo,
        /// How many.
        size: u32,
        /// The C type is an array of char: the consumer shows it as text where it looks like one.
        chars: bool,
    },
    /// Kernel stack of the firing.
    Stack {
        /// At most so many.
        frames: u16,
    },
    /// User stack of the firing: process id, then the frames.
    Ustack {
        /// At most so many.
        frames: u16,
    },
    /// An address to be shown as a symbol: `sym`, `func`, `mod`, `usym`, `umod`, `uaddr`, and printf's `%a`/`%A`.
    Sym {
        /// Computes the address.
        difo: Difo,
        /// How it is shown.
        kind: SymKind,
    },
}

/// How an address is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymKind {
    /// `sym()`/`func()`: module`symbol of the kernel.
    Sym,
    /// `mod()`: the kernel module.
    Mod,
    /// `usym()`/`ufunc()`: symbol in the process (recorded with its pid).
    Usym,
    /// `umod()`.
    Umod,
    /// `uaddr()`: symbol and offset.
    Uaddr,
}

impl Datum {
    /// The DIFO that computes it, if it has one (stacks have none).
    pub fn difo(&self) -> Option<&Difo> {
        match self {
            Datum::Int { difo, .. }
            | Datum::Str { difo }
            | Datum::Bytes { difo, .. }
            | Datum::Sym { difo, .. } => Some(difo),
            Datum::Stack { .. } | Datum::Ustack { .. } => None,
        }
    }
}

/// An aggregation.
#[derive(Clone, Debug)]
pub struct AggDef {
    /// Without the `@`; the anonymous one is `_`.
    pub name: String,
    /// Its function, with parameters; the same at every use.
    pub func: AggFunc,
    /// What its keys are; the same at every use.
    pub keys: Vec<KeyType>,
    /// Where it was first used.
    pub span: Span,
}

/// Aggregating functions. Data layouts: `dif-isa.md` §8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AggFunc {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    Stddev,
    /// 127 power-of-two buckets.
    Quantize,
    /// `levels` = (limit − base) / step, plus an underflow bucket before and an overflow bucket after.
    Lquantize {
        base: i32,
        step: u16,
        levels: u16,
    },
    Llquantize {
        factor: u16,
        low: u16,
        high: u16,
        nsteps: u16,
    },
}

/// The type of one member of a key or tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum KeyType {
    Int { size: u8, signed: bool },
    Str,
    Bytes { size: u32 },
    Stack { frames: u16 },
    Ustack { frames: u16 },
    Sym(SymKind),
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One value for the enabling.
    Global,
    /// `self->`: one per thread.
    Thread,
    /// `this->`: one per firing, shared by the clauses of the firing, zero at its start.
    Clause,
}

/// A user-defined variable.
#[derive(Clone, Debug)]
pub struct VarDef {
    /// From 0x500 on; unique over all scopes.
    pub id: u16,
    /// As written, without `self->`/`this->`.
    pub name: String,
    /// Global, thread-local, clause-local.
    pub scope: Scope,
    /// Types of the index tuple: non-empty for associative arrays (opcodes `ldgaa` …).
    pub tuple: Vec<KeyType>,
    /// What one element holds.
    pub ty: DifType,
}

/// The type of a DIFO's result or of a variable, as far as DIF knows types (`dif-isa.md` §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DifType {
    /// Integer or pointer in a register.
    Int {
        /// 1, 2, 4 or 8. A variable of size < 8 is truncated when stored.
        size: u8,
        /// Sign-extended when loaded.
        signed: bool,
    },
    /// By reference; `strsize` bytes at most. The null pointer is NULL.
    Str,
    /// By reference; so many bytes.
    Bytes {
        /// How many.
        size: u32,
    },
    /// No value.
    Void,
}

/// One DIF object: the code of one expression. See `dif-isa.md` §7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difo {
    /// Instructions, one word each; the last is `ret`.
    pub text: Vec<u32>,
    /// Integer table, indexed by `setx`.
    pub inttab: Vec<u64>,
    /// String table, NUL-terminated strings; offset 0 is the empty string.
    pub strtab: Vec<u8>,
    /// What it returns.
    pub rtype: DifType,
    /// For each instruction the D text that it came from (empty, or as long as `text`).
    pub spans: Vec<Span>,
}
