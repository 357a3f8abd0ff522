//! Subroutines, scratch allocation, copies, and stores to computed addresses.
//!
//! What a subroutine computes is defined by the reference interpreter (`dsl::dif::interp`, `dsl::dif::strfn`).

use super::LowerError;
use super::flow::{Alloc, Flow, Sv, tuple};
use super::fun::{FaultAddr, Fun, LAUNDER, Sub};
use super::op::{Code, Opnd, Val};
use super::spec::SpecSub;
use super::string::StrSub;
use super::var::Mem;
use crate::isa::{Alu, Cond, R, Size};
use crate::service::Service;
use dsl::dif::{Fault, Insn, Op, Subr};
use dsl::program::{ClauseId, DifType, Difo};

/// Run-time bookkeeping of a clause's scratch.
#[derive(Clone, Copy, Debug)]
pub struct Dynamic {
    /// Bytes taken so far.
    pub slot: i16,
    /// Where blocks of run-time sizes are taken from.
    pub area: Option<u32>,
    /// Bytes that a clause has.
    pub limit: u32,
}

/// Linux's address families.
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;

/// So many pointers to elements are kept for a firing.
const KEPT_ELEMENTS: usize = 4;

/// A look-up of an element whose address is kept in a variable.
#[derive(Clone, Copy, Debug)]
pub struct KeptElement {
    /// Where its DIFO is.
    pub difo: usize,
    /// In what it is looked up: once more where it had to be made first, which is another way to the same.
    pub var: u16,
    /// Stack slot of the pointer; 0 in it: nothing was found, or not yet.
    pub slot: i16,
    /// What it points to.
    pub bytes: u32,
}

/// Whether an instruction stores to a computed address.
pub(super) fn stores_by_address(i: &Insn) -> bool {
    let copies = |s| matches!(s, Subr::Bcopy | Subr::Copyinto);
    matches!(i.op, Op::Stb | Op::Sth | Op::Stw | Op::Stx | Op::Copys)
        || i.op == Op::Call && Subr::from_num(i.imm16()).is_some_and(copies)
}

impl<'a, 'b> Fun<'a, 'b> {
    /// Takes `bytes` off what the clause may still allocate; faults NOSCRATCH.
    pub(super) fn account(&mut self, bytes: u32, at: usize) {
        let Some(d) = self.dynamic else { return };
        let fault = self.fault(Fault::NoScratch, FaultAddr::Zero, 4 * at as i32);
        self.asm.ldx(Size::D, R::R0, R::FP, d.slot);
        self.asm.alu(Alu::Add, R::R0, bytes as i32);
        self.jmp(Cond::Gt, R::R0, d.limit as i32, fault);
        self.asm.stx(Size::D, R::FP, d.slot, R::R0);
    }

    /// Zeroed scratch of a size known or not. Where known the place is the instruction's, else its address is in r0.
    fn take(&mut self, c: &mut Code<'_>, at: usize, size: Opnd) -> Result<Option<u32>, LowerError> {
        let limit = self.cx.opts.clause_scratch();
        if let (Some(Alloc::Fixed(bytes)), Opnd::Known(_)) = (c.flow.alloc(at), size) {
            let fault = self.fault(Fault::NoScratch, FaultAddr::Zero, 4 * at as i32);
            if bytes > limit {
                c.bufs.insert(at as u32, (self.scratch_top, 0));
                self.ja(fault);
                return Ok(None);
            }
            self.account(bytes, at);
            let off = self.place_buf(c, at, bytes);
            self.zero(Mem::Scratch(off), bytes)?;
            return Ok(Some(off));
        }
        let fault = self.fault(Fault::NoScratch, FaultAddr::Zero, 4 * at as i32);
        let Some(Dynamic {
            slot,
            area: Some(area),
            limit,
        }) = self.dynamic
        else {
            self.ja(fault);
            return Ok(None);
        };
        // r2 = the size, rounded; r0 = the end.
        self.opnd_num(c, size, R::R2)?;
        self.jmp(Cond::Gt, R::R2, limit as i32, fault);
        let some = self.asm.label();
        self.asm.jmp(Cond::Ne, R::R2, 0, some);
        self.asm.imm(R::R2, 1);
        self.asm.bind(some);
        self.asm.alu(Alu::Add, R::R2, 7);
        self.asm.alu(Alu::Rsh, R::R2, 3);
        self.asm.alu(Alu::Lsh, R::R2, 3);
        self.asm.ldx(Size::D, R::R1, R::FP, slot);
        self.jmp(Cond::Gt, R::R1, limit as i32, fault);
        self.asm.mov(R::R0, R::R1);
        self.asm.alu(Alu::Add, R::R0, R::R2);
        self.jmp(Cond::Gt, R::R0, limit as i32, fault);
        self.asm.stx(Size::D, R::FP, slot, R::R0);
        let tmp = self.block(8)?;
        self.asm.mov(R::R0, R::R1);
        self.scratch_ptr(R::R1, area);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.asm.stx(Size::D, R::R7, LAUNDER as i16, R::R1);
        self.asm.ldx(Size::D, R::R0, R::R7, LAUNDER as i16);
        self.asm.stx(Size::D, R::FP, tmp, R::R0);
        let zeros = self.cx.zeros(limit);
        self.asm.map_value(R::R3, zeros, 0);
        self.call(Service::ProbeReadKernel)?;
        self.asm.ldx(Size::D, R::R0, R::FP, tmp);
        self.frame.free(tmp, 8);
        Ok(None)
    }

