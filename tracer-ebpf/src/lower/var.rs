//! Variables: built-in ones, each read at most once per firing, and the user's: globals in one array value, clause-locals on
//! the stack or in scratch, thread-locals and associative arrays in hash maps.

use super::LowerError;
use super::flow::{Sv, tuple};
use super::fun::{FaultAddr, Fun, ProbeSel};
use super::op::{Code, Opnd, Val};
use super::subr::KeptElement;
use crate::image::DropKind;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::{BuiltinVar, Fault, Insn, Op};
use dsl::program::{DifType, KeyType, Scope, VarDef};

/// Bytes of a thread's key: start time, thread id, kind of context.
pub const THREAD_KEY: u32 = 16;
/// Keys up to this size are built on the stack.
pub const STACK_KEY: u32 = 64;
/// Bit of the `have` set that stands for the thread key.
const HAVE_THREAD: u64 = 1 << 62;
/// Bit that stands for `execname`.
const HAVE_COMM: u64 = 1 << 61;

/// Where a clause-local variable is.
#[derive(Clone, Copy, Debug)]
pub enum Local {
    /// By value, on the stack.
    Slot(i16),
    /// By reference, in scratch: u64 that is 1 for NULL, then the bytes.
    Scratch(u32),
}

/// Where a place in memory is.
#[derive(Clone, Copy, Debug)]
pub enum Mem {
    /// Stack.
    Stack(i16),
    /// Scratch.
    Scratch(u32),
}

impl Mem {
    /// Further on.
    pub fn plus(self, n: u32) -> Mem {
        match self {
            Mem::Stack(o) => Mem::Stack(o + n as i16),
            Mem::Scratch(o) => Mem::Scratch(o + n),
        }
    }
}

/// Built-ins that are read into a slot once per firing.
pub fn kept(v: BuiltinVar) -> bool {
    use BuiltinVar::*;
    matches!(
        v,
        Curthread
            | Timestamp
            | Vtimestamp
            | Stackdepth
            | Caller
            | Pid
            | Tid
            | Walltimestamp
            | Ustackdepth
            | Ucaller
            | Ppid
            | Uid
            | Gid
            | Errno
            | Cpu
    )
}

/// Those whose value would differ if read twice in one firing.
pub const MOVING: [BuiltinVar; 3] = [
    BuiltinVar::Timestamp,
    BuiltinVar::Walltimestamp,
    BuiltinVar::Vtimestamp,
];

fn moves(v: BuiltinVar) -> bool {
    MOVING.contains(&v)
}

pub(super) fn have_bit(v: BuiltinVar) -> u64 {
    let at = BuiltinVar::ALL.iter().position(|&b| b == v).unwrap_or(0);
    1 << (at as u32 & 63).min(60)
}

impl<'a, 'b> Fun<'a, 'b> {
    /// Base register and offset for direct access.
    pub fn mem_at(&mut self, m: Mem, tmp: R) -> (R, i16) {
        match m {
            Mem::Stack(o) => (R::FP, o),
            Mem::Scratch(o) => self.scratch_at(o, tmp),
        }
    }
    /// Pointer.
    pub fn mem_ptr(&mut self, dst: R, m: Mem) {
        match m {
            Mem::Stack(o) => self.stack_ptr(dst, o),
            Mem::Scratch(o) => self.scratch_ptr(dst, o),
        }
    }
    /// A place for `bytes`: on the stack where it is small. [`Fun::give_back`] frees it.
    pub fn place(&mut self, bytes: u32) -> Result<Mem, LowerError> {
        if bytes <= STACK_KEY
            && let Some(at) = self.frame.alloc(bytes)
        {
            return Ok(Mem::Stack(at));
        }
        Ok(Mem::Scratch(self.scratch(bytes)))
    }
    /// See [`Fun::place`].
    pub fn give_back(&mut self, m: Mem, bytes: u32) {
        if let Mem::Stack(o) = m {
            self.frame.free(o, bytes);
        }
    }

    // Built-in variables.

