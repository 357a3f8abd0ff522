//! What is known of a DIF object before any code is emitted: which registers are live where, and which values are known
//! without running (constants, string constants, `execname`, buffers at fixed places of the scratch).
//!
//! DIF branches forward only, so one pass backwards gives liveness and one forwards gives values; at a label the values of
//! all branches to it are joined, and what they don't agree on is [`Sv::Rt`]: known at run time only.
//!
//! Beside the eight registers the eight members of the tuple stack and the two operands of the last comparison are treated
//! as registers: [`tuple`] and [`F0`], [`F1`].

use dsl::dif::op::{NREGS, NTUPREGS, PUSH_STRING, VAR_USER};
use dsl::dif::{BuiltinVar, Insn, Op, Shape, Subr};
use dsl::program::Difo;

/// Registers, tuple members, comparison operands.
pub const NV: usize = NREGS as usize + NTUPREGS + 2;
/// First operand of the comparison in force.
pub const F0: usize = NREGS as usize + NTUPREGS;
/// Second operand.
pub const F1: usize = F0 + 1;
/// Member `n` of the tuple stack.
pub fn tuple(n: usize) -> usize {
    NREGS as usize + n
}

/// A value as far as it is known without running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sv {
    /// This number.
    Const(u64),
    /// Address of this offset in the DIFO's string table.
    Str(u32),
    /// `execname`.
    Comm,
    /// One of the four names of the probe.
    Probe(BuiltinVar),
    /// Scratch that instruction `at` allocated, plus an offset.
    Buf {
        /// Index of the instruction.
        at: u32,
        /// Bytes from its start.
        add: i32,
    },
    /// A built-in number that is kept in its slot once read.
    Builtin(BuiltinVar),
    /// Only known at run time.
    Rt,
}

/// What the flags mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flags {
    /// Comparison of [`F0`] with [`F1`]. That of strings leaves −1, 0 or 1 and 0 there.
    Cmp,
    /// Of [`F0`] with 0: neither negative nor carry, so that signed branches are as unsigned ones.
    Tst,
}

/// State before one instruction.
#[derive(Clone, Debug)]
pub struct Before {
    /// Values.
    pub sv: [Sv; NV],
    /// Members on the tuple stack.
    pub depth: usize,
    /// Kind of push of each member: string or not.
    pub strings: u8,
    /// Meaning of the flags.
    pub flags: Flags,
}

/// What is known of a DIFO.
#[derive(Debug)]
pub struct Flow {
    /// Decoded text.
    pub insns: Vec<Insn>,
    /// Registers live before each instruction.
    pub live: Vec<u32>,
    /// `None`: never reached.
    pub before: Vec<Option<Before>>,
    /// All reachable `ret` instructions.
    pub rets: Vec<usize>,
}

/// Why a DIFO makes no sense; the DIF verifier lets none of these pass.
pub type Malformed = &'static str;

/// How many bytes of the clause's scratch an instruction takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alloc {
    /// A string result.
    String,
    /// So many, already rounded.
    Fixed(u32),
    /// As a register says.
    Dynamic,
}

impl Flow {
    /// Looks through a DIFO.
    pub fn new(difo: &Difo) -> Result<Flow, Malformed> {
        let mut insns = Vec::with_capacity(difo.text.len());
        for &word in &difo.text {
            insns.push(Insn::decode(word).ok_or("unknown DIF opcode")?);
        }
        for (at, i) in insns.iter().enumerate() {
            let target = i.label() as usize;
            if i.op.shape() == Shape::Label && (target <= at || target >= insns.len()) {
                return Err("DIF branch out of range");
            }
        }
        if insns.last().is_none_or(|i| i.op != Op::Ret) {
            return Err("DIF text does not end with ret");
        }
        let mut flow = Flow {
            live: vec![0; insns.len() + 1],
            before: vec![None; insns.len()],
            rets: Vec::new(),
            insns,
        };
        flow.forward(difo)?;
        flow.backward();
        Ok(flow)
    }