    /// `allocs`.
    pub fn allocs(&mut self, c: &mut Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        self.clobber()?;
        let size = self.reg_opnd(c, at, i.r1);
        self.take_result(c, at, i, size)
    }

    fn take_result(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        i: Insn,
        size: Opnd,
    ) -> Result<(), LowerError> {
        if self.take(c, at, size)?.is_some() {
            // A known place: the name stands for it.
            self.unname(usize::from(i.rd & 7));
            return Ok(());
        }
        if !self.reachable {
            return Ok(());
        }
        self.result_r0(c, at, usize::from(i.rd & 7))
    }

    /// The name stands for something known without running.
    pub(super) fn unname(&mut self, name: usize) {
        if let Some(old) = self.names[name].take() {
            self.release(old);
        }
    }

    /// Checks that `size` bytes at a computed address may be stored to; r1 = a pointer there.
    pub fn writable(&mut self, dst: Val, size: u32, off: i32) -> Result<(), LowerError> {
        if let Val::Buf(place, room) = dst
            && size <= room
        {
            self.scratch_ptr(R::R1, place);
            return Ok(());
        }
        let addr = self.fault_addr(dst);
        let fault = self.fault(Fault::BadAddr, addr, off);
        let good = self.asm.label();
        self.load_num(dst, R::R2)?;
        for window in self.windows() {
            let next = self.asm.label();
            let bytes = self.window_ptr(window);
            if bytes < size {
                continue;
            }
            if let Window::Element(..) = window {
                self.asm.jmp(Cond::Eq, R::R1, 0, next);
            }
            // r1 = the window, r3 = the same as a number, then the offset in it.
            self.asm.stx(Size::D, R::R7, LAUNDER as i16, R::R1);
            self.asm.ldx(Size::D, R::R0, R::R7, LAUNDER as i16);
            self.asm.mov(R::R3, R::R2);
            self.asm.alu(Alu::Sub, R::R3, R::R0);
            self.asm.jmp(Cond::Gt, R::R3, (bytes - size) as i32, next);
            self.asm.alu(Alu::Add, R::R1, R::R3);
            self.asm.ja(good);
            self.asm.bind(next);
        }
        self.ja(fault);
        self.asm.bind(good);
        self.reachable = true;
        Ok(())
    }

    /// What may be stored to by address: the clause's scratch, and the by-reference variables.
    fn windows(&mut self) -> Vec<Window> {
        self.want_scratch();
        let mut all = vec![Window::Scratch];
        if let Some((map, size)) = self.cx.all_globals() {
            all.push(Window::Globals(map, size));
        }
        all.extend(
            self.elements
                .iter()
                .map(|&(_, slot, bytes)| Window::Element(slot, bytes)),
        );
        all.extend(
            self.kept_elements
                .iter()
                .map(|k| Window::Element(k.slot, k.bytes)),
        );
        all
    }

    /// Before a firing: where the address of an element goes to a variable, and something later stores by address, the pointer
    /// is kept for the firing.
    pub fn keep_elements(&mut self, clauses: &[ClauseId]) -> Result<(), LowerError> {
        let program = self.cx.program;
        let clauses = clauses
            .iter()
            .filter_map(|c| program.clauses.get(c.0 as usize));
        let difos: Vec<&Difo> = clauses.flat_map(super::clause_difos).collect();
        let stores = |d: &&Difo| {
            let insns = d.text.iter().filter_map(|&w| Insn::decode(w));
            insns.into_iter().any(|i| stores_by_address(&i))
        };
        let Some(last) = difos.iter().rposition(stores) else {
            return Ok(());
        };
        for difo in difos.into_iter().take(last) {
            let flow = Flow::new(difo).map_err(|e| self.err(format!("malformed DIF: {e}")))?;
            for at in flow.kept_addresses() {
                let i = flow.insns[at];
                let (scope, assoc) = Self::scope_of(i.op);
                let var = self.var(i.imm16(), scope, assoc)?;
                let DifType::Bytes { size: bytes } = var.ty else {
                    continue;
                };
                let difo = std::ptr::from_ref(difo).addr();
                let twice = |k: &KeptElement| k.difo == difo && k.var == var.id;
                if self.kept_elements.iter().any(twice) {
                    continue;
                }
                // A store through one for which there is no slot faults.
                if self.kept_elements.len() == KEPT_ELEMENTS {
                    return Ok(());
                }
                let Some(slot) = self.frame.alloc(8) else {
                    return Ok(());
                };
                self.asm.st(Size::D, R::FP, slot, 0);
                self.kept_elements.push(KeptElement {
                    difo,
                    var: var.id,
                    slot,
                    bytes,
                });
            }
        }
        Ok(())
    }