    /// The slot of a built-in, filled.
    pub fn builtin_read(&mut self, v: BuiltinVar) -> Result<i16, LowerError> {
        let bit = have_bit(v);
        let slot = match self.kept.get(&v) {
            Some(&s) => s,
            None => {
                let s = self.block(8)?;
                self.kept.insert(v, s);
                s
            }
        };
        if self.have & bit != 0 {
            return Ok(slot);
        }
        if v == BuiltinVar::Walltimestamp {
            self.builtin_read(BuiltinVar::Timestamp)?;
        }
        self.clobber()?;
        let lazy = moves(v) && self.seen & bit != 0;
        let filled = self.asm.label();
        if lazy {
            if (self.link.is_none() || self.in_error)
                && !self.given.lazy.contains(&v)
                && !self.needs.lazy.contains(&v)
            {
                self.needs.lazy.push(v);
            }
            self.asm.ldx(Size::D, R::R0, R::FP, slot);
            self.asm.jmp(Cond::Ne, R::R0, 0, filled);
        }
        self.builtin_compute(v)?;
        self.asm.stx(Size::D, R::FP, slot, R::R0);
        self.asm.bind(filled);
        self.have |= bit;
        self.seen |= bit;
        Ok(slot)
    }

    /// Loads a kept built-in.
    pub fn builtin_load(&mut self, v: BuiltinVar, dst: R) -> Result<(), LowerError> {
        let slot = self.builtin_read(v)?;
        self.asm.ldx(Size::D, dst, R::FP, slot);
        Ok(())
    }

    /// A kept built-in's value into r0.
    fn builtin_compute(&mut self, v: BuiltinVar) -> Result<(), LowerError> {
        use BuiltinVar::*;
        match v {
            Timestamp => self.call(Service::KtimeGetNs)?,
            Walltimestamp => {
                self.builtin_load(Timestamp, R::R0)?;
                let off = self.cx.caps.offsets.realtime_offset;
                self.asm.imm(R::R1, off as u64);
                self.asm.alu(Alu::Add, R::R0, R::R1);
            }
            Vtimestamp => {
                let off = self.cx.caps.offsets.task_sum_exec_runtime;
                self.task_field("vtimestamp", &[(off, 8)])?;
            }
            Pid => {
                self.call(Service::GetCurrentPidTgid)?;
                self.asm.alu(Alu::Rsh, R::R0, 32);
            }
            Tid => {
                self.call(Service::GetCurrentPidTgid)?;
                self.asm.alu32(Alu::Mov, R::R0, R::R0);
            }
            Uid => {
                self.call(Service::GetCurrentUidGid)?;
                self.asm.alu32(Alu::Mov, R::R0, R::R0);
            }
            Gid => {
                self.call(Service::GetCurrentUidGid)?;
                self.asm.alu(Alu::Rsh, R::R0, 32);
            }
            Ppid => {
                let o = &self.cx.caps.offsets;
                let pointer = self.cx.caps.pointer;
                let path = [(o.task_real_parent, pointer), (o.task_tgid, 4)];
                self.task_field("ppid", &path)?;
            }
            Cpu => self.call(Service::GetSmpProcessorId)?,
            Curthread => self.call(Service::GetCurrentTask)?,
            Errno => self.errno()?,
            Stackdepth => self.frames(false, None)?,
            Ustackdepth => self.frames(true, None)?,
            Caller => self.frames(false, Some(1))?,
            Ucaller => self.frames(true, Some(1))?,
            _ => return Err(self.err(format!("{} is not supported here", v.name()))),
        }
        Ok(())
    }

    /// Follows members from the current task; all but the last are pointers. Into r0; a failed read gives 0.
    pub fn task_field(
        &mut self,
        what: &str,
        path: &[(Option<u32>, u32)],
    ) -> Result<(), LowerError> {
        let mut known = Vec::new();
        for &(off, size) in path {
            let off = off.ok_or_else(|| {
                self.err(format!(
                    "{what} needs the layout of the kernel's task_struct, which this kernel has no type information for"
                ))
            })?;
            known.push((off, size));
        }
        let typed =
            self.cx.caps.btf_tracepoints && self.cx.caps.services.has(Service::GetCurrentTaskBtf);
        if typed {
            self.call(Service::GetCurrentTaskBtf)?;
            for (off, size) in known {
                self.asm.ldx(Size::of(size), R::R0, R::R0, off as i16);
            }
            return Ok(());
        }
        let tmp = self.block(8)?;
        self.call(Service::GetCurrentTask)?;
        for (off, size) in known {
            self.asm.mov(R::R3, R::R0);
            self.asm.alu(Alu::Add, R::R3, off as i32);
            self.asm.st(Size::D, R::FP, tmp, 0);
            self.stack_ptr(R::R1, tmp);
            self.asm.imm(R::R2, u64::from(size));
            self.call(Service::ProbeReadKernel)?;
            self.asm.ldx(Size::D, R::R0, R::FP, tmp);
        }
        self.frame.free(tmp, 8);
        Ok(())
    }

