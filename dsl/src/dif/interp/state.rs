//! What lasts between DIFOs: variables, scratch, the strings of built-in variables, `strtok`'s rest.

use std::collections::BTreeMap;

use crate::program::{DifType, Scope, VarDef};

/// Addresses of the machine's own memory; bits 63–48 name the region. See also `STRTAB`.
const SCRATCH: u64 = 0x0dd2 << 48;
const VARS: u64 = 0x0dd3 << 48;
const BUILTIN: u64 = 0x0dd4 << 48;
/// Each by-reference variable and each built-in string has so much address space of its own.
const SLOT_BITS: u32 = 24;

pub(super) fn builtin_addr(id: u16) -> u64 {
    BUILTIN + (u64::from(id) << SLOT_BITS)
}

/// Identifies one variable, or one element of an associative array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarKey {
    /// The variable.
    pub id: u16,
    /// Thread key, for thread-locals.
    pub thread: Option<u64>,
    /// Key bytes of an element; empty for scalars.
    pub tuple: Vec<u8>,
}

/// A variable's content, for comparing engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VarValue {
    /// An integer's low bytes, zero-extended.
    Int(u64),
    /// A string without its NUL, or the bytes.
    Ref(Vec<u8>),
    /// NULL.
    Null,
}

#[derive(Clone, Debug)]
enum Cell {
    Int(u64),
    Null,
    /// Index into [`State::arena`].
    Ref(usize),
}

/// Everything that outlives one DIFO.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Globals, thread-locals, elements.
    lasting: BTreeMap<VarKey, Cell>,
    /// Clause-locals.
    local: BTreeMap<VarKey, Cell>,
    /// Storage of by-reference variables. An index is never used twice, so that a stale address faults.
    arena: BTreeMap<usize, Vec<u8>>,
    next: usize,
    scratch: Vec<u8>,
    builtins: BTreeMap<u16, Vec<u8>>,
    /// The string that `strtok` takes apart, and how far it is.
    pub(super) strtok: Option<(Vec<u8>, usize)>,
}

impl State {
    /// No variable set.
    pub fn new() -> State {
        State::default()
    }

    /// A probe fires: clause-locals, `strtok` and scratch start anew.
    pub fn begin_firing(&mut self) {
        for cell in std::mem::take(&mut self.local).into_values() {
            self.release(cell);
        }
        self.builtins.clear();
        self.strtok = None;
        self.begin_clause();
    }

    /// The next clause of the same firing: scratch starts anew.
    pub fn begin_clause(&mut self) {
        self.scratch.clear();
    }

    /// The content of all variables that differ from "never stored": zero integers, empty globals and clause-locals and
    /// NULL elements are left out, so that engines with preallocated variables compare equal.
    pub fn snapshot(&self, vars: &[VarDef]) -> BTreeMap<VarKey, VarValue> {
        let mut out = BTreeMap::new();
        for (key, cell) in self.lasting.iter().chain(&self.local) {
            let Some(var) = vars.iter().find(|v| v.id == key.id) else {
                continue;
            };
            let value = match cell {
                Cell::Int(0) => continue,
                Cell::Int(v) => VarValue::Int(*v),
                Cell::Null => VarValue::Null,
                Cell::Ref(at) => {
                    let mut data = self.arena.get(at).cloned().unwrap_or_default();
                    if var.ty == DifType::Str {
                        let len = data.iter().position(|&b| b == 0).unwrap_or(data.len());
                        data.truncate(len);
                    }
                    let preset = var.scope != Scope::Thread && var.tuple.is_empty();
                    if preset && data.iter().all(|&b| b == 0) {
                        continue;
                    }
                    VarValue::Ref(data)
                }
            };
            out.insert(key.clone(), value);
        }
        out
    }

    /// Moves what is allocated from now on to other addresses.
    #[cfg(test)]
    pub(crate) fn skip_addresses(&mut self) {
        self.next += 1;
        self.scratch.extend_from_slice(&[0; 8]);
    }

    fn cells(&mut self, scope: Scope) -> &mut BTreeMap<VarKey, Cell> {
        match scope {
            Scope::Clause => &mut self.local,
            Scope::Global | Scope::Thread => &mut self.lasting,
        }
    }

