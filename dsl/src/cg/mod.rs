//! Code generation: one typed expression becomes one DIF object.
//!
//! A value under way is a [`Tmp`]: in a register, or, when the seven run out, in a hidden clause-local variable. Registers
//! are given out in order and the oldest value is the one to move out, which for a stack of pending operands is also the one
//! needed last. Before a branch, everything that is pending moves out, so that both paths agree on what is where.

#[cfg(test)]
mod differential;
mod expr;
mod op;
#[cfg(test)]
mod tests;

use crate::check::VarInfo;
use crate::check::tree::{TExpr, VarIdx};
use crate::diag::{Diag, Tag};
use crate::dif::op::{Insn, NREGS, Op, VAR_USER};
use crate::program::{DifType, Difo, Scope};
use crate::source::Span;
use crate::types::{TypeId, Types};

/// As many variables as there are numbers for.
pub const MAX_VARS: usize = (u16::MAX - VAR_USER) as usize;

/// The DIF id of a user variable.
pub fn var_id(idx: VarIdx) -> u16 {
    VAR_USER.saturating_add(u16::try_from(idx).unwrap_or(u16::MAX))
}

/// Hidden variables for values that found no register; all expressions of a program share them.
#[derive(Default)]
pub struct SpillPool {
    ints: Vec<VarIdx>,
    strings: Vec<VarIdx>,
}

/// The one register that reads as zero.
const R0: u8 = 0;
/// More instructions than any engine takes.
const MAX_TEXT: usize = 1 << 16;

/// Code that failed. Boxed, because it is rare.
pub type Failed = Box<Diag>;

/// A value under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tmp(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Reg(u8),
    Var(VarIdx),
    Free,
}

#[derive(Clone, Copy, Debug)]
struct TmpState {
    place: Place,
    /// The address of a string: it must keep its text alive when moved out.
    string: bool,
}

/// A branch target.
#[derive(Clone, Copy, Debug)]
struct Label(usize);

/// What is being generated.
struct Cg<'a, 'k> {
    types: &'a Types<'k>,
    vars: &'a mut Vec<VarInfo>,
    spills: &'a mut SpillPool,
    strsize: u32,
    text: Vec<u32>,
    spans: Vec<Span>,
    inttab: Vec<u64>,
    strtab: Vec<u8>,
    tmps: Vec<TmpState>,
    /// Spill variables in use, as indices into `vars`.
    spilled: Vec<VarIdx>,
    /// Registers that the instruction being put together reads: they may not be moved out.
    pinned: u8,
    labels: Vec<Option<u32>>,
    /// Instruction and the label it branches to.
    fixups: Vec<(usize, Label)>,
    span: Span,
}

/// Code for an expression, its value returned in the representation of its type.
pub fn expr(
    types: &Types,
    vars: &mut Vec<VarInfo>,
    spills: &mut SpillPool,
    strsize: u32,
    e: &TExpr,
) -> Result<Difo, Failed> {
    let mut g = Cg {
        types,
        vars,
        spills,
        strsize,
        text: Vec::new(),
        spans: Vec::new(),
        inttab: Vec::new(),
        strtab: vec![0],
        tmps: Vec::new(),
        spilled: Vec::new(),
        pinned: 0,
        labels: Vec::new(),
        fixups: Vec::new(),
        span: e.span,
    };
    let rtype = crate::check::dif_type(types, e.ty);
    let result = g.value(e)?;
    let r = match result {
        Some(v) => g.exact(v, e.ty)?,
        None => None,
    };
    g.span = e.span;
    let reg = match r {
        Some(t) => g.reg(t)?,
        None => R0,
    };
    g.emit(Insn::r(Op::Ret, 0, 0, reg))?;
    g.finish(rtype)
}

impl Cg<'_, '_> {
    fn finish(mut self, rtype: DifType) -> Result<Difo, Failed> {
        for (at, label) in &self.fixups {
            let target = self.labels.get(label.0).copied().flatten();
            let slot = self.text.get_mut(*at);
            if let (Some(target), Some(word)) = (target, slot)
                && let Some(insn) = Insn::decode(*word)
            {
                *word = Insn::branch(insn.op, target).encode();
            }
        }
        Ok(Difo {
            text: self.text,
            inttab: self.inttab,
            strtab: self.strtab,
            rtype,
            spans: self.spans,
        })
    }

    fn fail(&self, what: &str) -> Failed {
        Box::new(Diag::new(Tag::D_CG_EXPR, self.span, what))
    }

    fn emit(&mut self, insn: Insn) -> Result<(), Failed> {
        if self.text.len() >= MAX_TEXT {
            return Err(self.fail("expression is too long"));
        }
        self.text.push(insn.encode());
        self.spans.push(self.span);
        Ok(())
    }

    // ---- tables -----------------------------------------------------------------------------------------------

    /// A constant in a register.
    fn setx(&mut self, v: i64, reg: u8) -> Result<(), Failed> {
        let v = v as u64;
        let i = match self.inttab.iter().position(|x| *x == v) {
            Some(i) => i,
            None => {
                self.inttab.push(v);
                self.inttab.len() - 1
            }
        };
        let i = u16::try_from(i).map_err(|_| self.fail("expression has too many constants"))?;
        self.emit(Insn::wide(Op::Setx, i, reg))
    }

