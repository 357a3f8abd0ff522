//! What a generated program does, statement by statement.

use super::{Gen, Kind};
use crate::dif::interp::is_string;
use crate::dif::{Insn, Op, Subr};
use crate::program::{DifType, KeyType, Scope, VarDef};

/// No kernel and no process has memory there.
const BAD_ADDRS: &[u64] = &[
    0,
    8,
    0x0bad_0000_0000_0000,
    0xdead_0000_0000_0000,
    u64::MAX - 7,
];

const LOADS: &[Op] = &[
    Op::Ldsb,
    Op::Ldsh,
    Op::Ldsw,
    Op::Ldub,
    Op::Lduh,
    Op::Lduw,
    Op::Ldx,
    Op::Rldub,
    Op::Rldx,
];

const USER_LOADS: &[Op] = &[
    Op::Uldsb,
    Op::Uldsh,
    Op::Uldsw,
    Op::Uldub,
    Op::Ulduh,
    Op::Ulduw,
    Op::Uldx,
];

const STORES: &[Op] = &[Op::Stb, Op::Sth, Op::Stw, Op::Stx];

const CONDS: &[Op] = &[
    Op::Be,
    Op::Bne,
    Op::Bg,
    Op::Bgu,
    Op::Bge,
    Op::Bgeu,
    Op::Bl,
    Op::Blu,
    Op::Ble,
    Op::Bleu,
];

const ALU: &[Op] = &[
    Op::Or,
    Op::Xor,
    Op::And,
    Op::Sll,
    Op::Srl,
    Op::Sra,
    Op::Sub,
    Op::Add,
    Op::Mul,
];

const DIV: &[Op] = &[Op::Sdiv, Op::Udiv, Op::Srem, Op::Urem];