    /// The most that the size register of a `copys` can hold, where it is the length of a string, or that and a constant:
    /// what copies a text with its NUL needs no room for the largest copy that there is.
    pub fn text_size(&self, at: usize, strsize: u32) -> Option<u32> {
        let copy = self.insns.get(at).filter(|i| i.op == Op::Copys)?;
        let n = self.made(copy.r2, at)?;
        if self.is_strlen(n) {
            return Some(strsize);
        }
        let sum = self.insns.get(n).filter(|i| i.op == Op::Add)?;
        let constant = |r: u8| match self.before.get(n)?.as_ref()?.sv.get(usize::from(r))? {
            Sv::Const(v) => u32::try_from(*v).ok(),
            _ => None,
        };
        let (more, text) = match (constant(sum.r1), constant(sum.r2)) {
            (Some(v), None) => (v, sum.r2),
            (None, Some(v)) => (v, sum.r1),
            _ => return None,
        };
        let strlen = self.made(text, n)?;
        let size = strsize.checked_add(more)?;
        self.is_strlen(strlen).then_some(size)
    }

    fn is_strlen(&self, at: usize) -> bool {
        let call = self.insns.get(at).filter(|i| i.op == Op::Call);
        call.is_some_and(|i| Subr::from_num(i.imm16()) == Some(Subr::Strlen))
    }

    /// The instruction that a register has its value from, where control comes from there straight to `at`.
    fn made(&self, reg: u8, at: usize) -> Option<usize> {
        let mut targets = self.insns.iter().filter(|i| i.op.shape() == Shape::Label);
        let n = (0..at).rev().find(|&n| {
            self.insns
                .get(n)
                .is_some_and(|&i| super::op::defines(i) && i.rd == reg)
        })?;
        let joins = |t: u32| (n + 1..=at).contains(&(t as usize));
        (!targets.any(|i| joins(i.label()))).then_some(n)
    }

    /// The look-ups of elements whose address, or one at a distance from it, is stored in a variable.
    pub fn kept_addresses(&self) -> Vec<usize> {
        // Instructions that make an address that is stored, each looked at once.
        let mut makes = vec![false; self.insns.len()];
        let mut todo: Vec<(u8, usize)> = Vec::new();
        for (at, i) in self.insns.iter().enumerate() {
            if i.op.shape() == Shape::StoreVar {
                todo.push((i.rd, at));
            }
        }
        while let Some((reg, at)) = todo.pop() {
            let defined = |n: &usize| {
                let i = self.insns.get(*n);
                i.is_some_and(|&i| super::op::defines(i) && i.rd == reg)
            };
            let Some(n) = (0..at).rev().find(defined) else {
                continue;
            };
            if std::mem::replace(&mut makes[n], true) {
                continue;
            }
            let i = self.insns[n];
            match i.op {
                Op::Mov => todo.push((i.r1, n)),
                Op::Add => todo.extend([(i.r1, n), (i.r2, n)]),
                _ => {}
            }
        }
        let looked_up = |&n: &usize| {
            let op = self.insns[n].op;
            makes[n] && self.before[n].is_some() && matches!(op, Op::Ldgaa | Op::Ldtaa | Op::Ldts)
        };
        (0..makes.len()).filter(looked_up).collect()
    }

    fn forward(&mut self, difo: &Difo) -> Result<(), Malformed> {
        let mut start = Before {
            sv: [Sv::Const(0); NV],
            depth: 0,
            strings: 0,
            flags: Flags::Cmp,
        };
        // No flag is set at the start, as after a comparison of 1 with 0.
        start.sv[F0] = Sv::Const(1);
        self.merge(0, &start)?;
        for at in 0..self.insns.len() {
            let Some(before) = self.before[at].clone() else {
                continue;
            };
            let insn = self.insns[at];
            match insn.op {
                Op::Ret => {
                    self.rets.push(at);
                    continue;
                }
                op if op.shape() == Shape::Label => {
                    let known = branch_taken(op, &before);
                    if known != Some(false) {
                        self.merge(insn.label() as usize, &before)?;
                    }
                    if known == Some(true) {
                        continue;
                    }
                    self.merge(at + 1, &before)?;
                }
                _ => match after(insn, at, &before, difo) {
                    Some(next) => self.merge(at + 1, &next)?,
                    // It certainly faults.
                    None => continue,
                },
            }
        }
        Ok(())
    }