    /// A string constant's address in a register.
    fn sets(&mut self, bytes: &[u8], reg: u8) -> Result<(), Failed> {
        // A NUL ends a string wherever it stands.
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let bytes = bytes.get(..end).unwrap_or(&[]);
        let mut key = bytes.to_vec();
        key.push(0);
        // Strings start after a NUL, so the tail of another string would be a match at a place that no one expects.
        let found = self
            .strtab
            .windows(key.len())
            .enumerate()
            .position(|(i, w)| w == key && (i == 0 || self.strtab.get(i - 1) == Some(&0)));
        let at = match found {
            Some(at) => at,
            None => {
                self.strtab.extend_from_slice(&key);
                self.strtab.len() - key.len()
            }
        };
        let at = u16::try_from(at)
            .map_err(|_| self.fail("expression has too much text in string constants"))?;
        self.emit(Insn::wide(Op::Sets, at, reg))
    }

    // ---- labels -----------------------------------------------------------------------------------------------

    fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    fn bind(&mut self, l: Label) {
        let here = self.text.len() as u32;
        if let Some(slot) = self.labels.get_mut(l.0) {
            *slot = Some(here);
        }
    }

    fn branch(&mut self, op: Op, l: Label) -> Result<(), Failed> {
        self.fixups.push((self.text.len(), l));
        self.emit(Insn::branch(op, 0))
    }

    // ---- registers --------------------------------------------------------------------------------------------

    fn used(&self) -> u8 {
        self.tmps
            .iter()
            .fold(1 | self.pinned, |m, t| match t.place {
                Place::Reg(r) => m | 1 << r,
                _ => m,
            })
    }

    /// A register to put a new value into.
    fn free_reg(&mut self) -> Result<u8, Failed> {
        loop {
            let used = self.used();
            if let Some(r) = (1..NREGS).find(|r| used & (1 << r) == 0) {
                return Ok(r);
            }
            let oldest = self
                .tmps
                .iter()
                .position(|t| matches!(t.place, Place::Reg(r) if self.pinned & (1 << r) == 0));
            match oldest {
                Some(i) => self.move_out(Tmp(i))?,
                None => return Err(self.fail("expression needs too many registers")),
            }
        }
    }

    /// A new value in a register.
    fn new_tmp(&mut self, string: bool) -> Result<(Tmp, u8), Failed> {
        let r = self.free_reg()?;
        self.tmps.push(TmpState {
            place: Place::Reg(r),
            string,
        });
        Ok((Tmp(self.tmps.len() - 1), r))
    }

    /// The register of a value, which is pinned until [`unpin`](Self::unpin).
    fn reg(&mut self, t: Tmp) -> Result<u8, Failed> {
        let state = self
            .tmps
            .get(t.0)
            .copied()
            .ok_or_else(|| self.fail("internal: value is gone"))?;
        let r = match state.place {
            Place::Reg(r) => r,
            Place::Var(v) => {
                let r = self.free_reg()?;
                self.emit(Insn::wide(Op::Ldls, var_id(v), r))?;
                self.spilled.retain(|x| *x != v);
                if let Some(s) = self.tmps.get_mut(t.0) {
                    s.place = Place::Reg(r);
                }
                r
            }
            Place::Free => return Err(self.fail("internal: value is used twice")),
        };
        self.pinned |= 1 << r;
        Ok(r)
    }

    fn unpin(&mut self) {
        self.pinned = 0;
    }

    /// The value is not needed any more. Its register may be read by the instruction that comes next.
    fn free(&mut self, t: Tmp) {
        if let Some(s) = self.tmps.get_mut(t.0) {
            if let Place::Var(v) = s.place {
                self.spilled.retain(|x| *x != v);
            }
            s.place = Place::Free;
        }
        while matches!(
            self.tmps.last(),
            Some(TmpState {
                place: Place::Free,
                ..
            })
        ) {
            self.tmps.pop();
        }
    }

    /// Moves a value from its register to a hidden variable.
    fn move_out(&mut self, t: Tmp) -> Result<(), Failed> {
        let Some(TmpState {
            place: Place::Reg(r),
            string,
        }) = self.tmps.get(t.0).copied()
        else {
            return Ok(());
        };
        let pool = if string {
            &self.spills.strings
        } else {
            &self.spills.ints
        };
        let var = match pool.iter().copied().find(|v| !self.spilled.contains(v)) {
            Some(v) => v,
            None => {
                if self.vars.len() >= MAX_VARS {
                    return Err(self.fail("expression needs too many registers"));
                }
                let ty = if string { TypeId::STRING } else { TypeId::LONG };
                let name = format!("%spill{}", self.vars.len());
                self.vars.push(VarInfo {
                    name,
                    scope: Scope::Clause,
                    ty,
                    tuple: None,
                    span: self.span,
                });
                let v = self.vars.len() - 1;
                if string {
                    self.spills.strings.push(v)
                } else {
                    self.spills.ints.push(v)
                }
                v
            }
        };
        self.emit(Insn::wide(Op::Stls, var_id(var), r))?;
        self.spilled.push(var);
        if let Some(s) = self.tmps.get_mut(t.0) {
            s.place = Place::Var(var);
        }
        Ok(())
    }

    /// Before code that may or may not run: nothing may be moved there that others rely on.
    fn move_out_all(&mut self) -> Result<(), Failed> {
        for i in 0..self.tmps.len() {
            self.move_out(Tmp(i))?;
        }
        Ok(())
    }
}
