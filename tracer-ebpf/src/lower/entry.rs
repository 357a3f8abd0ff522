//! The beginning of a program: whether it runs now, which of its probes fired, the scratch of this firing; and what its
//! context holds.

use super::LowerError;
use super::fun::{Fun, HOLDER, KEY, LEVEL, ProbeSel};
use crate::asm::Label;
use crate::image::{DropKind, MapIx, Phase, ProgKind, Select};
use crate::isa::{self, Alu, Cond, R, Size};
use crate::plan::Unit;
use crate::service::Service;
use crate::site::{Abi, Site};
use dsl::program::ClauseId;

/// Firings that may be nested on one CPU.
pub const LEVELS: u32 = 4;
/// Bytes of each CPU's nesting word: a cache line.
pub const BUSY_STRIDE: u32 = 64;
/// So many instructions are between two islands, and what one clause has.
const ISLANDS: usize = 8000;
/// Entries of a system call table, for each ABI.
const SYSCALLS: u32 = 1024;
/// `thread_info.status` of a thread in a 32-bit system call.
const TS_COMPAT: i32 = 2;

/// Offsets in the kernel's `struct pt_regs`, x86-64.
mod regs {
    pub const BP: i16 = 32;
    pub const BX: i16 = 40;
    pub const R10: i16 = 56;
    pub const R9: i16 = 64;
    pub const R8: i16 = 72;
    pub const AX: i16 = 80;
    pub const CX: i16 = 88;
    pub const DX: i16 = 96;
    pub const SI: i16 = 104;
    pub const DI: i16 = 112;
    pub const ORIG_AX: i16 = 120;
    pub const IP: i16 = 128;
    pub const CS: i16 = 136;
    pub const SP: i16 = 152;
    /// Arguments of a function call (SysV AMD64 psABI).
    pub const CALL: [i16; 6] = [DI, SI, DX, CX, R8, R9];
    /// Of a system call: r10 in place of rcx.
    pub const SYSCALL: [i16; 6] = [DI, SI, DX, R10, R8, R9];
    /// Of a 32-bit system call.
    pub const COMPAT: [i16; 6] = [BX, CX, DX, SI, DI, BP];
}

/// What the context holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nothing: BEGIN, END.
    Nothing,
    /// pt_regs pointer, then number or result.
    Syscall {
        /// At return.
        ret: bool,
        /// The pointer is typed: loads from it are direct.
        typed: bool,
        /// Caller's ABI.
        abi: Abi,
    },
    /// u64 arguments; numbers.
    Args,
    /// u64 arguments, some of them pointers that the verifier knows.
    TypedArgs {
        /// At return.
        ret: bool,
    },
    /// pt_regs of a function.
    Regs {
        /// At return.
        ret: bool,
    },
    /// pt_regs of whatever the clock interrupted.
    Timer,
    /// ERROR: five arguments in stack slots, arg1 at the first.
    Error(i16),
}

impl Source {
    /// Runs in interrupt context, where the current thread is not what the program is about.
    pub fn in_interrupt(self) -> bool {
        matches!(self, Source::Timer)
    }
    /// Kernel frames that are there only because we look: the program's own and its caller's. Where a program has the
    /// registers of what it looks at, its stack begins there. What is there on some kernels only (`__bpf_trace_*`), or
    /// only while several programs are attached to a tracepoint (`__traceiter_*`), is not counted: the consumer leaves it out.
    pub fn own_frames(self) -> u32 {
        match self {
            // The program, bpf_trace_run*.
            Source::Syscall { .. } | Source::Args | Source::TypedArgs { .. } => 2,
            // The program, __bpf_prog_test_run_raw_tp, bpf_prog_test_run_raw_tp.
            Source::Nothing => 3,
            Source::Regs { .. } | Source::Timer => 0,
            // Subprogram and program at the least.
            Source::Error(_) => 2,
        }
    }
    /// Flags of `get_stack`: how many frames to skip, whose.
    pub fn stack_flags(self, user: bool) -> u64 {
        match user {
            // BPF_F_USER_STACK.
            true => 1 << 8,
            false => u64::from(self.own_frames()),
        }
    }
    /// Of a kind of program.
    pub fn of(kind: &ProgKind, select: Select) -> Source {
        let tracepoint = |typed: bool, name: &str| match select {
            Select::Syscall => Source::Syscall {
                ret: name == "sys_exit",
                typed,
                abi: Abi::Native,
            },
            Select::One | Select::Cookie if typed => Source::TypedArgs { ret: false },
            Select::One | Select::Cookie => Source::Args,
        };
        match kind {
            ProgKind::TestRun { .. } => Source::Nothing,
            ProgKind::RawTracepoint { name } => tracepoint(false, name),
            ProgKind::BtfTracepoint { name } => tracepoint(true, name),
            ProgKind::Kprobe { ret, .. } | ProgKind::KprobeMulti { ret } => {
                Source::Regs { ret: *ret }
            }
            ProgKind::Fentry { ret, .. } => Source::TypedArgs { ret: *ret },
            ProgKind::Timer { .. } => Source::Timer,
        }
    }
}

