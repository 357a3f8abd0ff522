//! Control flow inside a DIFO: branches, labels, results. At a label every live value is at home, in its stack slot, unless
//! all ways to it know it without running.

use super::LowerError;
use super::flow::{self, F0, F1, Flags, NV, Sv};
use super::fun::{Fun, Value};
use super::op::{Code, Opnd, Ret, Val, Want};
use crate::asm::Label;
use crate::isa::{Cond, R, Size};
use dsl::dif::{Op, Shape};

impl<'a, 'b> Fun<'a, 'b> {
    // Labels.

    /// Before instruction `at`: if it is a label, everything live goes home.
    pub fn enter(&mut self, c: &mut Code<'_>, at: usize) -> Result<(), LowerError> {
        let Some(label) = c.labels[at] else {
            return Ok(());
        };
        if self.reachable
            && let Some(from) = at.checked_sub(1)
        {
            self.go_home(c, from, at)?;
        }
        self.bind(label);
        let Some(before) = c.flow.before[at].clone() else {
            return Ok(());
        };
        for name in 0..NV {
            if let Some(id) = self.names[name].take() {
                self.release(id);
            }
            if c.flow.live[at] & (1 << name) != 0 && before.sv[name] == Sv::Rt {
                let slot = self.homes[name];
                self.values.push(Value {
                    reg: None,
                    slot,
                    refs: 1,
                });
                self.names[name] = Some(self.values.len() - 1);
            }
        }
        Ok(())
    }

    /// Stores what label `to` expects at home, coming from instruction `from`.
    fn go_home(&mut self, c: &Code<'_>, from: usize, to: usize) -> Result<(), LowerError> {
        let (Some(here), Some(there)) = (&c.flow.before[from], &c.flow.before[to]) else {
            return Ok(());
        };
        // Coming by falling through, what `from` itself defines counts; its state is that of its successor.
        let next = c.flow.before.get(from + 1).and_then(Option::as_ref);
        let here_flags = match c.flow.insns[from].op.shape() {
            Shape::Label => here.flags,
            _ => match c.flow.insns[from].op {
                Op::Tst => Flags::Tst,
                Op::Cmp | Op::Scmp => Flags::Cmp,
                _ => here.flags,
            },
        };
        let _ = next;
        let mixed = here_flags == Flags::Tst && there.flags == Flags::Cmp;
        for name in 0..NV {
            if c.flow.live[to] & (1 << name) == 0 || there.sv[name] != Sv::Rt {
                continue;
            }
            let home = match self.homes[name] {
                Some(h) => h,
                None => {
                    let h = self.block(8)?;
                    self.homes[name] = Some(h);
                    h
                }
            };
            let source = self.at_exit(c, from, name);
            if let Opnd::Val(id) = source
                && self.values[id].slot == Some(home)
                && !(mixed && name == F0)
            {
                continue;
            }
            self.vacate(home)?;
            let val = self.opnd_val(c, source)?;
            let mut reg = R::R0;
            match val {
                Val::Rt(id) if self.values[id].reg.is_some() && !(mixed && name == F0) => {
                    reg = self.values[id].reg.unwrap_or(R::R0);
                }
                _ => self.load_num(val, R::R0)?,
            }
            if mixed && name == F0 {
                let skip = self.asm.label();
                self.jmp(Cond::Eq, R::R0, 0, skip);
                self.asm.imm(R::R0, 1);
                self.bind(skip);
            }
            self.asm.stx(Size::D, R::FP, home, reg);
            if let Val::Rt(id) = val
                && self.values[id].slot.is_none()
                && !(mixed && name == F0)
            {
                self.values[id].slot = Some(home);
            }
        }
        Ok(())
    }

    /// What a name holds after instruction `from` (a branch leaves all as it was).
    fn at_exit(&self, c: &Code<'_>, from: usize, name: usize) -> Opnd {
        if let Some(id) = self.names[name] {
            return Opnd::Val(id);
        }
        if c.flow.insns[from].op.shape() == Shape::Label {
            return self.opnd(c, from, name);
        }
        match flow::state_after(&c.flow, from, c.difo) {
            Some(b) if b.sv[name] != Sv::Rt => Opnd::Known(b.sv[name]),
            _ => Opnd::Known(Sv::Const(0)),
        }
    }