    fn release(&mut self, cell: Cell) {
        if let Cell::Ref(at) = cell {
            self.arena.remove(&at);
        }
    }

    pub(super) fn int(&mut self, key: &VarKey, scope: Scope) -> u64 {
        match self.cells(scope).get(key) {
            Some(Cell::Int(v)) => *v,
            _ => 0,
        }
    }

    pub(super) fn set_int(&mut self, key: VarKey, scope: Scope, v: u64) {
        self.cells(scope).insert(key, Cell::Int(v));
    }

    pub(super) fn set_null(&mut self, key: VarKey, scope: Scope) {
        if let Some(old) = self.cells(scope).insert(key, Cell::Null) {
            self.release(old);
        }
    }

    pub(super) fn free(&mut self, key: &VarKey, scope: Scope) {
        if let Some(old) = self.cells(scope).remove(key) {
            self.release(old);
        }
    }

    /// Stores in place where the variable has storage: addresses that were loaded before see the new content.
    pub(super) fn set_ref(&mut self, key: VarKey, scope: Scope, data: Vec<u8>) {
        let at = match self.cells(scope).get(&key) {
            Some(Cell::Ref(at)) => *at,
            _ => {
                let at = self.next;
                self.next += 1;
                self.cells(scope).insert(key, Cell::Ref(at));
                at
            }
        };
        self.arena.insert(at, data);
    }

    /// Address of a by-reference variable; 0 if NULL. One that was never stored is made with `fresh` zero bytes, or reads 0.
    pub(super) fn by_ref(&mut self, key: VarKey, scope: Scope, fresh: Option<usize>) -> u64 {
        let at = match (self.cells(scope).get(&key), fresh) {
            (Some(Cell::Ref(at)), _) => *at,
            (Some(Cell::Null | Cell::Int(_)), _) | (None, None) => return 0,
            (None, Some(size)) => {
                let at = self.next;
                self.set_ref(key, scope, vec![0; size]);
                at
            }
        };
        VARS + ((at as u64) << SLOT_BITS)
    }

    pub(super) fn has_builtin_str(&self, id: u16) -> bool {
        self.builtins.contains_key(&id)
    }

    pub(super) fn set_builtin_str(&mut self, id: u16, s: Vec<u8>) {
        self.builtins.insert(id, s);
    }

    /// Zeroed scratch; `None` where `max` would be exceeded.
    pub(super) fn alloc(&mut self, size: u64, max: usize) -> Option<u64> {
        let size = usize::try_from(size)
            .ok()?
            .max(1)
            .checked_next_multiple_of(8)?;
        let at = self.scratch.len();
        let end = at.checked_add(size).filter(|&end| end <= max)?;
        self.scratch.resize(end, 0);
        Some(SCRATCH + at as u64)
    }

    /// Own memory from `addr` to the end of its region. `None`: not an own address; `Some(None)`: own, but nothing there.
    pub(super) fn memory(&self, addr: u64) -> Option<Option<&[u8]>> {
        let rest = addr & ((1 << 48) - 1);
        let (slot, off) = (
            (rest >> SLOT_BITS) as usize,
            (rest & ((1 << SLOT_BITS) - 1)) as usize,
        );
        let (mem, off) = match addr & !((1 << 48) - 1) {
            SCRATCH => (Some(&self.scratch), rest as usize),
            VARS => (self.arena.get(&slot), off),
            BUILTIN => (
                u16::try_from(slot)
                    .ok()
                    .and_then(|id| self.builtins.get(&id)),
                off,
            ),
            _ => return None,
        };
        Some(mem.and_then(|m| m.get(off..)).filter(|m| !m.is_empty()))
    }

    /// Own memory that may be stored to, from `addr` to the end of its region.
    pub(super) fn memory_mut(&mut self, addr: u64) -> Option<&mut [u8]> {
        let rest = addr & ((1 << 48) - 1);
        let (slot, off) = (
            (rest >> SLOT_BITS) as usize,
            (rest & ((1 << SLOT_BITS) - 1)) as usize,
        );
        let (mem, off) = match addr & !((1 << 48) - 1) {
            SCRATCH => (&mut self.scratch, rest as usize),
            VARS => (self.arena.get_mut(&slot)?, off),
            _ => return None,
        };
        mem.get_mut(off..).filter(|m| !m.is_empty())
    }
}
