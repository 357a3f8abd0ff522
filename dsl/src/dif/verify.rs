//! Which DIF is well-formed: DTrace's rules (`dif-isa.md` §7), read off the opcode table, and three rules of our own.
//!
//! Ours let lowering work without a run-time tuple stack or condition codes: where an instruction looks at the tuple stack,
//! the same pushes must have led there on every path; a conditional branch must follow the same comparison on every path;
//! and what is pushed must fit the variable's declared tuple, or the subroutine's arguments. Compilers satisfy them by
//! writing `flushts` and the pushes, then the `call` or access, without a branch between. [`facts`] hands on what was found.

use crate::dif::op::{NREGS, NTUPREGS, PUSH_INT, PUSH_STRING, VAR_USER};
use crate::dif::{BuiltinVar, Insn, Op, Shape, Subr};
use crate::program::{DifType, Difo, KeyType, Scope, VarDef};

/// Instructions that a DIFO may have (256 KB of text).
pub const MAX_INSNS: usize = 256 * 1024 / 4;
/// Bytes that a by-reference variable may have.
pub const MAX_VAR_BYTES: u32 = 16 * 1024;

/// Why a DIFO, or the program's variable table, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instruction {insn}: {rule}")]
pub struct VerifyError {
    /// Index of the instruction; of the text's end where the whole DIFO is meant.
    pub insn: usize,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Rule {
    #[error("the text is empty")]
    Empty,
    #[error("more than {MAX_INSNS} instructions")]
    TooLong,
    #[error("the last instruction is not ret")]
    NoRet,
    #[error("{0} spans for another number of instructions")]
    Spans(usize),
    #[error("the string table does not begin and end with a NUL")]
    StringTable,
    #[error("result type of no valid size")]
    ResultType,
    #[error("unknown opcode {0}")]
    Opcode(u8),
    #[error("{0} is for compile time only")]
    CompileTime(&'static str),
    #[error("no register %r{0}")]
    Register(u8),
    #[error("%r0 is written to")]
    WritesR0,
    #[error("an unused field is not zero")]
    NotZero,
    #[error("branch to {0}, which is not ahead or is outside the text")]
    Label(u32),
    #[error("no integer {0} in the integer table")]
    Integer(u16),
    #[error("no string at {0} in the string table")]
    String(u16),
    #[error("no built-in variable {0:#x} of this kind")]
    Builtin(u16),
    #[error("variable {0:#x} is not defined")]
    Undefined(u16),
    #[error("variable {0:#x} is of another scope or kind")]
    VarKind(u16),
    #[error("no subroutine {0}")]
    Subroutine(u16),
    #[error("{0} does not take {1} arguments")]
    Arity(&'static str, usize),
    #[error("no tuple type {0}")]
    PushType(u8),
    #[error("what is on the tuple stack depends on the path taken")]
    TupleUnknown,
    #[error("the tuple stack does not fit the variable's key")]
    TupleType,
    #[error("popts with nothing on the tuple stack")]
    TupleEmpty,
    #[error("conditional branch without one comparison that leads to it on every path")]
    NoFlags,
    #[error("variable {0:#x}: {1}")]
    VarTable(u16, &'static str),
}

/// One entry of the tuple stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    /// The instruction that pushed it.
    pub insn: usize,
    /// By value, or by reference as which type.
    pub kind: PushKind,
}

/// What was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushKind {
    /// `pushtv`.
    Value,
    /// `pushtr` of a string.
    Str,
    /// `pushtr` of anything else.
    Bytes,
}

/// What holds before an instruction, on every path to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The tuple stack, bottom first; `None` where paths disagree.
    pub tuple: Option<Vec<Push>>,
    /// The `cmp`, `tst` or `scmp` that set the flags; `None` where paths disagree or there is none.
    pub flags: Option<usize>,
}

impl Facts {
    fn join(&mut self, other: &Facts) {
        if self.tuple != other.tuple {
            self.tuple = None;
        }
        if self.flags != other.flags {
            self.flags = None;
        }
    }
}

/// Checks one DIFO against all rules.
pub fn verify(difo: &Difo, vars: &[VarDef]) -> Result<(), VerifyError> {
    facts(difo, vars).map(drop)
}

/// [`verify`], and what it found: the facts before each instruction, `None` for those that no path reaches.
pub fn facts(difo: &Difo, vars: &[VarDef]) -> Result<Vec<Option<Facts>>, VerifyError> {
    let len = difo.text.len();
    whole(difo).map_err(|rule| VerifyError { insn: len, rule })?;
    let mut facts: Vec<Option<Facts>> = vec![None; len];
    if let Some(first) = facts.first_mut() {
        *first = Some(Facts {
            tuple: Some(Vec::new()),
            flags: None,
        });
    }
    for (at, &word) in difo.text.iter().enumerate() {
        let fail = |rule| VerifyError { insn: at, rule };
        let insn = form(word, at, difo, vars).map_err(fail)?;
        let Some(mut now) = facts.get(at).cloned().flatten() else {
            continue;
        };
        flow(insn, at, vars, &mut now).map_err(fail)?;
        let branches = insn.op.shape() == Shape::Label;
        if branches {
            meet(&mut facts, insn.label() as usize, &now);
        }
        if insn.op != Op::Ba && insn.op != Op::Ret {
            meet(&mut facts, at + 1, &now);
        }
    }
    Ok(facts)
}

/// Whether the DIFO writes to the traced process's memory (needs `-w`).
pub fn destructive(difo: &Difo) -> bool {
    difo.text.iter().filter_map(|&w| Insn::decode(w)).any(|i| {
        i.op == Op::Call
            && matches!(
                Subr::from_num(i.imm16()),
                Some(Subr::Copyout | Subr::Copyoutstr)
            )
    })
}

/// Checks the program's variables; all DIFOs of a program share them.
pub fn verify_vars(vars: &[VarDef]) -> Result<(), Rule> {
    for (n, v) in vars.iter().enumerate() {
        let bad = |why| Err(Rule::VarTable(v.id, why));
        if v.id < VAR_USER {
            return bad("the id is a built-in's");
        }
        if vars.iter().take(n).any(|w| w.id == v.id) {
            return bad("defined twice");
        }
        match v.ty {
            DifType::Int {
                size: 1 | 2 | 4 | 8,
                ..
            }
            | DifType::Str => {}
            DifType::Int { .. } => return bad("not a size of an integer"),
            DifType::Bytes {
                size: 1..=MAX_VAR_BYTES,
            } => {}
            DifType::Bytes { .. } => return bad("empty or too large"),
            DifType::Void => return bad("has no type"),
        }
        if !v.tuple.is_empty() && v.scope == Scope::Clause {
            return bad("clause-local associative array");
        }
        if v.tuple.len() > NTUPREGS {
            return bad("more keys than tuple registers");
        }
        for key in &v.tuple {
            match key {
                KeyType::Int {
                    size: 1 | 2 | 4 | 8,
                    ..
                }
                | KeyType::Str
                | KeyType::Sym(_) => {}
                KeyType::Bytes {
                    size: 1..=MAX_VAR_BYTES,
                } => {}
                KeyType::Int { .. } | KeyType::Bytes { .. } => {
                    return bad("a key of no valid size");
                }
                KeyType::Stack { .. } | KeyType::Ustack { .. } => return bad("a stack as key"),
            }
        }
    }
    Ok(())
}

/// How many arguments a subroutine takes: at least, at most.
pub fn arity(subr: Subr) -> (usize, usize) {
    use Subr::*;
    match subr {
        Rand | Speculation => (0, 0),
        MutexOwned | MutexOwner | MutexTypeAdaptive | MutexTypeSpin | RwReadHeld | RwWriteHeld
        | RwIswriter | Progenyof | Strlen | Alloca | Msgdsize | Msgsize | Getmajor | Getminor
        | Basename | Dirname | Cleanpath | Htons | Htonl | Htonll | Ntohs | Ntohl | Ntohll
        | InetNtoa | InetNtoa6 | Toupper | Tolower | Getf => (1, 1),
        Copyinstr | Lltostr | Strtoll | DPath => (1, 2),
        Copyin | DdiPathname | Strjoin | Strchr | Strrchr | Strstr | Strtok | InetNtop
        | LinkNtop | Json => (2, 2),
        Substr | Index | Rindex => (2, 3),
        Copyout | Copyoutstr | Bcopy | Copyinto | Memstr => (3, 3),
    }
}

/// Rules about the object as a whole.
fn whole(difo: &Difo) -> Result<(), Rule> {
    if difo.text.len() > MAX_INSNS {
        return Err(Rule::TooLong);
    }
    let last = difo.text.last().ok_or(Rule::Empty)?;
    if Insn::decode(*last).is_none_or(|i| i.op != Op::Ret) {
        return Err(Rule::NoRet);
    }
    if !difo.spans.is_empty() && difo.spans.len() != difo.text.len() {
        return Err(Rule::Spans(difo.spans.len()));
    }
    if difo.strtab.first().is_some_and(|&b| b != 0) || difo.strtab.last().is_some_and(|&b| b != 0) {
        return Err(Rule::StringTable);
    }
    match difo.rtype {
        DifType::Int {
            size: 1 | 2 | 4 | 8,
            ..
        }
        | DifType::Str
        | DifType::Void => Ok(()),
        DifType::Bytes { size } if size > 0 => Ok(()),
        _ => Err(Rule::ResultType),
    }
}

/// What an 8-bit field of an instruction word must be.
#[derive(Clone, Copy)]
enum Field {
    /// Unused.
    Zero,
    /// A register that is read.
    Reg,
    /// A register that is written, or whose value is an address that is written to.
    Dst,
    /// Something else, checked elsewhere.
    Other,
}

/// The fields r1, r2, rd of each shape.
fn fields(shape: Shape) -> [Field; 3] {
    use Field::*;
    match shape {
        Shape::R3 => [Reg, Reg, Dst],
        Shape::R2 => [Reg, Zero, Dst],
        Shape::Cmp => [Reg, Reg, Zero],
        Shape::Tst => [Reg, Zero, Zero],
        Shape::Store => [Reg, Zero, Dst],
        Shape::Label => [Other, Other, Other],
        Shape::Ret => [Zero, Zero, Reg],
        Shape::None => [Zero, Zero, Zero],
        Shape::SetX | Shape::SetS | Shape::LoadVar | Shape::Call => [Other, Other, Dst],
        Shape::StoreVar => [Other, Other, Reg],
        Shape::LoadArray => [Other, Reg, Dst],
        Shape::Push => [Other, Reg, Reg],
        Shape::Xlate => [Other, Other, Other],
    }
}

/// Rules about one word by itself.
fn form(word: u32, at: usize, difo: &Difo, vars: &[VarDef]) -> Result<Insn, Rule> {
    let insn = Insn::decode(word).ok_or(Rule::Opcode(word.to_be_bytes()[0]))?;
    let shape = insn.op.shape();
    for (field, value) in fields(shape).into_iter().zip([insn.r1, insn.r2, insn.rd]) {
        match field {
            Field::Zero if value != 0 => return Err(Rule::NotZero),
            Field::Reg | Field::Dst if value >= NREGS => return Err(Rule::Register(value)),
            Field::Dst if value == 0 => return Err(Rule::WritesR0),
            _ => {}
        }
    }
    let imm = insn.imm16();
    match shape {
        Shape::Label => {
            let to = insn.label();
            if to as usize <= at || to as usize >= difo.text.len() {
                return Err(Rule::Label(to));
            }
        }
        Shape::SetX if usize::from(imm) >= difo.inttab.len() => return Err(Rule::Integer(imm)),
        Shape::SetS if usize::from(imm) >= difo.strtab.len() => return Err(Rule::String(imm)),
        Shape::LoadVar | Shape::StoreVar => variable(insn, vars).map(drop)?,
        Shape::LoadArray => {
            let id = u16::from(insn.r1);
            if id >= 0x100 || BuiltinVar::from_num(id).is_none() {
                return Err(Rule::Builtin(id));
            }
        }
        Shape::Call => drop(Subr::from_num(imm).ok_or(Rule::Subroutine(imm))?),
        Shape::Push => match (insn.op, insn.r1) {
            (_, PUSH_INT) | (Op::Pushtr, PUSH_STRING) => {}
            (_, ty) => return Err(Rule::PushType(ty)),
        },
        Shape::Xlate => return Err(Rule::CompileTime(insn.op.name())),
        _ => {}
    }
    Ok(insn)
}

/// The user variable of a load or store; `None` for a built-in.
fn variable(insn: Insn, vars: &[VarDef]) -> Result<Option<&VarDef>, Rule> {
    let id = insn.imm16();
    if insn.op == Op::Ldgs && id < VAR_USER {
        return match BuiltinVar::from_num(id) {
            Some(_) if id >= 0x100 => Ok(None),
            _ => Err(Rule::Builtin(id)),
        };
    }
    let (scope, assoc) = match insn.op {
        Op::Ldgs | Op::Stgs => (Scope::Global, false),
        Op::Ldts | Op::Stts => (Scope::Thread, false),
        Op::Ldls | Op::Stls => (Scope::Clause, false),
        Op::Ldgaa | Op::Stgaa => (Scope::Global, true),
        _ => (Scope::Thread, true),
    };
    let var = vars
        .iter()
        .find(|v| v.id == id)
        .ok_or(Rule::Undefined(id))?;
    if var.scope != scope || var.tuple.is_empty() == assoc {
        return Err(Rule::VarKind(id));
    }
    Ok(Some(var))
}

/// Rules about what leads to an instruction; turns the facts before it into those after it.
fn flow(insn: Insn, at: usize, vars: &[VarDef], now: &mut Facts) -> Result<(), Rule> {
    match insn.op {
        Op::Cmp | Op::Tst | Op::Scmp => now.flags = Some(at),
        Op::Flushts => now.tuple = Some(Vec::new()),
        Op::Popts => {
            let tuple = now.tuple.as_mut().ok_or(Rule::TupleUnknown)?;
            tuple.pop().ok_or(Rule::TupleEmpty)?;
        }
        Op::Pushtr | Op::Pushtv => {
            let kind = match (insn.op, insn.r1) {
                (Op::Pushtv, _) => PushKind::Value,
                (_, PUSH_STRING) => PushKind::Str,
                _ => PushKind::Bytes,
            };
            let tuple = now.tuple.as_mut().ok_or(Rule::TupleUnknown)?;
            // One too many faults when it is run; what comes after it doesn't matter.
            if tuple.len() < NTUPREGS {
                tuple.push(Push { insn: at, kind });
            }
        }
        Op::Call => {
            let tuple = now.tuple.as_ref().ok_or(Rule::TupleUnknown)?;
            let subr = Subr::from_num(insn.imm16()).ok_or(Rule::Subroutine(insn.imm16()))?;
            let (least, most) = arity(subr);
            if !(least..=most).contains(&tuple.len()) {
                return Err(Rule::Arity(subr.name(), tuple.len()));
            }
        }
        Op::Ldgaa | Op::Ldtaa | Op::Stgaa | Op::Sttaa => {
            let tuple = now.tuple.as_ref().ok_or(Rule::TupleUnknown)?;
            let keys = variable(insn, vars)?.map_or(&[][..], |v| &v.tuple);
            let fits = |(key, push): (&KeyType, &Push)| match key {
                KeyType::Int { .. } | KeyType::Sym(_) => push.kind == PushKind::Value,
                KeyType::Str => push.kind == PushKind::Str,
                _ => push.kind == PushKind::Bytes,
            };
            if keys.len() != tuple.len() || !keys.iter().zip(tuple).all(fits) {
                return Err(Rule::TupleType);
            }
        }
        op if op.shape() == Shape::Label && op != Op::Ba && now.flags.is_none() => {
            return Err(Rule::NoFlags);
        }
        _ => {}
    }
    Ok(())
}

/// Joins the facts of one more path into those at `to`.
fn meet(facts: &mut [Option<Facts>], to: usize, now: &Facts) {
    match facts.get_mut(to) {
        Some(Some(there)) => there.join(now),
        Some(empty) => *empty = Some(now.clone()),
        None => {}
    }
}