    fn merge(&mut self, at: usize, state: &Before) -> Result<(), Malformed> {
        let slot = self.before.get_mut(at).ok_or("DIF runs off its end")?;
        let Some(old) = slot else {
            *slot = Some(state.clone());
            return Ok(());
        };
        if old.depth != state.depth || old.strings != state.strings {
            // What is on the stack depends on the way: as good as nothing, to code that is to be right on both.
            (old.depth, old.strings) = (0, 0);
        }
        for (o, s) in old.sv.iter_mut().zip(&state.sv) {
            if o != s {
                *o = Sv::Rt;
            }
        }
        if old.flags != state.flags {
            old.flags = Flags::Cmp;
            old.sv[F0] = Sv::Rt;
        }
        Ok(())
    }

    fn backward(&mut self) {
        for at in (0..self.insns.len()).rev() {
            let Some(before) = &self.before[at] else {
                continue;
            };
            let insn = self.insns[at];
            let mut live = match insn.op {
                Op::Ret => 0,
                Op::Ba => self.live[insn.label() as usize],
                op if op.shape() == Shape::Label => {
                    self.live[insn.label() as usize] | self.live[at + 1]
                }
                _ => self.live[at + 1],
            };
            let (uses, defs) = uses_defs(insn, before.depth);
            // What faults always, or is dead, still counts its uses: a few moves too many, never one too few.
            live &= !defs;
            live |= uses;
            self.live[at] = live & !1;
        }
    }

    /// Whether the instruction's result is used, or it does something beside computing it.
    pub fn needed(&self, at: usize) -> bool {
        let insn = self.insns[at];
        let depth = self.before[at].as_ref().map_or(0, |b| b.depth);
        let (_, defs) = uses_defs(insn, depth);
        // A push too many faults.
        let full = insn.op.shape() == Shape::Push && depth >= NTUPREGS;
        full || !pure(insn.op) || self.live[at + 1] & defs != 0
    }