    /// `execname`, in its stack slot: 16 bytes, zero-padded.
    pub fn comm(&mut self) -> Result<i16, LowerError> {
        let slot = match self.kept.get(&BuiltinVar::Execname) {
            Some(&s) => s,
            None => {
                let s = self.block(16)?;
                self.kept.insert(BuiltinVar::Execname, s);
                s
            }
        };
        if self.have & HAVE_COMM == 0 {
            self.clobber()?;
            self.stack_ptr(R::R1, slot);
            self.asm.imm(R::R2, 16);
            self.call(Service::GetCurrentComm)?;
            self.have |= HAVE_COMM;
        }
        Ok(slot)
    }

    /// Pointer to one of the probe's names.
    pub fn probe_ptr(&mut self, v: BuiltinVar, dst: R) -> Result<(), LowerError> {
        let map = self.cx.rodata();
        match self.probe {
            ProbeSel::One(p) => {
                let text = self.cx.probe_text(v, p);
                let at = self.cx.intern(text.as_bytes());
                self.asm.map_value(dst, map, at);
            }
            ProbeSel::Slot(slot) => {
                let (at, stride) = self.cx.probe_table(v);
                self.probe_entry(dst, slot, at, stride);
            }
        }
        Ok(())
    }

    /// Pointer into a table of the rodata with one entry per probe.
    fn probe_entry(&mut self, dst: R, slot: i16, at: u32, stride: u32) {
        let map = self.cx.rodata();
        let last = self.cx.plan.probes.len().saturating_sub(1) as i32;
        self.asm.ldx(Size::D, R::R0, R::FP, slot);
        // The slot holds a valid index; the verifier wants to see it.
        let fine = self.asm.label();
        self.asm.jmp(Cond::Le, R::R0, last, fine);
        self.asm.imm(R::R0, 0);
        self.asm.bind(fine);
        self.asm.alu(Alu::Mul, R::R0, stride as i32);
        self.asm.map_value(dst, map, at);
        self.asm.alu(Alu::Add, dst, R::R0);
    }

    /// Bytes that a name of the probe takes at most, NUL included.
    pub fn probe_room(&mut self, v: BuiltinVar) -> u32 {
        match self.probe {
            ProbeSel::One(p) => self.cx.probe_text(v, p).len() as u32 + 1,
            ProbeSel::Slot(_) => self.cx.probe_table(v).1,
        }
    }

    /// A number per probe, from a table: probe id, EPID.
    fn probe_number(&mut self, numbers: Vec<u32>, dst: R) {
        match self.probe {
            ProbeSel::One(p) => {
                let v = numbers.get(p as usize).copied().unwrap_or(0);
                self.asm.imm(dst, u64::from(v));
            }
            ProbeSel::Slot(slot) => {
                let at = self.cx.number_table(&numbers);
                self.probe_entry(dst, slot, at, 4);
                self.asm.ldx(Size::W, dst, dst, 0);
            }
        }
    }

    /// This clause's EPID into a register.
    pub fn epid(&mut self, dst: R) {
        let clause = self.place.clause;
        let of = |list: &Vec<_>| {
            let hit = list.iter().find(|&&(c, _)| c == clause);
            hit.map_or(0, |&(_, e): &(_, u32)| e)
        };
        let numbers = self.cx.plan.epids.iter().map(of).collect();
        self.probe_number(numbers, dst);
    }

    /// `ldgs` of a built-in that is not kept in a slot.
    pub fn builtin_scalar(&mut self, c: &Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        let Some(v) = BuiltinVar::from_num(i.imm16()) else {
            return Err(self.err(format!("unknown built-in variable {:#x}", i.imm16())));
        };
        use BuiltinVar::*;
        self.clobber()?;
        match v {
            Epid => self.epid(R::R0),
            Id => {
                let ids = self.cx.plan.probes.iter().map(|p| p.id).collect();
                self.probe_number(ids, R::R0);
            }
            Arg0 | Arg1 | Arg2 | Arg3 | Arg4 | Arg5 | Arg6 | Arg7 | Arg8 | Arg9 => {
                self.arg(u32::from(v as u16 - Arg0 as u16))?;
            }
            Execargs => self.execargs()?,
            _ => {
                return Err(self.err(format!("{} is not supported on this kernel side", v.name())));
            }
        }
        self.result_r0(c, at, rd)
    }