    /// Before a DIFO: where elements are looked up whose address may be stored to, the pointers are kept, because a number
    /// can't be made a pointer again. A slot for each look-up: `a["x"].n = a["y"].n`.
    pub fn watch_elements(&mut self, c: &Code<'_>) -> Result<(), LowerError> {
        if !c.flow.insns.iter().any(stores_by_address) {
            return Ok(());
        }
        for (at, i) in c.flow.insns.iter().enumerate() {
            if !matches!(i.op, Op::Ldgaa | Op::Ldtaa | Op::Ldts) || c.flow.before[at].is_none() {
                continue;
            }
            let (scope, assoc) = Self::scope_of(i.op);
            let v = self.var(i.imm16(), scope, assoc)?;
            let bytes = match v.ty {
                DifType::Bytes { .. } | DifType::Str => self.storage(v.ty),
                DifType::Int { .. } | DifType::Void => continue,
            };
            // A pointer: nowhere but on the stack.
            let slot = self.frame.alloc(8);
            let slot = slot.ok_or_else(|| {
                self.err("it looks up too many elements for the 512 bytes of stack")
            })?;
            self.asm.st(Size::D, R::FP, slot, 0);
            self.elements.push((at, slot, bytes));
        }
        Ok(())
    }

    fn window_ptr(&mut self, w: Window) -> u32 {
        match w {
            Window::Scratch => {
                let from = super::fun::SCRATCH_HEAD;
                self.scratch_ptr(R::R1, from);
                self.scratch_top.max(self.scratch_max).saturating_sub(from)
            }
            Window::Globals(map, size) => {
                self.asm.map_value(R::R1, map, 0);
                size
            }
            Window::Element(slot, bytes) => {
                self.asm.ldx(Size::D, R::R1, R::FP, slot);
                bytes
            }
        }
    }

    /// `copys`, `bcopy`, `copyinto`: a size known when compiling, or bounded by the scratch.
    pub fn copy(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        src: Opnd,
        size: Opnd,
        dst: Opnd,
        service: Service,
    ) -> Result<(), LowerError> {
        self.clobber()?;
        let off = 4 * at as i32;
        let (src, dst) = (self.opnd_val(c, src)?, self.opnd_val(c, dst)?);
        let done = self.asm.label();
        let known = match size {
            Opnd::Known(Sv::Const(0)) => return Ok(()),
            Opnd::Known(Sv::Const(n)) => Some(n),
            _ => None,
        };
        let limit = self.cx.opts.clause_scratch();
        let Some(n) = known else {
            return self.copy_dynamic(c, at, src, size, dst, service);
        };
        let Ok(n) = u32::try_from(n.min(u64::from(limit) * 4)) else {
            return Ok(());
        };
        self.writable(dst, n, off)?;
        self.asm.imm(R::R2, u64::from(n));
        self.load_ptr(src, R::R3)?;
        self.read_or_fault(service, src, off)?;
        self.asm.bind(done);
        Ok(())
    }

