//! The reference interpreter: what DIF means, run in plain Rust.
//!
//! It is the oracle for the engines that run lowered code, so everything that DTrace's own text leaves open is defined
//! here, for all engines. Verified code ([`super::verify`]) can rely on all of it; unverified code faults (ILLOP) where it
//! breaks a rule, and never panics or loops.
//!
//! **Registers and flags.** All registers are 0 at the start. Shift counts are modulo 64; `sdiv`/`srem` of INT64_MIN by −1
//! wrap; signed comparisons are true ones. The result is the whole register: what records it cuts it to its size.
//!
//! **Faults** end the DIFO at once, with value 0; what it stored before stays. The content of the variable that a faulting
//! store was writing is unspecified. `BadAddr` reports the address that the instruction was given: of a load or a store the
//! register's value, of a string or of a block its first byte, never the byte inside it that failed. All other faults
//! report address 0. `off` is 4 × the instruction's index. The faulting instruction is the one that touches memory:
//! `pushtr` reads nothing.
//!
//! **Memory.** Loads need no alignment: `BadAlign` is never raised. `rld*` behave as `ld*`. Loads (not `uld*`) reach kernel
//! memory and the engine's own: string table, scratch, by-reference variables, strings of built-in variables. What a load
//! across the end of an own object gives is unspecified (here: `BadAddr`). Stores, `copys`, and the destinations of `bcopy`
//! and `copyinto` must lie within scratch or one by-reference variable; anything else is `BadAddr` of the destination, which
//! is looked at before the source. A copy of 0 bytes succeeds anywhere; one whose source and destination overlap gives
//! something unspecified.
//!
//! **Strings** are read as the kernel's own probe-read-string does it: bytes up to a NUL, `strsize` at most, of which the
//! last becomes NUL if none was found. So every subroutine sees at most `strsize − 1` bytes, and that is the longest value
//! of `strlen`. NULL is an address like another: reading a string there is `BadAddr` 0, except that `scmp` takes NULL as
//! the empty string. `scmp` compares as unsigned bytes. What the subroutines compute from these bytes is defined in
//! [`super::strfn`]; results longer than `strsize − 1` are cut, except `strjoin`'s, which fault `NoScratch`.
//!
//! **Scratch** is zeroed memory that lasts for one clause ([`State::begin_clause`]). `allocs`, `alloca` and `copyin` take
//! their size, rounded up to 8 (at least 8); each subroutine that makes a new string takes `strsize`, rounded up to 8
//! (`strchr`, `strrchr`, `strstr` return an address inside their argument; code must not tell that from a copy). What does
//! not fit into [`scratch_size`] faults `NoScratch`.
//!
//! **The tuple stack** records values and addresses. The size register of `pushtr`/`pushtv` is not read by any engine:
//! sizes come from the variable's declared tuple. `call` and the associative loads and stores leave the stack as it is.
//!
//! **Variables.** An integer variable keeps its low `size` bytes and extends them when loaded. By reference (`Str`,
//! `Bytes`): a store copies (`strsize` at most; `size` bytes), a load gives the address of the variable's storage, good
//! until the variable is stored to or freed. Storing the address 0 makes the variable NULL: loads give 0. What was never
//! stored reads as 0; but a global or clause-local by reference as zeroed storage, i.e. the empty string (DTrace's
//! difference, kept). Storing 0 to a thread-local or to an element frees it. The key of an element is, for each member of
//! the declared tuple, 8 bytes for an integer or symbol (the whole register), the bytes and a NUL for a string, `size` bytes
//! for the rest. Clause-locals are zeroed when a firing begins ([`State::begin_firing`]).
//!
//! **Subroutines** read their arguments in order, then compute, then take scratch (`copyin` takes it first).
//! `strtok(s, d)` remembers a copy of `s` for the firing, `strtok(NULL, d)` goes on in it (NULL if there is none, or it has
//! ended). `copyinstr(p, n)` takes `n` bytes at most, and reads one at least. `htons` … act on the low 16, 32 or 64
//! bits and zero the rest. `getmajor`/`getminor` split the kernel's own 12:20 `dev_t`. `inet_ntop` knows AF_INET (2) and
//! AF_INET6 (10), else ILLOP; `link_ntop` types 1 and 32, likewise. A `memstr` of more than `strsize` bytes is NoScratch. `strchr`'s character is the register's low byte. Void subroutines give 0. All others need the
//! kernel, and are the world's ([`World::subr`]).