    /// `ldga`: `args[n]`, `uregs[n]`.
    pub fn builtin_array(&mut self, c: &Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        let var = BuiltinVar::from_num(u16::from(i.r1));
        let Opnd::Known(Sv::Const(n)) = self.reg_opnd(c, at, i.r2) else {
            return Err(self.err("an index of args[], regs[] or uregs[] has to be a constant"));
        };
        self.clobber()?;
        match var {
            Some(BuiltinVar::Args) if n < 16 => self.arg(n as u32)?,
            Some(BuiltinVar::Uregs) if n < 21 => self.ureg(n as u32)?,
            Some(BuiltinVar::Args | BuiltinVar::Uregs) => {
                let fault = self.fault(Fault::IllOp, FaultAddr::Zero, 4 * at as i32);
                self.ja(fault);
                return Ok(());
            }
            Some(v) => return Err(self.err(format!("{}[] is not supported", v.name()))),
            None => return Err(self.err("unknown array variable")),
        }
        self.result_r0(c, at, rd)
    }

    /// The result of an instruction is in r0: where it is kept.
    pub fn result_r0(&mut self, c: &Code<'_>, at: usize, rd: usize) -> Result<(), LowerError> {
        let d = self.dst(c, at, rd)?;
        self.asm.mov(d, R::R0);
        let v = self.value_in(d);
        self.define(rd, v);
        Ok(())
    }

    /// A user register of the current thread into r0.
    fn ureg(&mut self, n: u32) -> Result<(), LowerError> {
        if self.cx.caps.untyped_task {
            let tmp = self.block(8)?;
            self.call(Service::GetCurrentTask)?;
            self.asm.mov(R::R1, R::R0);
            self.call(Service::TaskPtRegs)?;
            self.asm.mov(R::R3, R::R0);
            self.asm.alu(Alu::Add, R::R3, 8 * n as i32);
            self.asm.st(Size::D, R::FP, tmp, 0);
            self.stack_ptr(R::R1, tmp);
            self.asm.imm(R::R2, 8);
            self.call(Service::ProbeReadKernel)?;
            self.asm.ldx(Size::D, R::R0, R::FP, tmp);
            self.frame.free(tmp, 8);
            return Ok(());
        }
        if !self.cx.caps.btf_tracepoints {
            return Err(self.err("uregs[] needs a kernel with type information (BTF)"));
        }
        self.call(Service::GetCurrentTaskBtf)?;
        self.asm.mov(R::R1, R::R0);
        self.call(Service::TaskPtRegs)?;
        self.asm.ldx(Size::D, R::R0, R::R0, 8 * n as i16);
        Ok(())
    }

    // The user's variables.

    pub(super) fn var(&self, id: u16, scope: Scope, assoc: bool) -> Result<VarDef, LowerError> {
        let mut vars = self.cx.program.vars.iter();
        let found = vars.find(|v| v.id == id && v.scope == scope && v.tuple.is_empty() != assoc);
        found
            .cloned()
            .ok_or_else(|| self.err(format!("malformed DIF: no variable {id:#x}")))
    }

    /// Bytes that a by-reference variable keeps.
    pub(super) fn storage(&self, ty: DifType) -> u32 {
        match ty {
            DifType::Bytes { size } => size,
            _ => self.cx.opts.strsize,
        }
    }

    /// Where a clause-local variable is.
    fn local(&mut self, v: &VarDef) -> Result<Local, LowerError> {
        let found = self.locals.get(&v.id).copied();
        found.ok_or_else(|| self.err("internal: clause-local variable without a place"))
    }

    pub(super) fn scope_of(op: Op) -> (Scope, bool) {
        match op {
            Op::Ldts | Op::Stts => (Scope::Thread, false),
            Op::Ldls | Op::Stls => (Scope::Clause, false),
            Op::Ldgaa | Op::Stgaa => (Scope::Global, true),
            Op::Ldtaa | Op::Sttaa => (Scope::Thread, true),
            _ => (Scope::Global, false),
        }
    }