    /// The size is in a register: the destination has to have as much room as the largest size there is.
    fn copy_dynamic(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        src: Val,
        size: Opnd,
        dst: Val,
        service: Service,
    ) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let limit = self.cx.opts.clause_scratch();
        let text = c.flow.text_size(at, self.cx.opts.strsize);
        let limit = text.unwrap_or(limit).min(limit);
        let done = self.asm.label();
        let addr = self.fault_addr(dst);
        let bad_dst = self.fault(Fault::BadAddr, addr, off);
        let tmp = self.scratch(limit);
        self.opnd_num(c, size, R::R2)?;
        self.jmp(Cond::Eq, R::R2, 0, done);
        self.jmp(Cond::Gt, R::R2, limit as i32, bad_dst);
        // By way of a buffer: from anywhere to there, then to a place that has been looked at.
        let n = self.block(8)?;
        self.asm.stx(Size::D, R::FP, n, R::R2);
        let base = super::fun::SCRATCH_HEAD;
        self.load_num(dst, R::R3)?;
        self.scratch_ptr(R::R1, base);
        self.launder_into(R::R1, R::R0);
        self.asm.alu(Alu::Sub, R::R3, R::R0);
        // Room for the largest size behind the highest place: the buffer itself is that room.
        let top = tmp.saturating_sub(base);
        self.jmp(Cond::Ge, R::R3, top as i32, bad_dst);
        let end = self.block(8)?;
        self.asm.mov(R::R0, R::R3);
        self.asm.alu(Alu::Add, R::R0, R::R2);
        self.jmp(Cond::Gt, R::R0, top as i32, bad_dst);
        self.asm.stx(Size::D, R::FP, end, R::R3);
        self.scratch_ptr(R::R1, tmp);
        self.load_ptr(src, R::R3)?;
        self.read_or_fault(service, src, off)?;
        self.asm.ldx(Size::D, R::R0, R::FP, end);
        self.jmp(Cond::Gt, R::R0, top as i32, bad_dst);
        self.scratch_ptr(R::R1, base);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.asm.ldx(Size::D, R::R2, R::FP, n);
        self.jmp(Cond::Gt, R::R2, limit as i32, bad_dst);
        self.scratch_ptr(R::R3, tmp);
        self.call(Service::ProbeReadKernel)?;
        self.bind(done);
        self.frame.free(n, 8);
        self.frame.free(end, 8);
        Ok(())
    }

    fn launder_into(&mut self, ptr: R, dst: R) {
        self.want_scratch();
        self.asm.stx(Size::D, R::R7, LAUNDER as i16, ptr);
        self.asm.ldx(Size::D, dst, R::R7, LAUNDER as i16);
    }

    // Subroutines.

    /// Argument `n` of a call.
    pub(super) fn arg_val(&mut self, c: &Code<'_>, at: usize, n: usize) -> Result<Val, LowerError> {
        let depth = c.flow.before[at].as_ref().map_or(0, |b| b.depth);
        if n >= depth {
            return Err(self.err("malformed DIF: too few arguments of a subroutine"));
        }
        let o = self.opnd(c, at, tuple(n));
        self.opnd_val(c, o)
    }

    pub(super) fn has_arg(&self, c: &Code<'_>, at: usize, n: usize) -> bool {
        c.flow.before[at].as_ref().is_some_and(|b| n < b.depth)
    }

    /// The place of a subroutine's new string.
    pub(super) fn new_string(&mut self, c: &mut Code<'_>, at: usize) -> u32 {
        let bytes = self.cx.opts.strsize.next_multiple_of(8);
        self.account(bytes, at);
        self.place_buf(c, at, bytes)
    }

    /// `call`. Exhaustive over the table.
    pub fn subr(&mut self, c: &mut Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let Some(s) = Subr::from_num(i.imm16()) else {
            return Err(self.err(format!("unknown subroutine {}", i.imm16())));
        };
        self.clobber()?;
        let rd = usize::from(i.rd & 7);
        let off = 4 * at as i32;
        match s {
            Subr::Rand => {
                self.call(Service::GetPrandomU32)?;
                let tmp = self.block(8)?;
                self.asm.stx(Size::D, R::FP, tmp, R::R0);
                self.call(Service::GetPrandomU32)?;
                self.asm.ldx(Size::D, R::R1, R::FP, tmp);
                self.asm.alu(Alu::Lsh, R::R1, 32);
                self.asm.alu(Alu::Xor, R::R0, R::R1);
                self.frame.free(tmp, 8);
                self.result_r0(c, at, rd)
            }
            Subr::Strlen => {
                let v = self.arg_val(c, at, 0)?;
                if let Val::Str(_, len) = v {
                    self.asm
                        .imm(R::R0, u64::from(len.min(self.cx.opts.strsize - 1)));
                } else {
                    let room = self.string_room(v);
                    let tmp = self.scratch(room);
                    self.read_string(v, Mem::Scratch(tmp), room, off)?;
                    self.asm.alu(Alu::Sub, R::R0, 1);
                }
                self.result_r0(c, at, rd)
            }
            Subr::Strjoin => self.strjoin(c, at, rd),
            Subr::Substr => self.substr(c, at, rd),
            Subr::Strchr | Subr::Strrchr => {
                let v = self.arg_val(c, at, 0)?;
                let s_ptr = self.string_arg(v, off)?;
                let ch = self.arg_val(c, at, 1)?;
                self.load_num(ch, R::R2)?;
                self.asm.alu(Alu::And, R::R2, 255);
                self.place_ptr(s_ptr, R::R1);
                self.call_str(match s {
                    Subr::Strchr => StrSub::Strchr,
                    _ => StrSub::Strrchr,
                });
                self.inside(v)?;
                self.result_r0(c, at, rd)
            }
            Subr::Strstr | Subr::Index | Subr::Rindex => {
                let v = self.arg_val(c, at, 0)?;
                let hay = self.string_arg(v, off)?;
                let needle = self.arg_val(c, at, 1)?;
                self.needle_room = self.needle_room.max(self.string_room(needle));
                let needle = self.string_arg(needle, off)?;
                let work = self.scratch(super::search::work(self.cx.string_room()));
                let strsize = i64::from(self.cx.opts.strsize);
                let pos = match (s, self.has_arg(c, at, 2)) {
                    (Subr::Strstr, _) | (Subr::Index, false) => None,
                    (Subr::Rindex, false) => Some(Val::Const(strsize as u64)),
                    _ => Some(self.arg_val(c, at, 2)?),
                };
                let sub = match s {
                    Subr::Strstr => StrSub::Strstr,
                    Subr::Index if pos.is_none() => StrSub::Index,
                    Subr::Index => StrSub::IndexAt,
                    _ => StrSub::Rindex,
                };
                match pos {
                    Some(p) => self.load_num(p, R::R4)?,
                    None => self.asm.imm(R::R4, 0),
                }
                self.place_ptr(hay, R::R1);
                self.place_ptr(needle, R::R2);
                self.scratch_ptr(R::R3, work);
                self.call_str(sub);
                if s == Subr::Strstr {
                    self.inside(v)?;
                }
                self.result_r0(c, at, rd)
            }
            Subr::Basename | Subr::Dirname | Subr::Toupper | Subr::Tolower | Subr::Cleanpath => {
                let v = self.arg_val(c, at, 0)?;
                let s_ptr = self.string_arg(v, off)?;
                let out = self.new_string(c, at);
                self.place_ptr(s_ptr, R::R1);
                self.scratch_ptr(R::R2, out);
                self.call_str(match s {
                    Subr::Basename => StrSub::Basename,
                    Subr::Dirname => StrSub::Dirname,
                    Subr::Toupper => StrSub::Toupper,
                    Subr::Tolower => StrSub::Tolower,
                    _ => StrSub::Cleanpath,
                });
                self.unname(rd);
                Ok(())
            }
            Subr::Lltostr => {
                let v = self.arg_val(c, at, 0)?;
                let base = match self.has_arg(c, at, 1) {
                    true => self.arg_val(c, at, 1)?,
                    false => Val::Const(10),
                };
                let illop = self.fault(Fault::IllOp, FaultAddr::Zero, off);
                self.load_num(base, R::R2)?;
                self.jmp(Cond::Lt, R::R2, 2, illop);
                self.jmp(Cond::Gt, R::R2, 36, illop);
                let tmp = self.scratch(80);
                let out = self.new_string(c, at);
                self.load_num(v, R::R1)?;
                self.load_num(base, R::R2)?;
                self.scratch_ptr(R::R3, tmp);
                self.call_str(StrSub::Lltostr);
                // r0 = where the text begins in the 72 bytes.
                self.jmp(Cond::Gt, R::R0, 71, illop);
                self.scratch_ptr(R::R3, tmp);
                self.asm.alu(Alu::Add, R::R3, R::R0);
                self.scratch_ptr(R::R1, out);
                self.asm.imm(R::R2, u64::from(self.cx.opts.strsize.min(72)));
                self.call(Service::ProbeReadKernelStr)?;
                self.unname(rd);
                Ok(())
            }
            Subr::Strtoll => {
                let v = self.arg_val(c, at, 0)?;
                let s_ptr = self.string_arg(v, off)?;
                let base = match self.has_arg(c, at, 1) {
                    true => self.arg_val(c, at, 1)?,
                    false => Val::Const(10),
                };
                let illop = self.fault(Fault::IllOp, FaultAddr::Zero, off);
                self.load_num(base, R::R2)?;
                self.jmp(Cond::Lt, R::R2, 2, illop);
                self.jmp(Cond::Gt, R::R2, 36, illop);
                self.place_ptr(s_ptr, R::R1);
                self.call_str(StrSub::Strtoll);
                self.result_r0(c, at, rd)
            }
            Subr::Strtok => self.strtok(c, at, rd),
            Subr::Htons | Subr::Ntohs => self.swap(c, at, rd, 16),
            Subr::Htonl | Subr::Ntohl => self.swap(c, at, rd, 32),
            Subr::Htonll | Subr::Ntohll => self.swap(c, at, rd, 64),
            Subr::Getmajor | Subr::Getminor => {
                let v = self.arg_val(c, at, 0)?;
                self.load_num(v, R::R0)?;
                match s {
                    Subr::Getmajor => {
                        self.asm.alu32(Alu::Mov, R::R0, R::R0);
                        self.asm.alu(Alu::Rsh, R::R0, 20);
                    }
                    _ => self.asm.alu(Alu::And, R::R0, 0xf_ffff),
                }
                self.result_r0(c, at, rd)
            }
            Subr::InetNtoa => {
                let v = self.arg_val(c, at, 0)?;
                self.inet4(c, at, rd, v)
            }
            Subr::InetNtop => {
                let family = self.arg_val(c, at, 0)?;
                let v = self.arg_val(c, at, 1)?;
                match family {
                    Val::Const(f) if f == AF_INET as u64 => self.inet4(c, at, rd, v),
                    Val::Const(f) if f == AF_INET6 as u64 => self.inet6(c, at, rd, v),
                    family => self.inet_any(c, at, rd, family, v),
                }
            }
            Subr::InetNtoa6 => {
                let v = self.arg_val(c, at, 0)?;
                self.inet6(c, at, rd, v)
            }
            Subr::Json => self.json(c, at, rd),
            Subr::DPath => self.d_path(c, at, rd),
            Subr::Progenyof => self.progenyof(c, at, rd),
            Subr::Getf => self.getf(c, at, rd),
            Subr::LinkNtop => self.link_ntop(c, at, rd),
            Subr::Memstr => self.memstr(c, at, rd),
            Subr::Alloca => {
                let o = self.opnd(c, at, tuple(0));
                self.take_result(c, at, i, o)
            }
            Subr::Bcopy => {
                let (src, dst, size) = (
                    self.opnd(c, at, tuple(0)),
                    self.opnd(c, at, tuple(1)),
                    self.opnd(c, at, tuple(2)),
                );
                self.copy(c, at, src, size, dst, Service::ProbeReadKernel)?;
                self.unname(rd);
                Ok(())
            }
            Subr::Copyinto => {
                let (src, size, dst) = (
                    self.opnd(c, at, tuple(0)),
                    self.opnd(c, at, tuple(1)),
                    self.opnd(c, at, tuple(2)),
                );
                self.copy(c, at, src, size, dst, Service::ProbeReadUser)?;
                self.unname(rd);
                Ok(())
            }
            Subr::Copyin => self.copyin(c, at, i),
            Subr::Copyinstr => self.copyinstr(c, at, rd),
            Subr::Speculation => {
                self.call_sub(Sub::Spec(SpecSub::Take));
                self.result_r0(c, at, rd)
            }
            Subr::Copyout | Subr::Copyoutstr => {
                self.copyout(c, at, s)?;
                self.unname(rd);
                Ok(())
            }
            Subr::MutexOwned
            | Subr::MutexOwner
            | Subr::MutexTypeAdaptive
            | Subr::MutexTypeSpin
            | Subr::RwReadHeld
            | Subr::RwWriteHeld
            | Subr::RwIswriter => self.lock(c, at, rd, s),
            // The compiler refuses these.
            Subr::Msgdsize | Subr::Msgsize | Subr::DdiPathname => {
                Err(self.err(format!("{}() is not supported", s.name())))
            }
        }
    }

    /// r0 is an offset into the string, or −1: made an address there, or NULL.
    fn inside(&mut self, v: Val) -> Result<(), LowerError> {
        let (some, done) = (self.asm.label(), self.asm.label());
        self.asm.jmp(Cond::Sge, R::R0, 0, some);
        self.asm.imm(R::R0, 0);
        self.asm.ja(done);
        self.asm.bind(some);
        let tmp = self.block(8)?;
        self.asm.stx(Size::D, R::FP, tmp, R::R0);
        self.load_num(v, R::R1)?;
        self.asm.ldx(Size::D, R::R0, R::FP, tmp);
        self.frame.free(tmp, 8);
        self.asm.alu(Alu::Add, R::R0, R::R1);
        self.asm.bind(done);
        Ok(())
    }

    fn swap(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
        bits: i32,
    ) -> Result<(), LowerError> {
        let v = self.arg_val(c, at, 0)?;
        self.load_num(v, R::R0)?;
        self.asm.to_be(R::R0, bits);
        self.result_r0(c, at, rd)
    }

    fn strjoin(&mut self, c: &mut Code<'_>, at: usize, rd: usize) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let (a, b) = (self.arg_val(c, at, 0)?, self.arg_val(c, at, 1)?);
        let (ra, rb) = (self.string_room(a), self.string_room(b));
        let full = self.fault(Fault::NoScratch, FaultAddr::Zero, off);
        // Room for both, whatever their lengths: checked when both are there.
        let bytes = (ra + rb).max(strsize).next_multiple_of(8);
        let out = self.scratch(bytes);
        self.read_string(a, Mem::Scratch(out), ra, off)?;
        let len = self.block(8)?;
        self.asm.alu(Alu::Sub, R::R0, 1);
        self.jmp(Cond::Gt, R::R0, ra as i32, full);
        self.asm.stx(Size::D, R::FP, len, R::R0);
        self.load_ptr(b, R::R3)?;
        self.asm.ldx(Size::D, R::R0, R::FP, len);
        self.jmp(Cond::Gt, R::R0, ra as i32, full);
        self.scratch_ptr(R::R1, out);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.asm.imm(R::R2, u64::from(rb));
        self.read_or_fault(Service::ProbeReadKernelStr, b, off)?;
        if ra + rb > strsize {
            self.asm.ldx(Size::D, R::R1, R::FP, len);
            self.asm.alu(Alu::Add, R::R0, R::R1);
            self.jmp(Cond::Gt, R::R0, strsize as i32, full);
        }
        self.frame.free(len, 8);
        self.account(strsize.next_multiple_of(8), at);
        c.bufs.insert(at as u32, (out, strsize.next_multiple_of(8)));
        self.unname(rd);
        Ok(())
    }

    fn substr(&mut self, c: &mut Code<'_>, at: usize, rd: usize) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let v = self.arg_val(c, at, 0)?;
        let room = self.string_room(v);
        let src = self.scratch(room);
        self.read_string(v, Mem::Scratch(src), room, off)?;
        let slen = self.block(8)?;
        self.asm.alu(Alu::Sub, R::R0, 1);
        self.asm.stx(Size::D, R::FP, slen, R::R0);
        let idx = self.arg_val(c, at, 1)?;
        let len = match self.has_arg(c, at, 2) {
            true => self.arg_val(c, at, 2)?,
            false => Val::Const(i64::MAX as u64),
        };
        let out = self.new_string(c, at);
        self.load_num(len, R::R0)?;
        self.asm.mov(R::R3, R::R0);
        self.load_num(idx, R::R2)?;
        self.asm.ldx(Size::D, R::R1, R::FP, slen);
        self.frame.free(slen, 8);
        // r1 = length, r2 = index, r3 = remaining.
        let (nothing, placed, rest, go) = (
            self.asm.label(),
            self.asm.label(),
            self.asm.label(),
            self.asm.label(),
        );
        let a = &mut self.asm;
        a.jmp(Cond::Sge, R::R2, 0, placed);
        a.alu(Alu::Add, R::R2, R::R1);
        a.jmp(Cond::Sge, R::R2, 0, placed);
        a.mov(R::R0, R::R2);
        a.alu(Alu::Add, R::R0, R::R3);
        a.jmp(Cond::Sle, R::R0, 0, nothing);
        a.mov(R::R3, R::R0);
        a.imm(R::R2, 0);
        a.bind(placed);
        a.jmp(Cond::Sge, R::R2, R::R1, nothing);
        // r1 = what there is from the index on.
        a.alu(Alu::Sub, R::R1, R::R2);
        a.jmp(Cond::Sge, R::R3, 0, rest);
        a.alu(Alu::Add, R::R3, R::R1);
        a.jmp(Cond::Sgt, R::R3, 0, rest);
        a.bind(nothing);
        a.imm(R::R2, 0);
        a.imm(R::R3, 0);
        a.ja(go);
        a.bind(rest);
        a.jmp(Cond::Sle, R::R3, R::R1, go);
        a.mov(R::R3, R::R1);
        a.bind(go);
        // r2 = index, r3 = count: both below strsize, which the verifier wants to see.
        let none = a.label();
        let fine = a.label();
        a.jmp(Cond::Ge, R::R3, strsize as i32, none);
        a.jmp(Cond::Lt, R::R2, room as i32, fine);
        a.bind(none);
        a.imm(R::R2, 0);
        a.imm(R::R3, 0);
        a.bind(fine);
        a.mov(R::R0, R::R2);
        a.mov(R::R2, R::R3);
        a.alu(Alu::Add, R::R2, 1);
        self.scratch_ptr(R::R3, src);
        self.asm.alu(Alu::Add, R::R3, R::R0);
        self.scratch_ptr(R::R1, out);
        self.call(Service::ProbeReadKernelStr)?;
        self.unname(rd);
        Ok(())
    }

    fn copyin(&mut self, c: &mut Code<'_>, at: usize, i: Insn) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let rd = usize::from(i.rd & 7);
        let src = self.arg_val(c, at, 0)?;
        let size = self.opnd(c, at, tuple(1));
        if let Some(place) = self.take(c, at, size)? {
            if let Opnd::Known(Sv::Const(n)) = size
                && n > 0
            {
                self.load_num(src, R::R3)?;
                self.scratch_ptr(R::R1, place);
                self.asm.imm(R::R2, n);
                self.read_or_fault(Service::ProbeReadUser, src, off)?;
            }
            self.unname(rd);
            return Ok(());
        }
        if !self.reachable {
            return Ok(());
        }
        // The address is in r0; the verifier needs a pointer again.
        let tmp = self.block(8)?;
        self.asm.stx(Size::D, R::FP, tmp, R::R0);
        let Some(Dynamic {
            area: Some(area),
            limit,
            ..
        }) = self.dynamic
        else {
            return Ok(());
        };
        let addr = self.fault_addr(src);
        let fault = self.fault(Fault::BadAddr, addr, off);
        self.scratch_ptr(R::R1, area);
        self.launder_into(R::R1, R::R2);
        self.asm.alu(Alu::Sub, R::R0, R::R2);
        self.jmp(Cond::Gt, R::R0, limit as i32, fault);
        self.asm.alu(Alu::Add, R::R1, R::R0);
        self.opnd_num(c, size, R::R2)?;
        self.jmp(Cond::Gt, R::R2, limit as i32, fault);
        self.load_num(src, R::R3)?;
        self.call(Service::ProbeReadUser)?;
        self.jmp(Cond::Ne, R::R0, 0, fault);
        self.asm.ldx(Size::D, R::R0, R::FP, tmp);
        self.frame.free(tmp, 8);
        self.result_r0(c, at, rd)
    }

    fn copyinstr(&mut self, c: &mut Code<'_>, at: usize, rd: usize) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let src = self.arg_val(c, at, 0)?;
        let out = self.new_string(c, at);
        let max = match self.has_arg(c, at, 1) {
            true => self.arg_val(c, at, 1)?,
            false => Val::Const(u64::MAX),
        };
        match max {
            Val::Const(n) => {
                let n = n.saturating_add(1).min(u64::from(strsize));
                self.asm.imm(R::R2, n);
            }
            v => {
                let cut = self.asm.label();
                self.load_num(v, R::R2)?;
                self.asm.jmp(Cond::Lt, R::R2, strsize as i32 - 1, cut);
                self.asm.imm(R::R2, u64::from(strsize) - 1);
                self.asm.bind(cut);
                self.asm.alu(Alu::Add, R::R2, 1);
            }
        }
        self.load_num(src, R::R3)?;
        self.scratch_ptr(R::R1, out);
        self.read_or_fault(Service::ProbeReadUserStr, src, off)?;
        self.unname(rd);
        Ok(())
    }

    fn inet4(&mut self, c: &mut Code<'_>, at: usize, rd: usize, v: Val) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let bytes = self.block(8)?;
        self.load_ptr(v, R::R3)?;
        self.stack_ptr(R::R1, bytes);
        self.asm.imm(R::R2, 4);
        self.read_or_fault(Service::ProbeReadKernel, v, off)?;
        let tmp = self.scratch(24);
        let out = self.new_string(c, at);
        self.asm.ldx(Size::W, R::R1, R::FP, bytes);
        self.frame.free(bytes, 8);
        self.scratch_ptr(R::R2, tmp);
        self.call_str(StrSub::Inet4);
        self.text_out(tmp, out, 16)?;
        self.unname(rd);
        Ok(())
    }

    fn inet6(&mut self, c: &mut Code<'_>, at: usize, rd: usize, v: Val) -> Result<(), LowerError> {
        let bytes = self.scratch(16);
        self.put_bytes(v, Mem::Scratch(bytes), 16, 4 * at as i32)?;
        let tmp = self.scratch(64);
        let out = self.new_string(c, at);
        self.scratch_ptr(R::R1, bytes);
        self.scratch_ptr(R::R2, tmp);
        self.call_str(StrSub::Inet6);
        self.text_out(tmp, out, 48)?;
        self.unname(rd);
        Ok(())
    }

    /// `inet_ntop` of a family that is not known before it runs.
    fn inet_any(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        rd: usize,
        family: Val,
        v: Val,
    ) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let (six, done, illop) = (
            self.asm.label(),
            self.asm.label(),
            self.fault(Fault::IllOp, FaultAddr::Zero, off),
        );
        let (bytes, tmp) = (self.scratch(16), self.scratch(64));
        self.load_num(family, R::R1)?;
        self.asm.jmp(Cond::Eq, R::R1, AF_INET6, six);
        self.jmp(Cond::Ne, R::R1, AF_INET, illop);
        self.put_bytes(v, Mem::Scratch(bytes), 4, off)?;
        let (base, o) = self.scratch_at(bytes, R::R1);
        self.asm.ldx(Size::W, R::R1, base, o);
        self.scratch_ptr(R::R2, tmp);
        self.call_str(StrSub::Inet4);
        self.asm.ja(done);
        self.asm.bind(six);
        self.put_bytes(v, Mem::Scratch(bytes), 16, off)?;
        self.scratch_ptr(R::R1, bytes);
        self.scratch_ptr(R::R2, tmp);
        self.call_str(StrSub::Inet6);
        self.asm.bind(done);
        let out = self.new_string(c, at);
        self.text_out(tmp, out, 48)?;
        self.unname(rd);
        Ok(())
    }

    fn strtok(&mut self, c: &mut Code<'_>, at: usize, rd: usize) -> Result<(), LowerError> {
        let off = 4 * at as i32;
        let strsize = self.cx.opts.strsize;
        let Some(state) = self.strtok else {
            return Err(self.err("internal: strtok without its state"));
        };
        let v = self.arg_val(c, at, 0)?;
        let delims = self.arg_val(c, at, 1)?;
        let delims = self.string_arg(delims, off)?;
        let set = self.scratch(32 + 16);
        let out = self.scratch(strsize + 16);
        let go = self.asm.label();
        if v != Val::Const(0) {
            if let Val::Rt(_) | Val::Builtin(_) = v {
                self.load_num(v, R::R3)?;
                self.asm.jmp(Cond::Eq, R::R3, 0, go);
            }
            self.read_string(v, Mem::Scratch(state + 8), strsize, off)?;
            let (base, o) = self.scratch_at(state, R::R1);
            self.asm.st(Size::D, base, o, 1);
        }
        self.asm.bind(go);
        self.zero(Mem::Scratch(set), 48)?;
        self.scratch_ptr(R::R1, state);
        self.place_ptr(delims, R::R2);
        self.scratch_ptr(R::R3, set);
        self.scratch_ptr(R::R4, out);
        self.call_str(StrSub::Strtok);
        // r0 = whether there is a token.
        let none = self.asm.label();
        let result = self.block(8)?;
        self.asm.st(Size::D, R::FP, result, 0);
        self.asm.jmp(Cond::Eq, R::R0, 0, none);
        self.account(strsize.next_multiple_of(8), at);
        self.scratch_ptr(R::R0, out);
        self.launder(R::R0);
        self.asm.stx(Size::D, R::FP, result, R::R0);
        self.asm.bind(none);
        self.asm.ldx(Size::D, R::R0, R::FP, result);
        self.frame.free(result, 8);
        self.result_r0(c, at, rd)
    }
}

/// Memory that may be stored to by address.
#[derive(Clone, Copy, Debug)]
enum Window {
    Scratch,
    Globals(crate::image::MapIx, u32),
    /// An element that has been looked up: slot of the pointer, 0 where there is none; bytes.
    Element(i16, u32),
}