mod state;
mod subr;

pub use state::{State, VarKey, VarValue};

use super::{
    BuiltinVar, Fault, Insn, Op, Subr, op::NREGS, op::NTUPREGS, op::PUSH_STRING, op::VAR_USER,
};
use crate::program::{DifType, Difo, KeyType, Scope, VarDef};

/// The result: the whole register. With a by-reference type it is an address, see [`value_string`] and [`value_bytes`].
pub type Value = u64;

/// Memory that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Why a DIFO ended without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultInfo {
    /// What happened.
    pub fault: Fault,
    /// 4 × index of the instruction.
    pub off: u32,
    /// The address, for faults that have one; else 0.
    pub addr: u64,
}

/// What surrounds the machine: the memory of a kernel and of a process, and what a probe firing knows.
pub trait World {
    /// Fills `buf` from kernel memory, whole or not at all.
    fn read_kernel(&mut self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable>;
    /// Fills `buf` from the memory of the current process.
    fn read_user(&mut self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable>;
    /// A built-in variable that is a number; `index` is that of `args[]`, `regs[]`, `uregs[]`, else 0.
    fn builtin(&mut self, var: BuiltinVar, index: u64) -> Result<u64, Fault>;
    /// A built-in variable that is a string ([`is_string`]). Asked once per firing.
    fn builtin_str(&mut self, var: BuiltinVar) -> Result<Vec<u8>, Fault>;
    /// Tells threads apart: the key of thread-local variables.
    fn thread(&mut self) -> u64 {
        0
    }
    /// `rand()`.
    fn rand(&mut self) -> u64 {
        0
    }
    /// Subroutines that only a kernel can answer.
    fn subr(&mut self, subr: Subr, args: &[u64]) -> Result<u64, Fault> {
        let _ = (subr, args);
        Err(Fault::IllOp)
    }
}

/// The built-in variables that are strings.
pub fn is_string(var: BuiltinVar) -> bool {
    use BuiltinVar::*;
    matches!(
        var,
        Probeprov | Probemod | Probefunc | Probename | Execname | Zonename | Execargs
    )
}

/// Bytes of scratch memory that a clause has.
pub fn scratch_size(strsize: u32) -> usize {
    (16 * strsize as usize).max(16 * 1024)
}

/// Runs one DIFO. `vars` are the program's variables; `state` is what lasts over firings.
pub fn run(
    difo: &Difo,
    vars: &[VarDef],
    state: &mut State,
    world: &mut dyn World,
    strsize: u32,
) -> Result<Value, FaultInfo> {
    let mut m = Machine::new(difo, vars, state, world, strsize);
    let mut pc = 0usize;
    loop {
        let stop = |s: Stop| FaultInfo {
            fault: s.0,
            off: (pc as u32).wrapping_mul(4),
            addr: s.1,
        };
        let insn = difo
            .text
            .get(pc)
            .and_then(|&w| Insn::decode(w))
            .ok_or(stop(ILLOP))?;
        match m.step(insn).map_err(stop)? {
            Next::Following => pc += 1,
            // Backward branches would not end.
            Next::Jump(to) if to as usize > pc => pc = to as usize,
            Next::Jump(_) => return Err(stop(ILLOP)),
            Next::Done(value) => return Ok(value),
        }
    }
}

/// The string at `addr` as a record takes it: at most `strsize - 1` bytes, without the NUL. Valid until the clause ends.
pub fn value_string(
    difo: &Difo,
    state: &mut State,
    world: &mut dyn World,
    strsize: u32,
    addr: Value,
) -> Result<Vec<u8>, Fault> {
    let mut m = Machine::new(difo, &[], state, world, strsize);
    m.string(addr).map_err(|s| s.0)
}

/// `size` bytes at `addr`, as a record takes them. Valid until the clause ends.
pub fn value_bytes(
    difo: &Difo,
    state: &mut State,
    world: &mut dyn World,
    addr: Value,
    size: u32,
) -> Result<Vec<u8>, Fault> {
    let mut m = Machine::new(difo, &[], state, world, 1);
    m.bytes(addr, u64::from(size)).map_err(|s| s.0)
}

/// A fault and its address.
#[derive(Clone, Copy)]
struct Stop(Fault, u64);
const ILLOP: Stop = Stop(Fault::IllOp, 0);

type Res<T> = Result<T, Stop>;

fn bad(addr: u64) -> Stop {
    Stop(Fault::BadAddr, addr)
}

enum Next {
    Following,
    Jump(u32),
    Done(u64),
}

#[derive(Default)]
struct Flags {
    n: bool,
    z: bool,
    v: bool,
    c: bool,
}

/// One member of the tuple stack.
#[derive(Clone, Copy)]
struct Pushed {
    value: u64,
    kind: PushKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PushKind {
    Value,
    Str,
    Bytes,
}

struct Machine<'a> {
    difo: &'a Difo,
    vars: &'a [VarDef],
    state: &'a mut State,
    world: &'a mut dyn World,
    strsize: usize,
    regs: [u64; NREGS as usize],
    flags: Flags,
    tuple: Vec<Pushed>,
}

/// The string table's address. Own memory lies at addresses that no x86-64 kernel or process has (bits 63–47 differ).
const STRTAB: u64 = 0x0dd1 << 48;

impl<'a> Machine<'a> {
    fn new(
        difo: &'a Difo,
        vars: &'a [VarDef],
        state: &'a mut State,
        world: &'a mut dyn World,
        strsize: u32,
    ) -> Machine<'a> {
        Machine {
            difo,
            vars,
            state,
            world,
            strsize: strsize.max(1) as usize,
            regs: [0; NREGS as usize],
            flags: Flags::default(),
            tuple: Vec::new(),
        }
    }

    fn reg(&self, r: u8) -> Res<u64> {
        self.regs.get(usize::from(r)).copied().ok_or(ILLOP)
    }
    fn set(&mut self, r: u8, v: u64) -> Res<()> {
        match self.regs.get_mut(usize::from(r)) {
            Some(reg) if r != 0 => *reg = v,
            _ => return Err(ILLOP),
        }
        Ok(())
    }

    /// One instruction. Exhaustive: a new opcode has to be given a meaning here.
    fn step(&mut self, i: Insn) -> Res<Next> {
        match i.op {
            Op::Or => self.alu(i, |a, b| a | b)?,
            Op::Xor => self.alu(i, |a, b| a ^ b)?,
            Op::And => self.alu(i, |a, b| a & b)?,
            Op::Sll => self.alu(i, |a, b| a << (b & 63))?,
            Op::Srl => self.alu(i, |a, b| a >> (b & 63))?,
            Op::Sra => self.alu(i, |a, b| ((a as i64) >> (b & 63)) as u64)?,
            Op::Sub => self.alu(i, u64::wrapping_sub)?,
            Op::Add => self.alu(i, u64::wrapping_add)?,
            Op::Mul => self.alu(i, u64::wrapping_mul)?,
            Op::Sdiv => self.div(i, |a, b| (a as i64).wrapping_div(b as i64) as u64)?,
            Op::Udiv => self.div(i, |a, b| a / b)?,
            Op::Srem => self.div(i, |a, b| (a as i64).wrapping_rem(b as i64) as u64)?,
            Op::Urem => self.div(i, |a, b| a % b)?,
            Op::Not => self.set(i.rd, !self.reg(i.r1)?)?,
            Op::Mov => self.set(i.rd, self.reg(i.r1)?)?,
            Op::Cmp => {
                let (a, b) = (self.reg(i.r1)?, self.reg(i.r2)?);
                let (d, v) = (a as i64).overflowing_sub(b as i64);
                self.flags = Flags {
                    n: d < 0,
                    z: a == b,
                    v,
                    c: a < b,
                };
            }
            Op::Tst => {
                self.flags = Flags {
                    z: self.reg(i.r1)? == 0,
                    ..Flags::default()
                }
            }
            Op::Scmp => {
                let (a, b) = (self.reg(i.r1)?, self.reg(i.r2)?);
                let a = if a == 0 { Vec::new() } else { self.string(a)? };
                let b = if b == 0 { Vec::new() } else { self.string(b)? };
                self.flags = Flags {
                    n: a < b,
                    z: a == b,
                    ..Flags::default()
                };
            }
            Op::Ba
            | Op::Be
            | Op::Bne
            | Op::Bg
            | Op::Bgu
            | Op::Bge
            | Op::Bgeu
            | Op::Bl
            | Op::Blu
            | Op::Ble
            | Op::Bleu => {
                if self.taken(i.op) {
                    return Ok(Next::Jump(i.label()));
                }
            }
            Op::Ldsb | Op::Rldsb => self.load(i, 1, true, false)?,
            Op::Ldsh | Op::Rldsh => self.load(i, 2, true, false)?,
            Op::Ldsw | Op::Rldsw => self.load(i, 4, true, false)?,
            Op::Ldub | Op::Rldub => self.load(i, 1, false, false)?,
            Op::Lduh | Op::Rlduh => self.load(i, 2, false, false)?,
            Op::Lduw | Op::Rlduw => self.load(i, 4, false, false)?,
            Op::Ldx | Op::Rldx => self.load(i, 8, false, false)?,
            Op::Uldsb => self.load(i, 1, true, true)?,
            Op::Uldsh => self.load(i, 2, true, true)?,
            Op::Uldsw => self.load(i, 4, true, true)?,
            Op::Uldub => self.load(i, 1, false, true)?,
            Op::Ulduh => self.load(i, 2, false, true)?,
            Op::Ulduw => self.load(i, 4, false, true)?,
            Op::Uldx => self.load(i, 8, false, true)?,
            Op::Stb => self.store(i, 1)?,
            Op::Sth => self.store(i, 2)?,
            Op::Stw => self.store(i, 4)?,
            Op::Stx => self.store(i, 8)?,
            Op::Ret => return Ok(Next::Done(self.reg(i.rd)?)),
            Op::Nop => {}
            Op::Setx => {
                let v = self
                    .difo
                    .inttab
                    .get(usize::from(i.imm16()))
                    .copied()
                    .ok_or(ILLOP)?;
                self.set(i.rd, v)?;
            }
            Op::Sets => self.set(i.rd, STRTAB + u64::from(i.imm16()))?,
            Op::Ldga => {
                let var = BuiltinVar::from_num(u16::from(i.r1)).ok_or(ILLOP)?;
                let index = self.reg(i.r2)?;
                let v = self.world.builtin(var, index).map_err(|f| Stop(f, 0))?;
                self.set(i.rd, v)?;
            }
            Op::Ldta | Op::Xlate | Op::Xlarg => return Err(ILLOP),
            Op::Ldgs if i.imm16() < VAR_USER => {
                let v = self.builtin(i.imm16())?;
                self.set(i.rd, v)?;
            }
            Op::Ldgs => self.load_var(i, Scope::Global, false)?,
            Op::Ldts => self.load_var(i, Scope::Thread, false)?,
            Op::Ldls => self.load_var(i, Scope::Clause, false)?,
            Op::Ldgaa => self.load_var(i, Scope::Global, true)?,
            Op::Ldtaa => self.load_var(i, Scope::Thread, true)?,
            Op::Stgs => self.store_var(i, Scope::Global, false)?,
            Op::Stts => self.store_var(i, Scope::Thread, false)?,
            Op::Stls => self.store_var(i, Scope::Clause, false)?,
            Op::Stgaa => self.store_var(i, Scope::Global, true)?,
            Op::Sttaa => self.store_var(i, Scope::Thread, true)?,
            Op::Call => {
                let subr = Subr::from_num(i.imm16()).ok_or(ILLOP)?;
                let v = self.call(subr)?;
                self.set(i.rd, v)?;
            }
            Op::Pushtr if i.r1 == PUSH_STRING => self.push(i.rd, PushKind::Str)?,
            Op::Pushtr => self.push(i.rd, PushKind::Bytes)?,
            Op::Pushtv => self.push(i.rd, PushKind::Value)?,
            Op::Popts => drop(self.tuple.pop()),
            Op::Flushts => self.tuple.clear(),
            Op::Allocs => {
                let size = self.reg(i.r1)?;
                let at = self.alloc(size)?;
                self.set(i.rd, at)?;
            }
            Op::Copys => {
                let (src, size, dst) = (self.reg(i.r1)?, self.reg(i.r2)?, self.reg(i.rd)?);
                self.copy(src, dst, size)?;
            }
        }
        Ok(Next::Following)
    }

    fn alu(&mut self, i: Insn, f: impl Fn(u64, u64) -> u64) -> Res<()> {
        let v = f(self.reg(i.r1)?, self.reg(i.r2)?);
        self.set(i.rd, v)
    }

    fn div(&mut self, i: Insn, f: impl Fn(u64, u64) -> u64) -> Res<()> {
        if self.reg(i.r2)? == 0 {
            return Err(Stop(Fault::DivZero, 0));
        }
        self.alu(i, f)
    }

    fn taken(&self, op: Op) -> bool {
        let Flags { n, z, v, c } = self.flags;
        match op {
            Op::Be => z,
            Op::Bne => !z,
            Op::Bg => !(z | (n ^ v)),
            Op::Bgu => !(c | z),
            Op::Bge => !(n ^ v),
            Op::Bgeu => !c,
            Op::Bl => n ^ v,
            Op::Blu => c,
            Op::Ble => z | (n ^ v),
            Op::Bleu => c | z,
            _ => true,
        }
    }

    fn push(&mut self, rs: u8, kind: PushKind) -> Res<()> {
        let value = self.reg(rs)?;
        if self.tuple.len() >= NTUPREGS {
            return Err(Stop(Fault::TupOflow, 0));
        }
        self.tuple.push(Pushed { value, kind });
        Ok(())
    }

    fn load(&mut self, i: Insn, size: usize, signed: bool, user: bool) -> Res<()> {
        let addr = self.reg(i.r1)?;
        let mut buf = [0u8; 8];
        let part = buf.get_mut(..size).ok_or(ILLOP)?;
        if user {
            self.world.read_user(addr, part).map_err(|_| bad(addr))?;
        } else {
            self.read(addr, part)?;
        }
        self.set(i.rd, extend(u64::from_le_bytes(buf), size as u8, signed))
    }

    fn store(&mut self, i: Insn, size: usize) -> Res<()> {
        let (value, addr) = (self.reg(i.r1)?, self.reg(i.rd)?);
        let bytes = value.to_le_bytes();
        self.write(addr, bytes.get(..size).ok_or(ILLOP)?)
    }

    fn builtin(&mut self, id: u16) -> Res<u64> {
        let var = BuiltinVar::from_num(id)
            .filter(|_| id >= 0x100)
            .ok_or(ILLOP)?;
        if !is_string(var) {
            return self.world.builtin(var, 0).map_err(|f| Stop(f, 0));
        }
        if !self.state.has_builtin_str(id) {
            let mut s = self.world.builtin_str(var).map_err(|f| Stop(f, 0))?;
            s.truncate(self.strsize - 1);
            s.push(0);
            self.state.set_builtin_str(id, s);
        }
        Ok(state::builtin_addr(id))
    }

    // Memory.

    /// Reads kernel or own memory.
    fn read(&mut self, addr: u64, buf: &mut [u8]) -> Res<()> {
        let own = if addr >> 48 == STRTAB >> 48 {
            Some(self.difo.strtab.get((addr - STRTAB) as usize..))
        } else {
            self.state.memory(addr)
        };
        match own {
            Some(mem) => {
                let part = mem.and_then(|m| m.get(..buf.len())).ok_or(bad(addr))?;
                buf.copy_from_slice(part);
                Ok(())
            }
            None => self.world.read_kernel(addr, buf).map_err(|_| bad(addr)),
        }
    }

    /// Writes scratch or a by-reference variable.
    fn write(&mut self, addr: u64, bytes: &[u8]) -> Res<()> {
        let mem = self
            .state
            .memory_mut(addr)
            .and_then(|m| m.get_mut(..bytes.len()));
        mem.ok_or(bad(addr))?.copy_from_slice(bytes);
        Ok(())
    }

    /// The string at `addr`, cut.
    fn string(&mut self, addr: u64) -> Res<Vec<u8>> {
        self.string_up_to(addr, self.strsize, false)
    }

    /// Reads up to a NUL, `limit` bytes at most; the last of `limit` counts as NUL whatever it is.
    fn string_up_to(&mut self, addr: u64, limit: usize, user: bool) -> Res<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            let at = addr.checked_add(out.len() as u64).ok_or(bad(addr))?;
            let mut b = [0u8];
            if user {
                self.world.read_user(at, &mut b).map_err(|_| bad(addr))?;
            } else {
                self.read(at, &mut b).map_err(|_| bad(addr))?;
            }
            if b[0] == 0 || out.len() + 1 >= limit {
                return Ok(out);
            }
            out.push(b[0]);
        }
    }

    /// A block of kernel or own memory. No block that is larger than scratch or a variable can go anywhere.
    fn bytes(&mut self, addr: u64, size: u64) -> Res<Vec<u8>> {
        let size = usize::try_from(size)
            .ok()
            .filter(|&n| n <= 1 << 20)
            .ok_or(bad(addr))?;
        let mut buf = vec![0; size];
        if size > 0 {
            self.read(addr, &mut buf)?;
        }
        Ok(buf)
    }

    fn alloc(&mut self, size: u64) -> Res<u64> {
        let max = scratch_size(self.strsize as u32);
        self.state.alloc(size, max).ok_or(Stop(Fault::NoScratch, 0))
    }

    /// `copys`, `bcopy`.
    fn copy(&mut self, src: u64, dst: u64, size: u64) -> Res<()> {
        if size == 0 {
            return Ok(());
        }
        // The destination is checked first: it is what bounds the size.
        self.check_dst(dst, size)?;
        let buf = self.bytes(src, size)?;
        self.write(dst, &buf)
    }

    fn check_dst(&mut self, dst: u64, size: u64) -> Res<()> {
        let room = self.state.memory_mut(dst).map_or(0, |m| m.len() as u64);
        if size <= room { Ok(()) } else { Err(bad(dst)) }
    }

    // Variables.

    fn var(&self, id: u16, scope: Scope, assoc: bool) -> Res<&'a VarDef> {
        self.vars
            .iter()
            .find(|v| v.id == id && v.scope == scope && v.tuple.is_empty() != assoc)
            .ok_or(ILLOP)
    }

    /// Where the instruction's variable is kept.
    fn key(&mut self, var: &VarDef) -> Res<VarKey> {
        let mut tuple = Vec::new();
        if !var.tuple.is_empty() {
            if var.tuple.len() != self.tuple.len() {
                return Err(ILLOP);
            }
            for (ty, pushed) in var.tuple.iter().zip(self.tuple.clone()) {
                match (ty, pushed.kind) {
                    (KeyType::Int { .. } | KeyType::Sym(_), PushKind::Value) => {
                        tuple.extend_from_slice(&pushed.value.to_le_bytes());
                    }
                    (KeyType::Str, PushKind::Str) => {
                        tuple.extend_from_slice(&self.string(pushed.value)?);
                        tuple.push(0);
                    }
                    (KeyType::Bytes { size }, PushKind::Bytes) => {
                        let b = self.bytes(pushed.value, u64::from(*size))?;
                        tuple.extend_from_slice(&b);
                    }
                    _ => return Err(ILLOP),
                }
            }
        }
        let thread = (var.scope == Scope::Thread).then(|| self.world.thread());
        Ok(VarKey {
            id: var.id,
            thread,
            tuple,
        })
    }

    fn load_var(&mut self, i: Insn, scope: Scope, assoc: bool) -> Res<()> {
        let var = self.var(i.imm16(), scope, assoc)?;
        let key = self.key(var)?;
        let v = match var.ty {
            DifType::Int { size, signed } => extend(self.state.int(&key, scope), size, signed),
            DifType::Str | DifType::Bytes { .. } => {
                let fresh = self.storage(var.ty);
                let zeroed = scope != Scope::Thread && !assoc;
                self.state.by_ref(key, scope, zeroed.then_some(fresh))
            }
            DifType::Void => return Err(ILLOP),
        };
        self.set(i.rd, v)
    }

    fn store_var(&mut self, i: Insn, scope: Scope, assoc: bool) -> Res<()> {
        let var = self.var(i.imm16(), scope, assoc)?;
        let key = self.key(var)?;
        let value = self.reg(i.rd)?;
        let frees = scope == Scope::Thread || assoc;
        match var.ty {
            _ if value == 0 && frees => self.state.free(&key, scope),
            DifType::Int { size, .. } => self.state.set_int(key, scope, extend(value, size, false)),
            DifType::Str | DifType::Bytes { .. } if value == 0 => self.state.set_null(key, scope),
            DifType::Str => {
                let mut data = self.string(value)?;
                data.resize(self.strsize, 0);
                self.state.set_ref(key, scope, data);
            }
            DifType::Bytes { size } => {
                let data = self.bytes(value, u64::from(size))?;
                self.state.set_ref(key, scope, data);
            }
            DifType::Void => return Err(ILLOP),
        }
        Ok(())
    }

    /// How much a by-reference variable keeps.
    fn storage(&self, ty: DifType) -> usize {
        match ty {
            DifType::Bytes { size } => size as usize,
            _ => self.strsize,
        }
    }
}

/// The low `size` bytes of `v`, extended to 64 bits.
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

#[cfg(test)]
mod tests;