    /// `ldgs`, `ldts`, `ldls`, `ldgaa`, `ldtaa`.
    pub fn load_var(&mut self, c: &Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let rd = usize::from(i.rd & 7);
        let (scope, assoc) = Self::scope_of(i.op);
        let v = self.var(i.imm16(), scope, assoc)?;
        if scope == Scope::Thread || assoc {
            return self.load_element(c, at, &v, rd);
        }
        let int = match v.ty {
            DifType::Int { size, signed } => Some((u32::from(size), signed)),
            DifType::Str | DifType::Bytes { .. } => None,
            DifType::Void => return Err(self.err("malformed DIF: variable of no type")),
        };
        let d = self.dst(c, at, rd)?;
        let base = match scope {
            Scope::Clause => match self.local(&v)? {
                Local::Slot(o) => (R::FP, o),
                Local::Scratch(o) => {
                    self.scratch_ptr(R::R1, o);
                    (R::R1, 0)
                }
            },
            Scope::Global | Scope::Thread => {
                let (map, off) = self.cx.global(&v);
                self.asm.map_value(R::R1, map, off);
                (R::R1, 0)
            }
        };
        match int {
            Some((size, signed)) => {
                self.asm.ldx(Size::of(size), d, base.0, base.1);
                if signed {
                    self.sign_extend(d, size);
                }
            }
            None => {
                let skip = self.asm.label();
                self.asm.ldx(Size::D, R::R0, base.0, base.1);
                self.asm.mov(d, base.0);
                self.asm.alu(Alu::Add, d, i32::from(base.1) + 8);
                self.launder(d);
                self.asm.jmp(Cond::Eq, R::R0, 0, skip);
                self.asm.imm(d, 0);
                self.asm.bind(skip);
            }
        }
        let val = self.value_in(d);
        self.define(rd, val);
        Ok(())
    }

    /// `stgs`, `stts`, `stls`, `stgaa`, `sttaa`.
    pub fn store_var(&mut self, c: &Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let (scope, assoc) = Self::scope_of(i.op);
        let v = self.var(i.imm16(), scope, assoc)?;
        let value = self.reg_opnd(c, at, i.rd);
        if scope == Scope::Thread || assoc {
            return self.store_element(c, at, &v, value);
        }
        let val = self.opnd_val(c, value)?;
        match v.ty {
            DifType::Int { size, .. } => {
                self.load_num(val, R::R0)?;
                let (base, off) = match scope {
                    Scope::Clause => match self.local(&v)? {
                        Local::Slot(o) => (R::FP, o),
                        Local::Scratch(o) => self.scratch_at(o, R::R1),
                    },
                    Scope::Global | Scope::Thread => {
                        let (map, off) = self.cx.global(&v);
                        self.asm.map_value(R::R1, map, off);
                        (R::R1, 0)
                    }
                };
                self.asm.stx(Size::of(u32::from(size)), base, off, R::R0);
                Ok(())
            }
            DifType::Str | DifType::Bytes { .. } => self.store_ref(at, &v, scope, val),
            DifType::Void => Err(self.err("malformed DIF: variable of no type")),
        }
    }

    /// Pointer to a by-reference global or clause-local: its NULL flag, then its bytes.
    fn ref_ptr(&mut self, v: &VarDef, scope: Scope, dst: R) -> Result<(), LowerError> {
        if scope == Scope::Clause {
            if let Local::Scratch(o) = self.local(v)? {
                self.scratch_ptr(dst, o);
            }
        } else {
            let (map, off) = self.cx.global(v);
            self.asm.map_value(dst, map, off);
        }
        Ok(())
    }

    fn store_ref(
        &mut self,
        at: usize,
        v: &VarDef,
        scope: Scope,
        val: Val,
    ) -> Result<(), LowerError> {
        self.clobber()?;
        let (null, done) = (self.asm.label(), self.asm.label());
        let may_be_null = match val {
            Val::Const(0) => {
                self.ref_ptr(v, scope, R::R1)?;
                self.asm.st(Size::D, R::R1, 0, 1);
                return Ok(());
            }
            Val::Rt(_) | Val::Builtin(_) => true,
            _ => false,
        };
        if may_be_null {
            self.load_num(val, R::R3)?;
            self.asm.jmp(Cond::Eq, R::R3, 0, null);
        }
        self.ref_ptr(v, scope, R::R1)?;
        self.asm.alu(Alu::Add, R::R1, 8);
        self.copy_in(v.ty, val, at)?;
        self.ref_ptr(v, scope, R::R1)?;
        self.asm.st(Size::D, R::R1, 0, 0);
        if may_be_null {
            self.asm.ja(done);
            self.asm.bind(null);
            self.ref_ptr(v, scope, R::R1)?;
            self.asm.st(Size::D, R::R1, 0, 1);
            self.asm.bind(done);
        }
        Ok(())
    }