    /// Nothing but the name's own value may be in a home that is about to be written.
    fn vacate(&mut self, home: i16) -> Result<(), LowerError> {
        for id in 0..self.values.len() {
            let v = self.values[id];
            if v.refs == 0 || v.slot != Some(home) {
                continue;
            }
            if v.reg.is_none() {
                let slot = self.block(8)?;
                self.asm.ldx(Size::D, R::R0, R::FP, home);
                self.asm.stx(Size::D, R::FP, slot, R::R0);
                self.values[id].slot = Some(slot);
            } else {
                self.values[id].slot = None;
            }
        }
        Ok(())
    }

    /// One branch.
    pub fn branch(
        &mut self,
        c: &mut Code<'_>,
        at: usize,
        want: Want,
        result: &mut Ret,
        end: Label,
    ) -> Result<(), LowerError> {
        let insn = c.flow.insns[at];
        let Some(before) = c.flow.before[at].clone() else {
            return Ok(());
        };
        let to = insn.label() as usize;
        let taken = flow::branch_taken(insn.op, &before);
        if taken == Some(false) {
            return Ok(());
        }
        if taken == Some(true) {
            // To a `ret` is as good as a `ret`: what makes direct branches of `&&`, `||` and comparisons.
            let target = c.flow.insns[to];
            if target.op == Op::Ret && matches!(want, Want::Branch(..)) {
                // Whoever falls through to it still comes from one of two ways: its value goes home, as at any label.
                self.label_at(c, to);
                let o = self.reg_opnd(c, at, target.rd);
                return self.ret_value(c, o, want, result, end);
            }
            self.go_home(c, at, to)?;
            let label = self.label_at(c, to);
            self.ja(label);
            return Ok(());
        }
        let Some(cond) = flow::condition(insn.op, before.flags) else {
            return Ok(());
        };
        self.go_home(c, at, to)?;
        let (a, b) = (self.opnd(c, at, F0), self.opnd(c, at, F1));
        let left = match a {
            Opnd::Val(id) if self.values[id].reg.is_some() => self.values[id].reg.unwrap_or(R::R0),
            _ => {
                self.opnd_num(c, a, R::R0)?;
                R::R0
            }
        };
        let right = self.opnd_src(c, b, R::R1)?;
        let label = self.label_at(c, to);
        self.jmp(cond, left, right, label);
        Ok(())
    }

    fn label_at(&mut self, c: &mut Code<'_>, at: usize) -> Label {
        match c.labels[at] {
            Some(l) => l,
            None => {
                let l = self.asm.label();
                c.labels[at] = Some(l);
                l
            }
        }
    }

    /// `ret`.
    pub fn ret(
        &mut self,
        c: &Code<'_>,
        at: usize,
        want: Want,
        result: &mut Ret,
        end: Label,
    ) -> Result<(), LowerError> {
        let o = self.reg_opnd(c, at, c.flow.insns[at].rd);
        self.ret_value(c, o, want, result, end)
    }

    fn ret_value(
        &mut self,
        c: &Code<'_>,
        o: Opnd,
        want: Want,
        result: &mut Ret,
        end: Label,
    ) -> Result<(), LowerError> {
        match want {
            Want::Branch(yes, no) => match o {
                Opnd::Known(Sv::Const(v)) => self.ja(if v != 0 { yes } else { no }),
                Opnd::Known(Sv::Str(_) | Sv::Comm | Sv::Probe(_) | Sv::Buf { .. }) => self.ja(yes),
                _ => {
                    let r = match o {
                        Opnd::Val(id) if self.values[id].reg.is_some() => {
                            self.values[id].reg.unwrap_or(R::R0)
                        }
                        _ => {
                            self.opnd_num(c, o, R::R0)?;
                            R::R0
                        }
                    };
                    self.jmp(Cond::Ne, r, 0, yes);
                    self.ja(no);
                }
            },
            Want::Value if result.single => match o {
                Opnd::Val(id) => {
                    self.values[id].refs += 1;
                    result.direct = Some(id);
                    self.ja(end);
                }
                Opnd::Known(sv) => {
                    result.known = Some(sv);
                    self.ja(end);
                }
            },
            Want::Value => {
                let slot = match result.slot {
                    Some(s) => s,
                    None => {
                        let s = self.block(8)?;
                        result.slot = Some(s);
                        s
                    }
                };
                self.opnd_num(c, o, R::R0)?;
                self.asm.stx(Size::D, R::FP, slot, R::R0);
                self.ja(end);
            }
        }
        Ok(())
    }
}