    /// What the instruction takes of the scratch.
    pub fn alloc(&self, at: usize) -> Option<Alloc> {
        let before = self.before[at].as_ref()?;
        let insn = self.insns[at];
        let sized = |sv: Sv| match sv {
            Sv::Const(n) if n < 1 << 24 => Alloc::Fixed((n.max(1) as u32).next_multiple_of(8)),
            _ => Alloc::Dynamic,
        };
        match insn.op {
            Op::Allocs => Some(sized(before.sv[usize::from(insn.r1 & 7)])),
            Op::Call => match Subr::from_num(insn.imm16())? {
                Subr::Alloca => Some(sized(before.sv[tuple(0)])),
                Subr::Copyin => Some(sized(before.sv[tuple(1)])),
                s if makes_string(s) => Some(Alloc::String),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Subroutines whose result is a new string.
pub fn makes_string(s: Subr) -> bool {
    use Subr::*;
    matches!(
        s,
        Copyinstr
            | Strjoin
            | Lltostr
            | Basename
            | Dirname
            | Cleanpath
            | Strtok
            | Substr
            | InetNtop
            | InetNtoa
            | InetNtoa6
            | Toupper
            | Tolower
            | Json
            | DPath
            | LinkNtop
            | Memstr
    )
}

/// Subroutines that give a new string or NULL.
fn may_be_null(s: Subr) -> bool {
    matches!(s, Subr::Strtok | Subr::Json)
}

fn pure(op: Op) -> bool {
    use Op::*;
    matches!(
        op,
        Or | Xor
            | And
            | Sll
            | Srl
            | Sub
            | Add
            | Mul
            | Not
            | Mov
            | Setx
            | Sets
            | Sra
            | Cmp
            | Tst
            | Nop
            | Ldgs
            | Ldts
            | Ldls
            | Ldga
            | Pushtv
            | Pushtr
            | Popts
            | Flushts
    )
}

fn bit(r: u8) -> u32 {
    1 << (r & 7)
}

/// Masks of what an instruction reads and writes.
fn uses_defs(i: Insn, depth: usize) -> (u32, u32) {
    let stack = ((1u32 << depth) - 1) << NREGS;
    let flags = 1 << F0 | 1 << F1;
    match i.op.shape() {
        Shape::R3 if i.op == Op::Copys => (bit(i.r1) | bit(i.r2) | bit(i.rd), 0),
        Shape::R3 => (bit(i.r1) | bit(i.r2), bit(i.rd)),
        Shape::R2 => (bit(i.r1), bit(i.rd)),
        Shape::Cmp => (bit(i.r1) | bit(i.r2), flags),
        Shape::Tst => (bit(i.r1), flags),
        Shape::Store => (bit(i.r1) | bit(i.rd), 0),
        Shape::Label if i.op == Op::Ba => (0, 0),
        Shape::Label => (flags, 0),
        Shape::Ret => (bit(i.rd), 0),
        Shape::None | Shape::Xlate => (0, 0),
        Shape::SetX | Shape::SetS => (0, bit(i.rd)),
        Shape::LoadVar if matches!(i.op, Op::Ldgaa | Op::Ldtaa) => (stack, bit(i.rd)),
        Shape::LoadVar => (0, bit(i.rd)),
        Shape::StoreVar if matches!(i.op, Op::Stgaa | Op::Sttaa) => (stack | bit(i.rd), 0),
        Shape::StoreVar => (bit(i.rd), 0),
        Shape::LoadArray => (bit(i.r2), bit(i.rd)),
        Shape::Call => (stack, bit(i.rd)),
        Shape::Push => (bit(i.rd), 1 << tuple(depth.min(NTUPREGS - 1))),
    }
}

/// The condition that a branch tests, for a comparison as it stands.
pub fn condition(op: Op, flags: Flags) -> Option<crate::isa::Cond> {
    use crate::isa::Cond;
    let signed = flags == Flags::Cmp;
    let pick = |s, u| Some(if signed { s } else { u });
    match op {
        Op::Be => Some(Cond::Eq),
        Op::Bne => Some(Cond::Ne),
        Op::Bg => pick(Cond::Sgt, Cond::Gt),
        Op::Bge => pick(Cond::Sge, Cond::Ge),
        Op::Bl => pick(Cond::Slt, Cond::Lt),
        Op::Ble => pick(Cond::Sle, Cond::Le),
        Op::Bgu => Some(Cond::Gt),
        Op::Bgeu => Some(Cond::Ge),
        Op::Blu => Some(Cond::Lt),
        Op::Bleu => Some(Cond::Le),
        _ => None,
    }
}

/// Whether a branch is taken, where that is known.
pub fn branch_taken(op: Op, before: &Before) -> Option<bool> {
    let Some(cond) = condition(op, before.flags) else {
        return Some(true);
    };
    match (before.sv[F0], before.sv[F1]) {
        (Sv::Const(a), Sv::Const(b)) => Some(cond.holds(a, b)),
        _ => None,
    }
}

/// Two constants, as all engines compute it. `None`: division by zero, or no arithmetic.
pub fn fold(op: Op, a: u64, b: u64) -> Option<u64> {
    let (sa, sb) = (a as i64, b as i64);
    Some(match op {
        Op::Or => a | b,
        Op::Xor => a ^ b,
        Op::And => a & b,
        Op::Sll => a << (b & 63),
        Op::Srl => a >> (b & 63),
        Op::Sra => (sa >> (b & 63)) as u64,
        Op::Sub => a.wrapping_sub(b),
        Op::Add => a.wrapping_add(b),
        Op::Mul => a.wrapping_mul(b),
        Op::Sdiv if b != 0 => sa.wrapping_div(sb) as u64,
        Op::Srem if b != 0 => sa.wrapping_rem(sb) as u64,
        Op::Udiv if b != 0 => a / b,
        Op::Urem if b != 0 => a % b,
        _ => return None,
    })
}

/// Size and signedness of a kernel load.
pub fn kernel_load(op: Op) -> Option<(u32, bool)> {
    Some(match op {
        Op::Ldsb | Op::Rldsb => (1, true),
        Op::Ldsh | Op::Rldsh => (2, true),
        Op::Ldsw | Op::Rldsw => (4, true),
        Op::Ldub | Op::Rldub => (1, false),
        Op::Lduh | Op::Rlduh => (2, false),
        Op::Lduw | Op::Rlduw => (4, false),
        Op::Ldx | Op::Rldx => (8, false),
        _ => return None,
    })
}

/// Size and signedness of a user load.
pub fn user_load(op: Op) -> Option<(u32, bool)> {
    Some(match op {
        Op::Uldsb => (1, true),
        Op::Uldsh => (2, true),
        Op::Uldsw => (4, true),
        Op::Uldub => (1, false),
        Op::Ulduh => (2, false),
        Op::Ulduw => (4, false),
        Op::Uldx => (8, false),
        _ => return None,
    })
}

fn plus(sv: Sv, n: u64, strtab: usize) -> Sv {
    let Ok(n) = i32::try_from(n as i64) else {
        return Sv::Rt;
    };
    match sv {
        Sv::Str(off) => match i64::from(off) + i64::from(n) {
            sum if sum >= 0 && (sum as u64) < strtab as u64 => Sv::Str(sum as u32),
            _ => Sv::Rt,
        },
        Sv::Buf { at, add } => add.checked_add(n).map_or(Sv::Rt, |add| Sv::Buf { at, add }),
        _ if n == 0 => sv,
        _ => Sv::Rt,
    }
}

/// The result of an instruction that computes one.
pub fn result(i: Insn, at: usize, before: &Before, difo: &Difo) -> Sv {
    let sv = |r: u8| before.sv[usize::from(r & 7)];
    let buf = Sv::Buf {
        at: at as u32,
        add: 0,
    };
    match i.op {
        Op::Setx => match difo.inttab.get(usize::from(i.imm16())) {
            Some(&v) => Sv::Const(v),
            None => Sv::Rt,
        },
        Op::Sets => Sv::Str(u32::from(i.imm16())),
        Op::Mov => sv(i.r1),
        Op::Not => match sv(i.r1) {
            Sv::Const(a) => Sv::Const(!a),
            _ => Sv::Rt,
        },
        Op::Add => match (sv(i.r1), sv(i.r2)) {
            (Sv::Const(a), Sv::Const(b)) => Sv::Const(a.wrapping_add(b)),
            (x, Sv::Const(n)) | (Sv::Const(n), x) => plus(x, n, difo.strtab.len()),
            _ => Sv::Rt,
        },
        Op::Sub => match (sv(i.r1), sv(i.r2)) {
            (Sv::Const(a), Sv::Const(b)) => Sv::Const(a.wrapping_sub(b)),
            (x, Sv::Const(n)) => plus(x, n.wrapping_neg(), difo.strtab.len()),
            _ => Sv::Rt,
        },
        op if op.shape() == Shape::R3 => match (sv(i.r1), sv(i.r2)) {
            (Sv::Const(a), Sv::Const(b)) => fold(op, a, b).map_or(Sv::Rt, Sv::Const),
            _ => Sv::Rt,
        },
        op if kernel_load(op).is_some() => {
            let (size, signed) = kernel_load(op).unwrap_or((8, false));
            let Sv::Str(off) = sv(i.r1) else {
                return Sv::Rt;
            };
            let bytes = difo.strtab.get(off as usize..off as usize + size as usize);
            bytes.map_or(Sv::Rt, |b| {
                let v = b.iter().rev().fold(0u64, |v, &b| v << 8 | u64::from(b));
                Sv::Const(extend(v, size as u8, signed))
            })
        }
        Op::Ldgs if i.imm16() < VAR_USER => match BuiltinVar::from_num(i.imm16()) {
            Some(BuiltinVar::Execname) => Sv::Comm,
            Some(
                v @ (BuiltinVar::Probeprov
                | BuiltinVar::Probemod
                | BuiltinVar::Probefunc
                | BuiltinVar::Probename),
            ) => Sv::Probe(v),
            Some(v) if super::var::kept(v) => Sv::Builtin(v),
            _ => Sv::Rt,
        },
        Op::Allocs => match sv(i.r1) {
            Sv::Const(n) if n < 1 << 24 => buf,
            _ => Sv::Rt,
        },
        Op::Call => match Subr::from_num(i.imm16()) {
            Some(Subr::Alloca) => match before.sv[tuple(0)] {
                Sv::Const(n) if n < 1 << 24 => buf,
                _ => Sv::Rt,
            },
            Some(Subr::Copyin) => match before.sv[tuple(1)] {
                Sv::Const(n) if n < 1 << 24 => buf,
                _ => Sv::Rt,
            },
            Some(s) if makes_string(s) && !may_be_null(s) => buf,
            Some(Subr::Bcopy | Subr::Copyinto) => Sv::Const(0),
            _ => Sv::Rt,
        },
        _ => Sv::Rt,
    }
}

/// The state after an instruction that is no branch and no `ret`. `None`: nothing comes after it.
fn after(i: Insn, at: usize, before: &Before, difo: &Difo) -> Option<Before> {
    let mut next = before.clone();
    let sv = |r: u8| before.sv[usize::from(r & 7)];
    match i.op.shape() {
        Shape::Cmp if i.op == Op::Cmp => {
            (next.sv[F0], next.sv[F1]) = (sv(i.r1), sv(i.r2));
            next.flags = Flags::Cmp;
        }
        Shape::Cmp => {
            (next.sv[F0], next.sv[F1]) = (Sv::Rt, Sv::Const(0));
            next.flags = Flags::Cmp;
        }
        Shape::Tst => {
            (next.sv[F0], next.sv[F1]) = (sv(i.r1), Sv::Const(0));
            next.flags = Flags::Tst;
        }
        Shape::Push => {
            if before.depth >= NTUPREGS {
                return None;
            }
            next.sv[tuple(before.depth)] = sv(i.rd);
            let mask = 1u8 << before.depth;
            match i.op == Op::Pushtr && i.r1 == PUSH_STRING {
                true => next.strings |= mask,
                false => next.strings &= !mask,
            }
            next.depth += 1;
        }
        Shape::None => match i.op {
            Op::Popts => {
                next.depth = before.depth.saturating_sub(1);
                next.strings &= ((1u16 << next.depth) - 1) as u8;
            }
            Op::Flushts => (next.depth, next.strings) = (0, 0),
            _ => {}
        },
        Shape::Store | Shape::StoreVar | Shape::Label | Shape::Ret | Shape::Xlate => {}
        Shape::R3 if i.op == Op::Copys => {}
        Shape::R3
        | Shape::R2
        | Shape::SetX
        | Shape::SetS
        | Shape::LoadVar
        | Shape::LoadArray
        | Shape::Call => {
            if i.rd & 7 != 0 {
                next.sv[usize::from(i.rd & 7)] = result(i, at, before, difo);
            }
        }
    }
    Some(next)
}

/// The state after instruction `at`, which is no branch.
pub fn state_after(flow: &Flow, at: usize, difo: &Difo) -> Option<Before> {
    after(flow.insns[at], at, flow.before[at].as_ref()?, difo)
}

/// The low `size` bytes, extended.
pub fn extend(v: u64, size: u8, signed: bool) -> u64 {
    match (size, signed) {
        (1, true) => v as i8 as u64,
        (2, true) => v as i16 as u64,
        (4, true) => v as i32 as u64,
        (1, false) => u64::from(v as u8),
        (2, false) => u64::from(v as u16),
        (4, false) => u64::from(v as u32),
        _ => v,
    }
}