    /// Copies a string or a block to where r1 points.
    fn copy_in(&mut self, ty: DifType, val: Val, at: usize) -> Result<(), LowerError> {
        self.load_ptr(val, R::R3)?;
        let bytes = self.storage(ty);
        self.asm.imm(R::R2, u64::from(bytes));
        let read = match ty {
            DifType::Str => Service::ProbeReadKernelStr,
            _ => Service::ProbeReadKernel,
        };
        self.read_or_fault(read, val, 4 * at as i32)
    }

    /// The current thread's key, in a stack block.
    fn thread_key(&mut self) -> Result<i16, LowerError> {
        let slot = match self.kept.get(&BuiltinVar::Args) {
            Some(&s) => s,
            None => {
                let s = self.block(THREAD_KEY)?;
                self.kept.insert(BuiltinVar::Args, s);
                s
            }
        };
        if self.have & HAVE_THREAD != 0 {
            return Ok(slot);
        }
        self.clobber()?;
        if self.source.in_interrupt() {
            // Not the interrupted thread's: the CPU's own.
            self.call(Service::GetSmpProcessorId)?;
            self.asm.st(Size::D, R::FP, slot, 0);
            self.asm.alu(Alu::Or, R::R0, i32::MIN);
            self.asm.st(Size::W, R::FP, slot + 8, 0);
            self.asm.stx(Size::W, R::FP, slot + 12, R::R0);
        } else {
            match self.cx.caps.offsets.task_start_time {
                Some(off) => self.task_field("a thread's key", &[(Some(off), 8)])?,
                None => self.asm.imm(R::R0, 0),
            }
            self.asm.stx(Size::D, R::FP, slot, R::R0);
            self.call(Service::GetCurrentPidTgid)?;
            self.asm.st(Size::W, R::FP, slot + 12, 0);
            self.asm.stx(Size::W, R::FP, slot + 8, R::R0);
            // The idle threads all have number 0: told apart by their CPU.
            let done = self.asm.label();
            self.asm.jmp(Cond::Ne, R::R0, 0, done);
            self.call(Service::GetSmpProcessorId)?;
            self.asm.stx(Size::W, R::FP, slot + 12, R::R0);
            self.asm.bind(done);
        }
        self.have |= HAVE_THREAD;
        Ok(slot)
    }

    /// The key of a thread-local or an element; bytes.
    fn element_key(
        &mut self,
        c: &Code<'_>,
        at: usize,
        v: &VarDef,
    ) -> Result<(Mem, u32), LowerError> {
        let thread = match v.scope {
            Scope::Thread => Some(self.thread_key()?),
            Scope::Global | Scope::Clause => None,
        };
        if v.tuple.is_empty() {
            return Ok((Mem::Stack(thread.unwrap_or(0)), 0));
        }
        let Some(before) = c.flow.before[at].clone() else {
            return Ok((Mem::Stack(0), 0));
        };
        if before.depth != v.tuple.len() {
            return Err(self.err("malformed DIF: tuple does not fit the array"));
        }
        let fields = self.cx.tuple_layout(v);
        let total = self.cx.element_key_size(v);
        let key = self.place(total)?;
        for (n, (ty, &(off, bytes))) in v.tuple.iter().zip(&fields).enumerate() {
            let o = self.opnd(c, at, tuple(n));
            let val = self.opnd_val(c, o)?;
            let place = key.plus(off);
            match ty {
                KeyType::Int { .. } | KeyType::Sym(_) => {
                    self.load_num(val, R::R0)?;
                    let (base, o) = self.mem_at(place, R::R1);
                    self.asm.stx(Size::D, base, o, R::R0);
                }
                KeyType::Str => self.put_string(val, place, bytes, 4 * at as i32)?,
                KeyType::Bytes { size } => {
                    self.zero(place, bytes)?;
                    self.put_bytes(val, place, *size, 4 * at as i32)?;
                }
                KeyType::Stack { .. } | KeyType::Ustack { .. } => {
                    return Err(self.err("a stack can't index an associative array"));
                }
            }
        }
        if let Some(slot) = thread {
            let place = key.plus(total - THREAD_KEY);
            for k in [0, 8] {
                self.asm.ldx(Size::D, R::R0, R::FP, slot + k);
                let (base, o) = self.mem_at(place.plus(k as u32), R::R1);
                self.asm.stx(Size::D, base, o, R::R0);
            }
        }
        Ok((key, total))
    }