/// A piece of a unit whose probes run the same clauses and have the same arguments.
pub struct Part {
    probes: Vec<u32>,
    clauses: Vec<ClauseId>,
    abi: Abi,
}

/// The parts of a unit.
fn parts(f: &Fun<'_, '_>, unit: &Unit) -> Vec<Part> {
    let mut out = Vec::new();
    let abi_of = |p: u32| match f.cx.plan.probes.get(p as usize).map(|p| &p.site) {
        Some(Site::Syscall { abi, .. }) => *abi,
        _ => Abi::Native,
    };
    for g in &unit.groups {
        for abi in [Abi::Native, Abi::Compat32] {
            let probes: Vec<u32> = g
                .probes
                .iter()
                .copied()
                .filter(|&p| abi_of(p) == abi)
                .collect();
            if !probes.is_empty() {
                out.push(Part {
                    probes,
                    clauses: g.clauses.clone(),
                    abi,
                });
            }
        }
    }
    out
}

impl<'a, 'b> Fun<'a, 'b> {
    /// The whole main program of a unit.
    pub fn main(&mut self, unit: &Unit) -> Result<(), LowerError> {
        let phase = match unit.kind {
            ProgKind::TestRun { phase } => phase,
            _ => Phase::Active,
        };
        let (mut lost, mut out) = (self.asm.label(), self.asm.label());
        self.asm.mov(R::R6, R::R1);
        let parts = parts(self, unit);
        let mut labels: Vec<Label> = parts.iter().map(|_| self.asm.label()).collect();
        let several = parts.iter().any(|p| p.probes.len() > 1) || parts.len() > 1;
        let link = self.link.clone();
        // Which probe and which part of this it is, for the next program.
        let which = link.as_ref().map(|_| self.persist(16) as i16);
        let called = which.filter(|_| link.as_ref().is_some_and(|l| !l.first()));
        let (slot, busy, kind) = match called {
            Some(which) => {
                let busy = self.take_over(lost)?;
                if parts.len() > 1 {
                    self.asm.ldx(Size::D, R::R8, R::FP, which + 8);
                }
                (several.then_some(which), Some(busy), DropKind::Cut)
            }
            None => {
                self.check_phase(phase, self.exit);
                let slot = match several {
                    true => Some(self.block(8)?),
                    false => None,
                };
                self.select(unit, &parts, slot)?;
                let busy = match self.given.scratch {
                    true => Some(self.acquire(lost, parts.len() > 1)?),
                    false => None,
                };
                (slot, busy, DropKind::Nested)
            }
        };
        self.start(unit)?;
        if parts.len() > 1 {
            self.dispatch(&labels);
        }
        let (have, seen) = (self.have, self.seen);
        let mut islands = 1;
        for (at, part) in parts.iter().enumerate() {
            if let Some(&label) = labels.get(at) {
                self.asm.bind(label);
            }
            (self.have, self.seen, self.reachable) = (have, seen, true);
            self.probe = match (&part.probes[..], slot) {
                (&[one], _) => ProbeSel::One(one),
                (_, Some(slot)) => ProbeSel::Slot(slot),
                (_, None) => ProbeSel::One(0),
            };
            if let Source::Syscall { abi, .. } = &mut self.source {
                *abi = part.abi;
            }
            let mut exits = false;
            for &clause in &part.clauses {
                if std::mem::take(&mut exits) && phase != Phase::End {
                    self.check_phase(phase, out);
                }
                if self.asm.len() > islands * ISLANDS {
                    islands = self.asm.len() / ISLANDS + 1;
                    let mut far = vec![&mut lost, &mut out];
                    far.extend(labels.iter_mut().skip(at + 1));
                    self.island(far);
                }
                exits = self.clause(clause)?;
            }
            if let (Some(next), Some(which), Some(busy)) =
                (link.as_ref().and_then(|l| l.next), which, busy)
            {
                if exits && phase != Phase::End {
                    self.check_phase(phase, out);
                }
                if let Some(slot) = slot.filter(|&s| s != which) {
                    self.asm.ldx(Size::D, R::R0, R::FP, slot);
                    self.asm.stx(Size::D, R::FP, which, R::R0);
                }
                self.asm.st(Size::D, R::FP, which + 8, at as i32);
                self.hand_over(next, busy)?;
            }
            self.asm.ja(out);
        }
        self.asm.bind(out);
        if let Some(busy) = busy {
            self.give_up(busy);
        }
        self.asm.ja(self.exit);
        self.asm.bind(lost);
        self.asm.imm(R::R1, kind as u64);
        self.call_sub(super::fun::Sub::Drop);
        self.asm.bind(self.exit);
        self.asm.imm(R::R0, 0);
        self.asm.exit();
        Ok(())
    }