impl Gen<'_> {
    pub(super) fn statement(&mut self, depth: u32) {
        let cfg = self.cfg;
        match self.below(17) {
            0 => drop(self.const_int()),
            1 if cfg.branches && depth < 3 => self.block(depth),
            2 if cfg.branches && depth < 3 => self.block(depth),
            3 if cfg.branches => self.boolean(),
            4 => self.div(),
            5 if cfg.strings => drop(self.literal()),
            6..=8 if !cfg.subrs.is_empty() => self.subr(),
            9 | 10 if !cfg.scopes.is_empty() => self.access(false),
            11 | 12 if !cfg.assocs.is_empty() => self.access(true),
            13 if cfg.scratch => self.memory(),
            14 if !cfg.builtins.is_empty() => self.builtin(),
            15 if cfg.faults && self.below(6) == 0 => self.fault(),
            _ => self.alu(),
        }
    }

    fn alu(&mut self) {
        if self.below(4) == 0 {
            self.const_int();
        }
        let (a, b, rd) = (self.int(), self.int(), self.dst());
        match self.below(8) {
            0 => {
                self.emit(Insn::r(Op::Not, a, 0, rd));
                self.set(rd, Kind::Int);
            }
            1 => {
                // Any register may be copied, with what is known of it.
                let from = self.below(8) as u8;
                let kind = self.kind(from);
                self.emit(Insn::r(Op::Mov, from, 0, rd));
                self.set(rd, kind);
            }
            2 => self.emit(Insn::r(Op::Nop, 0, 0, 0)),
            _ => {
                let op = self.op(ALU);
                self.emit(Insn::r(op, a, b, rd));
                self.set(rd, Kind::Int);
            }
        }
    }

    fn div(&mut self) {
        let (a, mut b) = (self.int(), self.int());
        if !self.cfg.faults || self.below(20) != 0 {
            let one = self.dst_not(&[a, b]);
            self.setx_to(1, one);
            self.emit(Insn::r(Op::Or, b, one, one));
            b = one;
        }
        let (op, rd) = (self.op(DIV), self.dst());
        self.emit(Insn::r(op, a, b, rd));
        self.set(rd, Kind::Int);
    }

    /// A comparison; gives the branch that skips what follows, and a register that is not NULL where it doesn't skip.
    fn condition(&mut self) -> (usize, Option<u8>) {
        if let Some(r) = self.any(|k| matches!(k, Kind::Str { null: true, .. }))
            && self.below(2) == 0
        {
            self.emit(Insn::r(Op::Tst, r, 0, 0));
            return (self.branch(Op::Be), Some(r));
        }
        let op = self.op(CONDS);
        match self.below(4) {
            0 => {
                let a = self.int();
                self.emit(Insn::r(Op::Tst, a, 0, 0));
            }
            1 if self.cfg.strings => {
                // NULL is all right here.
                let a = self.any(|k| matches!(k, Kind::Str { .. })).unwrap_or(0);
                let b = self.str();
                let a = if matches!(self.kind(a), Kind::Str { .. }) {
                    a
                } else {
                    0
                };
                self.emit(Insn::r(Op::Scmp, a, b, 0));
            }
            _ => {
                let (a, b) = (self.int(), self.int());
                self.emit(Insn::r(Op::Cmp, a, b, 0));
            }
        }
        (self.branch(op), None)
    }

    /// `if`, with or without `else`.
    fn block(&mut self, depth: u32) {
        let (skip, safe) = self.condition();
        let before = self.regs;
        if let Some(r) = safe
            && let Kind::Str { max, var, .. } = self.kind(r)
        {
            self.set(
                r,
                Kind::Str {
                    max,
                    var,
                    null: false,
                },
            );
        }
        for _ in 0..=self.below(3) {
            self.statement(depth + 1);
        }
        match self.below(8) {
            0 => {
                self.ret();
                self.here(skip);
                self.regs = before;
            }
            1..=3 => {
                let end = self.branch(Op::Ba);
                self.here(skip);
                let then = std::mem::replace(&mut self.regs, before);
                for _ in 0..=self.below(3) {
                    self.statement(depth + 1);
                }
                self.here(end);
                self.join(then);
            }
            _ => {
                self.here(skip);
                self.join(before);
            }
        }
    }

    fn join(&mut self, other: [Kind; 8]) {
        for (kind, other) in self.regs.iter_mut().zip(other) {
            *kind = kind.join(other);
        }
    }

    /// A comparison made a number, as `a < b` is compiled.
    fn boolean(&mut self) {
        let rd = self.dst();
        let (yes, _) = self.condition();
        self.emit(Insn::r(Op::Mov, 0, 0, rd));
        let end = self.branch(Op::Ba);
        self.here(yes);
        self.setx_to(1, rd);
        self.here(end);
        self.set(rd, Kind::Int);
    }

    fn builtin(&mut self) {
        let Some(var) = self.pick(&self.cfg.builtins) else {
            return;
        };
        let rd = self.dst();
        if (var as u16) < 0x100 {
            let index = self.below(10);
            self.setx_to(index, rd);
            self.emit(Insn::r(Op::Ldga, var as u16 as u8, rd, rd));
        } else {
            self.emit(Insn::wide(Op::Ldgs, var as u16, rd));
        }
        let max = self.longest();
        let kind = if is_string(var) {
            Kind::Str {
                max,
                var: None,
                null: false,
            }
        } else {
            Kind::Int
        };
        self.set(rd, kind);
    }

    /// Load or store of a variable or an element.
    fn access(&mut self, assoc: bool) {
        let fit: Vec<&VarDef> = self
            .vars
            .iter()
            .filter(|v| v.tuple.is_empty() != assoc)
            .collect();
        let Some(var) = self.pick(&fit) else { return };
        let store = self.below(2) == 0;
        // All registers are chosen before the first push, as making one may use the tuple stack or branch.
        let keys: Vec<(u8, bool)> = {
            let mut keys = Vec::new();
            for key in &var.tuple {
                let by_ref = *key == KeyType::Str;
                keys.push((if by_ref { self.str() } else { self.int() }, by_ref));
            }
            keys
        };
        let by_ref = var.ty == DifType::Str;
        let value = match store {
            true if by_ref && self.below(6) == 0 => 0,
            true if by_ref => self.str(),
            true => self.int(),
            false => self.dst(),
        };
        // A register made after a key may be the key's own: then the key is of another kind now.
        let still = |g: &Self, r: u8, by_ref: bool| match g.kind(r) {
            Kind::Int => !by_ref,
            Kind::Str { null, .. } => by_ref && (!null || g.cfg.faults),
            _ => false,
        };
        if !keys.iter().all(|&(r, by_ref)| still(self, r, by_ref)) {
            return;
        }
        if assoc {
            self.emit(Insn::r(Op::Flushts, 0, 0, 0));
            for (r, by_ref) in keys {
                self.push(r, by_ref);
            }
        }
        let op = match (store, var.scope, assoc) {
            (false, Scope::Global, false) => Op::Ldgs,
            (false, Scope::Thread, false) => Op::Ldts,
            (false, Scope::Clause, _) => Op::Ldls,
            (true, Scope::Global, false) => Op::Stgs,
            (true, Scope::Thread, false) => Op::Stts,
            (true, Scope::Clause, _) => Op::Stls,
            (false, Scope::Global, true) => Op::Ldgaa,
            (false, Scope::Thread, true) => Op::Ldtaa,
            (true, Scope::Global, true) => Op::Stgaa,
            (true, Scope::Thread, true) => Op::Sttaa,
        };
        self.emit(Insn::wide(op, var.id, value));
        if store {
            for kind in &mut self.regs {
                if matches!(kind, Kind::Str { var: Some(id), .. } if *id == var.id) {
                    *kind = Kind::Junk;
                }
            }
        } else if by_ref {
            let max = self.longest();
            self.set(
                value,
                Kind::Str {
                    max,
                    var: Some(var.id),
                    null: true,
                },
            );
        } else {
            self.set(value, Kind::Int);
        }
    }

    /// Allocates, or uses what is allocated.
    fn memory(&mut self) {
        let Some(buf) = self.any(|k| matches!(k, Kind::Buf { .. })) else {
            let size = 8 * (1 + self.below(8) as u32);
            if self.room(size) {
                let rd = self.dst();
                self.setx_to(u64::from(size), rd);
                self.emit(Insn::r(Op::Allocs, rd, 0, rd));
                self.new_buf(rd, size);
            }
            return;
        };
        let Kind::Buf { size, id } = self.kind(buf) else {
            return;
        };
        match self.below(8) {
            0 => {
                // A register further on, by a constant or by a small number.
                let rd = self.dst_not(&[buf]);
                let off = self.below(u64::from(size)) as u32;
                let max = if size > 8 && self.below(2) == 0 {
                    let n = self.int();
                    self.setx_to(7, rd);
                    self.emit(Insn::r(Op::And, n, rd, rd));
                    7
                } else {
                    self.setx_to(u64::from(off), rd);
                    off
                };
                self.emit(Insn::r(Op::Add, buf, rd, rd));
                self.set(
                    rd,
                    Kind::Buf {
                        size: size - max,
                        id,
                    },
                );
            }
            1..=3 => {
                let (op, value) = (self.op(STORES), self.int());
                if access_size(op) <= size {
                    self.emit(Insn::r(op, value, 0, buf));
                }
            }
            4 | 5 => {
                let (op, rd) = (self.op(LOADS), self.dst());
                if access_size(op) <= size {
                    self.emit(Insn::r(op, buf, 0, rd));
                    self.set(rd, Kind::Int);
                }
            }
            6 => {
                let src = self.dst_not(&[buf]);
                let len = self.literal_to(src) as u32 + 1;
                self.copys(src, buf, len.min(size));
            }
            _ => {
                let other = self.any(|k| matches!(k, Kind::Buf { id: o, .. } if o != id));
                if let Some(src) = other
                    && let Kind::Buf { size: avail, .. } = self.kind(src)
                {
                    self.copys(src, buf, avail.min(size));
                }
            }
        }
    }

    fn copys(&mut self, src: u8, dst: u8, most: u32) {
        let n = self.below(u64::from(most) + 1);
        let size = self.dst_not(&[src, dst]);
        self.setx_to(n, size);
        self.emit(Insn::r(Op::Copys, src, size, dst));
    }

    pub(super) fn new_buf(&mut self, rd: u8, size: u32) {
        self.bufs += 1;
        self.set(
            rd,
            Kind::Buf {
                size,
                id: self.bufs,
            },
        );
    }

    /// Something that faults, on most paths.
    fn fault(&mut self) {
        let skip = match self.cfg.branches && self.below(2) == 0 {
            true => Some(self.condition().0),
            false => None,
        };
        let before = self.regs;
        let rd = self.dst();
        let addr = self.pick(BAD_ADDRS).unwrap_or(0);
        match self.below(9) {
            0 | 1 => {
                let op = self.op(LOADS);
                self.setx_to(addr, rd);
                self.emit(Insn::r(op, rd, 0, rd));
            }
            2 => {
                let op = self.op(USER_LOADS);
                self.setx_to(addr, rd);
                self.emit(Insn::r(op, rd, 0, rd));
            }
            3 => {
                let op = self.op(STORES);
                self.setx_to(addr, rd);
                self.emit(Insn::r(op, 0, 0, rd));
            }
            4 => {
                let (op, a) = (self.op(DIV), self.int());
                self.emit(Insn::r(op, a, 0, rd));
            }
            5 if self.cfg.subrs.contains(&Subr::Strlen) => {
                self.setx_to(addr, rd);
                self.call(Subr::Strlen, &[(rd, true)], Kind::Int);
            }
            6 => {
                self.emit(Insn::r(Op::Flushts, 0, 0, 0));
                for _ in 0..9 {
                    self.push(0, false);
                }
            }
            7 if self.cfg.scratch => {
                self.setx_to(1 << 20, rd);
                self.emit(Insn::r(Op::Allocs, rd, 0, rd));
            }
            _ => self.emit(Insn::r(Op::Ldta, 0, 0, rd)),
        }
        self.set(rd, Kind::Int);
        if let Some(skip) = skip {
            self.here(skip);
            self.join(before);
        }
    }
}

fn access_size(op: Op) -> u32 {
    match op {
        Op::Ldsb | Op::Ldub | Op::Rldub | Op::Stb => 1,
        Op::Ldsh | Op::Lduh | Op::Sth => 2,
        Op::Ldsw | Op::Lduw | Op::Stw => 4,
        _ => 8,
    }
}