    fn load_element(
        &mut self,
        c: &Code<'_>,
        at: usize,
        v: &VarDef,
        rd: usize,
    ) -> Result<(), LowerError> {
        self.clobber()?;
        let (key, bytes) = self.element_key(c, at, v)?;
        self.clobber()?;
        let map = self.cx.var_map(v);
        self.asm.map(R::R1, map);
        self.mem_ptr(R::R2, key);
        self.call(Service::MapLookup)?;
        if bytes > 0 {
            self.give_back(key, bytes);
        }
        let d = self.dst(c, at, rd)?;
        let skip = self.asm.label();
        self.asm.imm(d, 0);
        self.asm.jmp(Cond::Eq, R::R0, 0, skip);
        match v.ty {
            DifType::Int { size, signed } => {
                self.asm.ldx(Size::of(u32::from(size)), d, R::R0, 0);
                if signed {
                    self.sign_extend(d, u32::from(size));
                }
            }
            _ => {
                if let Some(&(_, slot, _)) = self.elements.iter().find(|&&(a, ..)| a == at) {
                    self.asm.stx(Size::D, R::FP, slot, R::R0);
                }
                let difo = std::ptr::from_ref(c.difo).addr();
                let kept = |k: &&KeptElement| k.difo == difo && k.var == v.id;
                if let Some(&KeptElement { slot, .. }) = self.kept_elements.iter().find(kept) {
                    self.asm.stx(Size::D, R::FP, slot, R::R0);
                }
                self.launder(R::R0);
                self.asm.mov(d, R::R0);
            }
        }
        self.asm.bind(skip);
        let val = self.value_in(d);
        self.define(rd, val);
        Ok(())
    }

    fn store_element(
        &mut self,
        c: &Code<'_>,
        at: usize,
        v: &VarDef,
        value: Opnd,
    ) -> Result<(), LowerError> {
        self.clobber()?;
        let (key, key_bytes) = self.element_key(c, at, v)?;
        self.clobber()?;
        let val = self.opnd_val(c, value)?;
        let map = self.cx.var_map(v);
        let (delete, done) = (self.asm.label(), self.asm.label());
        let known = match val {
            Val::Const(n) => Some(n != 0),
            Val::Rt(_) | Val::Builtin(_) => None,
            _ => Some(true),
        };
        if known.is_none() {
            self.load_num(val, R::R3)?;
            self.asm.jmp(Cond::Eq, R::R3, 0, delete);
        }
        if known != Some(false) {
            let bytes = match v.ty {
                DifType::Int { .. } => 8,
                ty => self.storage(ty).next_multiple_of(8),
            };
            let place = self.place(bytes)?;
            match v.ty {
                DifType::Int { size, .. } => {
                    self.load_num(val, R::R0)?;
                    let (base, o) = self.mem_at(place, R::R1);
                    if size < 8 {
                        self.asm.st(Size::D, base, o, 0);
                    }
                    self.asm.stx(Size::of(u32::from(size)), base, o, R::R0);
                }
                ty => {
                    self.zero(place, bytes)?;
                    self.mem_ptr(R::R1, place);
                    self.copy_in(ty, val, at)?;
                }
            }
            self.asm.map(R::R1, map);
            self.mem_ptr(R::R2, key);
            self.mem_ptr(R::R3, place);
            self.asm.imm(R::R4, 0);
            self.call(Service::MapUpdate)?;
            self.give_back(place, bytes);
            self.asm.jmp(Cond::Eq, R::R0, 0, done);
            self.drop(DropKind::Dynamic)?;
            if known.is_none() {
                self.asm.ja(done);
            }
        }
        if known != Some(true) {
            self.asm.bind(delete);
            self.asm.map(R::R1, map);
            self.mem_ptr(R::R2, key);
            self.call(Service::MapDelete)?;
        }
        self.asm.bind(done);
        if key_bytes > 0 {
            self.give_back(key, key_bytes);
        }
        Ok(())
    }
}