    /// A branch spans 32,767 instructions: those to places behind the clauses get there by way of islands between them.
    fn island<'l>(&'l mut self, mut far: Vec<&'l mut Label>) {
        let over = self.asm.label();
        self.asm.ja(over);
        far.push(&mut self.exit);
        for label in far {
            let next = self.asm.label();
            self.asm.bind(*label);
            self.asm.ja(next);
            *label = next;
        }
        self.asm.bind(over);
    }

    /// Calls the program that has the firing's next clauses, which then holds the scratch and gives it back.
    ///
    /// Nothing goes over but the context. It is by the context, too, that the next program finds the scratch again: firings that
    /// are under way on one CPU each have their own, on their thread's stack. An address that is one off is no address to anybody
    /// who looks for a pointer, and not zero where there is no context (BEGIN).
    fn hand_over(
        &mut self,
        (map, index): (MapIx, u32),
        (_, mask): (i16, i16),
    ) -> Result<(), LowerError> {
        let holder = HOLDER as i16;
        self.asm.ldx(Size::D, R::R1, R::FP, mask);
        self.asm.stx(Size::D, R::R7, LEVEL as i16, R::R1);
        self.asm.mov(R::R1, R::R6);
        self.asm.alu(Alu::Add, R::R1, 1);
        self.asm.stx(Size::D, R::R7, holder, R::R1);
        self.asm.mov(R::R1, R::R6);
        self.asm.map(R::R2, map);
        self.asm.imm(R::R3, u64::from(index));
        self.call(Service::TailCall)?;
        // Still here: it could not be called.
        self.asm.st(Size::D, R::R7, holder, 0);
        self.drop(DropKind::Cut)
    }

    /// The beginning of a program that is called: finds the firing's scratch, r7, and what gives it back.
    fn take_over(&mut self, lost: Label) -> Result<(i16, i16), LowerError> {
        let (ptr, mask, key) = (self.block(8)?, self.block(8)?, self.block(8)?);
        let cpus = self.cx.caps.cpus.max(1);
        let (busy, scratch) = (self.cx.busy(), self.cx.scratch_map());
        self.call(Service::GetSmpProcessorId)?;
        self.asm.jmp(Cond::Ge, R::R0, cpus as i32, lost);
        self.asm.mov(R::R8, R::R0);
        self.asm.alu(Alu::Mul, R::R8, LEVELS as i32);
        self.asm.alu(Alu::Mul, R::R0, BUSY_STRIDE as i32);
        self.asm.map_value(R::R1, busy, 0);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.asm.stx(Size::D, R::FP, ptr, R::R1);
        let found = self.asm.label();
        for level in 0..LEVELS {
            self.asm.mov(R::R1, R::R8);
            self.asm.alu(Alu::Add, R::R1, level as i32);
            self.asm.stx(Size::W, R::FP, key, R::R1);
            self.asm.map(R::R1, scratch);
            self.stack_ptr(R::R2, key);
            self.call(Service::MapLookup)?;
            self.asm.jmp(Cond::Eq, R::R0, 0, lost);
            self.asm.mov(R::R7, R::R0);
            self.asm.ldx(Size::D, R::R1, R::R7, HOLDER as i16);
            self.asm.mov(R::R2, R::R6);
            self.asm.alu(Alu::Add, R::R2, 1);
            self.asm.jmp(Cond::Eq, R::R1, R::R2, found);
        }
        self.asm.ja(lost);
        self.asm.bind(found);
        self.asm.st(Size::D, R::R7, HOLDER as i16, 0);
        self.asm.ldx(Size::D, R::R1, R::R7, LEVEL as i16);
        self.asm.stx(Size::D, R::FP, mask, R::R1);
        self.frame.free(key, 8);
        Ok((ptr, mask))
    }

    /// Goes on only in this phase.
    fn check_phase(&mut self, phase: Phase, exit: Label) {
        let state = self.cx.state();
        self.asm.map_value(R::R1, state, 0);
        self.asm.ldx(Size::W, R::R1, R::R1, 0);
        self.asm.jmp(Cond::Ne, R::R1, phase as i32, exit);
    }

    /// Finds out which probe fired: its index goes into the slot, the number of its part into r8.
    fn select(&mut self, unit: &Unit, parts: &[Part], slot: Option<i16>) -> Result<(), LowerError> {
        match unit.select {
            Select::One => Ok(()),
            Select::Syscall => self.select_syscall(parts, slot),
            Select::Cookie => {
                let Some(slot) = slot else { return Ok(()) };
                self.asm.mov(R::R1, R::R6);
                self.call(Service::GetAttachCookie)?;
                let n = self.cx.plan.probes.len() as i32;
                self.asm.jmp(Cond::Ge, R::R0, n, self.exit);
                self.asm.stx(Size::D, R::FP, slot, R::R0);
                if parts.len() > 1 {
                    let mut table = vec![0u32; n as usize];
                    for (at, part) in parts.iter().enumerate() {
                        for &p in &part.probes {
                            if let Some(t) = table.get_mut(p as usize) {
                                *t = at as u32;
                            }
                        }
                    }
                    let at = self.cx.number_table(&table);
                    let map = self.cx.rodata();
                    self.asm.map_value(R::R1, map, at);
                    self.asm.alu(Alu::Lsh, R::R0, 2);
                    self.asm.alu(Alu::Add, R::R1, R::R0);
                    self.asm.ldx(Size::W, R::R8, R::R1, 0);
                }
                Ok(())
            }
        }
    }

    fn select_syscall(&mut self, parts: &[Part], slot: Option<i16>) -> Result<(), LowerError> {
        let exit = self.exit;
        let Source::Syscall { ret, .. } = self.source else {
            return Ok(());
        };
        let number = |f: &Self, p: u32| match f.cx.plan.probes.get(p as usize).map(|p| &p.site) {
            Some(Site::Syscall { nr, .. }) => *nr,
            _ => u32::MAX,
        };
        match ret {
            false => self.asm.ldx(Size::D, R::R8, R::R6, 8),
            true => {
                self.syscall_reg(regs::ORIG_AX)?;
                self.asm.mov(R::R8, R::R0);
            }
        }
        let all = |abi| parts.iter().any(|p| p.abi == abi);
        let (native, compat) = (all(Abi::Native), all(Abi::Compat32));
        let single = match parts {
            [Part { probes, .. }] if probes.len() == 1 => probes.first().copied(),
            _ => None,
        };
        match single {
            // A call that none of ours could be ends here, before anything else is looked at.
            Some(p) => {
                let nr = number(self, p) as i32;
                self.asm.jmp(Cond::Ne, R::R8, nr, exit);
            }
            None => self.asm.jmp(Cond::Ge, R::R8, SYSCALLS as i32, exit),
        }
        let abi_in_context = self.cx.caps.abi_in_context;
        if abi_in_context || self.cx.caps.offsets.task_ti_status.is_some() {
            if abi_in_context {
                self.asm.ldx(Size::D, R::R0, R::R6, 16);
                // As the flag of a task has it.
                self.asm.alu(Alu::Mul, R::R0, TS_COMPAT);
            } else {
                let off = self.cx.caps.offsets.task_ti_status;
                self.task_field("a caller's ABI", &[(off, 4)])?;
                self.asm.alu(Alu::And, R::R0, TS_COMPAT);
            }
            match (native, compat) {
                (true, false) => self.asm.jmp(Cond::Ne, R::R0, 0, exit),
                (false, true) => self.asm.jmp(Cond::Eq, R::R0, 0, exit),
                _ => {
                    // 2 << 9 = the second half of the table.
                    self.asm.alu(Alu::Lsh, R::R0, SYSCALLS.ilog2() as i32 - 1);
                    self.asm.alu(Alu::Or, R::R8, R::R0);
                }
            }
        } else if !native {
            self.asm.ja(exit);
        }
        let Some(slot) = slot else { return Ok(()) };
        let mut table = vec![0u32; 2 * SYSCALLS as usize];
        for (at, part) in parts.iter().enumerate() {
            // Where only 32-bit callers come this far, they use the first half.
            let half = if part.abi == Abi::Compat32 && native {
                SYSCALLS
            } else {
                0
            };
            for &p in &part.probes {
                let nr = number(self, p);
                if nr < SYSCALLS
                    && let Some(t) = table.get_mut((half + nr) as usize)
                {
                    *t = (at as u32 + 1) << 20 | p & 0xf_ffff;
                }
            }
        }
        if parts.len() >= 1 << 11 || self.cx.plan.probes.len() >= 1 << 20 {
            return Err(self.err("more probes than one system call program can tell apart"));
        }
        let at = self.cx.number_table(&table);
        let map = self.cx.rodata();
        self.asm.alu(Alu::And, R::R8, 2 * SYSCALLS as i32 - 1);
        self.asm.alu(Alu::Lsh, R::R8, 2);
        self.asm.map_value(R::R1, map, at);
        self.asm.alu(Alu::Add, R::R1, R::R8);
        self.asm.ldx(Size::W, R::R8, R::R1, 0);
        self.asm.jmp(Cond::Eq, R::R8, 0, exit);
        self.asm.mov(R::R0, R::R8);
        self.asm.alu(Alu::And, R::R0, 0xf_ffff);
        self.asm.stx(Size::D, R::FP, slot, R::R0);
        self.asm.alu(Alu::Rsh, R::R8, 20);
        self.asm.alu(Alu::Sub, R::R8, 1);
        Ok(())
    }

    /// Goes to the part whose number is in r8.
    fn dispatch(&mut self, labels: &[Label]) {
        fn tree(f: &mut Fun<'_, '_>, labels: &[Label], first: usize) {
            match labels {
                [] => {}
                [one] => f.asm.ja(*one),
                _ => {
                    let mid = labels.len() / 2;
                    let high = f.asm.label();
                    f.asm.jmp(Cond::Ge, R::R8, (first + mid) as i32, high);
                    tree(f, &labels[..mid], first);
                    f.asm.bind(high);
                    tree(f, &labels[mid..], first + mid);
                }
            }
        }
        tree(self, labels, 0);
    }

    /// Takes this firing's scratch: r7. Gives the slots of the nesting word's address and of what to take from it.
    ///
    /// A program can be interrupted by another on its CPU, and preempted by another task's, which may end after it: a level
    /// is a bit, taken and given back atomically. Where there are no atomic operations with a result there is no preemption
    /// either, and the word is a plain depth.
    fn acquire(&mut self, nested: Label, keep_r8: bool) -> Result<(i16, i16), LowerError> {
        let (ptr, mask) = (self.block(8)?, self.block(8)?);
        let cpus = self.cx.caps.cpus.max(1);
        let busy = self.cx.busy();
        let scratch = self.cx.scratch_map();
        let key = self.block(8)?;
        let keep = self.block(8)?;
        if keep_r8 {
            self.asm.stx(Size::D, R::FP, keep, R::R8);
        }
        self.call(Service::GetSmpProcessorId)?;
        let exit = self.exit;
        self.asm.jmp(Cond::Ge, R::R0, cpus as i32, exit);
        self.asm.mov(R::R8, R::R0);
        self.asm.mov(R::R2, R::R0);
        self.asm.alu(Alu::Mul, R::R2, BUSY_STRIDE as i32);
        self.asm.map_value(R::R1, busy, 0);
        self.asm.alu(Alu::Add, R::R1, R::R2);
        self.asm.stx(Size::D, R::FP, ptr, R::R1);
        if self.cx.caps.atomic_fetch {
            let got = self.asm.label();
            for last in [false, true] {
                // R2 = lowest free level's bit.
                self.asm.ldx(Size::D, R::R2, R::R1, 0);
                self.asm.alu(Alu::Xor, R::R2, -1);
                self.asm.alu(Alu::And, R::R2, (1 << LEVELS) - 1);
                self.asm.jmp(Cond::Eq, R::R2, 0, nested);
                self.asm.mov(R::R3, R::R2);
                self.asm.neg(R::R3);
                self.asm.alu(Alu::And, R::R2, R::R3);
                self.asm.mov(R::R3, R::R2);
                self.asm
                    .atomic(Alu::Or as i32 | isa::FETCH, R::R1, 0, R::R3);
                self.asm.alu(Alu::And, R::R3, R::R2);
                match last {
                    false => self.asm.jmp(Cond::Eq, R::R3, 0, got),
                    true => self.asm.jmp(Cond::Ne, R::R3, 0, nested),
                }
            }
            self.asm.bind(got);
            self.asm.stx(Size::D, R::FP, mask, R::R2);
            // 1, 2, 4, 8 -> 0, 1, 2, 3.
            self.asm.mov(R::R3, R::R2);
            self.asm.alu(Alu::Rsh, R::R3, 3);
            self.asm.alu(Alu::Rsh, R::R2, 1);
            self.asm.alu(Alu::Sub, R::R2, R::R3);
        } else {
            self.asm.ldx(Size::D, R::R2, R::R1, 0);
            self.asm.jmp(Cond::Ge, R::R2, LEVELS as i32, nested);
            self.asm.stx(Size::D, R::FP, mask, R::R2);
            self.asm.mov(R::R3, R::R2);
            self.asm.alu(Alu::Add, R::R3, 1);
            self.asm.stx(Size::D, R::R1, 0, R::R3);
        }
        self.asm.alu(Alu::Mul, R::R8, LEVELS as i32);
        self.asm.alu(Alu::Add, R::R8, R::R2);
        self.asm.stx(Size::W, R::FP, key, R::R8);
        self.asm.map(R::R1, scratch);
        self.stack_ptr(R::R2, key);
        self.call(Service::MapLookup)?;
        // The key is always there; the verifier wants to see it.
        self.asm.jmp(Cond::Eq, R::R0, 0, exit);
        self.asm.mov(R::R7, R::R0);
        if self.cx.global_subs() {
            self.asm.stx(Size::D, R::R7, KEY as i16, R::R8);
        }
        if keep_r8 {
            self.asm.ldx(Size::D, R::R8, R::FP, keep);
        }
        self.frame.free(keep, 8);
        self.frame.free(key, 8);
        Ok((ptr, mask))
    }

    /// Gives the scratch back.
    fn give_up(&mut self, (ptr, mask): (i16, i16)) {
        self.asm.ldx(Size::D, R::R1, R::FP, ptr);
        self.asm.ldx(Size::D, R::R2, R::FP, mask);
        if self.cx.caps.atomic_fetch {
            self.asm.alu(Alu::Xor, R::R2, -1);
            self.asm.atomic(Alu::And as i32, R::R1, 0, R::R2);
        } else {
            self.asm.stx(Size::D, R::R1, 0, R::R2);
        }
    }

    /// Reads a register of the system call's pt_regs into r0.
    fn syscall_reg(&mut self, off: i16) -> Result<(), LowerError> {
        let Source::Syscall { typed, .. } = self.source else {
            return Ok(());
        };
        if typed {
            self.asm.ldx(Size::D, R::R0, R::R6, 0);
            self.asm.ldx(Size::D, R::R0, R::R0, off);
            return Ok(());
        }
        self.asm.ldx(Size::D, R::R3, R::R6, 0);
        self.read_kernel(off, 8)
    }

    /// Reads so many bytes at r3 plus an offset into r0; 0 where that fails.
    fn read_kernel(&mut self, off: i16, bytes: u32) -> Result<(), LowerError> {
        let tmp = self.block(8)?;
        if off != 0 {
            self.asm.alu(Alu::Add, R::R3, i32::from(off));
        }
        self.asm.st(Size::D, R::FP, tmp, 0);
        self.stack_ptr(R::R1, tmp);
        self.asm.imm(R::R2, u64::from(bytes));
        self.call(Service::ProbeReadKernel)?;
        self.asm.ldx(Size::D, R::R0, R::FP, tmp);
        self.frame.free(tmp, 8);
        Ok(())
    }

    /// `argN` into r0. Nothing may be kept in r4 and r5.
    pub fn arg(&mut self, n: u32) -> Result<(), LowerError> {
        let at = |list: &[i16; 6]| list.get(n as usize).copied();
        match self.source {
            Source::Nothing => self.asm.imm(R::R0, 0),
            Source::Syscall {
                ret: false, abi, ..
            } => {
                let list = match abi {
                    Abi::Native => &regs::SYSCALL,
                    Abi::Compat32 => &regs::COMPAT,
                };
                match at(list) {
                    Some(off) => self.syscall_reg(off)?,
                    None => self.asm.imm(R::R0, 0),
                }
                if abi == Abi::Compat32 {
                    self.asm.alu32(Alu::Mov, R::R0, R::R0);
                }
            }
            Source::Syscall { ret: true, .. } => match n {
                0 | 1 => self.asm.ldx(Size::D, R::R0, R::R6, 8),
                _ => self.asm.imm(R::R0, 0),
            },
            Source::Args => match n {
                0..=9 => self.asm.ldx(Size::D, R::R0, R::R6, 8 * n as i16),
                _ => self.asm.imm(R::R0, 0),
            },
            Source::TypedArgs { ret: false } => {
                self.asm.ldx(Size::D, R::R0, R::R6, 8 * n as i16);
                self.launder(R::R0);
            }
            Source::TypedArgs { ret: true } => {
                return Err(
                    self.err("arguments at a function's return need kprobes on this kernel")
                );
            }
            Source::Regs { ret: false } => match at(&regs::CALL) {
                Some(off) => self.asm.ldx(Size::D, R::R0, R::R6, off),
                None => {
                    // Behind the return address; of a 32-bit kernel also those that x86-64 has in registers.
                    self.asm.ldx(Size::D, R::R3, R::R6, regs::SP);
                    match self.cx.caps.pointer {
                        4 => self.read_kernel(4 * (n as i16 - 2), 4)?,
                        _ => self.read_kernel(8 * (n as i16 - 5), 8)?,
                    }
                }
            },
            Source::Regs { ret: true } => match n {
                1 => self.asm.ldx(Size::D, R::R0, R::R6, regs::AX),
                _ => self.asm.imm(R::R0, 0),
            },
            Source::Timer => {
                // arg0 = kernel pc or 0, arg1 = user pc or 0: kernel addresses are the negative ones.
                let skip = self.asm.label();
                match n {
                    // Of a 32-bit kernel no address is negative: by the privilege of its code segment.
                    0 | 1 if self.cx.caps.pointer == 4 => {
                        self.asm.ldx(Size::D, R::R1, R::R6, regs::CS);
                        self.asm.ldx(Size::D, R::R0, R::R6, regs::IP);
                        self.asm.alu(Alu::And, R::R1, 3);
                        let cond = if n == 0 { Cond::Eq } else { Cond::Ne };
                        self.asm.jmp(cond, R::R1, 0, skip);
                        self.asm.imm(R::R0, 0);
                        self.asm.bind(skip);
                    }
                    0 | 1 => {
                        self.asm.ldx(Size::D, R::R0, R::R6, regs::IP);
                        let cond = if n == 0 { Cond::Slt } else { Cond::Sge };
                        self.asm.jmp(cond, R::R0, 0, skip);
                        self.asm.imm(R::R0, 0);
                        self.asm.bind(skip);
                    }
                    _ => self.asm.imm(R::R0, 0),
                }
            }
            Source::Error(slot) => match n {
                1..=5 => self
                    .asm
                    .ldx(Size::D, R::R0, R::FP, slot + 8 * (n as i16 - 1)),
                _ => self.asm.imm(R::R0, 0),
            },
        }
        Ok(())
    }

    /// `errno` into r0: of the system call that returns; 0 elsewhere.
    pub fn errno(&mut self) -> Result<(), LowerError> {
        let Source::Syscall { ret: true, .. } = self.source else {
            self.asm.imm(R::R0, 0);
            return Ok(());
        };
        let (none, done) = (self.asm.label(), self.asm.label());
        self.asm.ldx(Size::D, R::R0, R::R6, 8);
        self.asm.neg(R::R0);
        self.asm.jmp(Cond::Gt, R::R0, 4095, none);
        self.asm.ja(done);
        self.asm.bind(none);
        self.asm.imm(R::R0, 0);
        self.asm.bind(done);
        Ok(())
    }
}
