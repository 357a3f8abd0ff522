//! What tests of other crates need (feature `testing`): random numbers, and a small world to run DIF in.

use std::collections::BTreeMap;

use crate::dif::interp::{Unreadable, World};
use crate::dif::{BuiltinVar, Fault};

/// splitmix64 from a seed: small, fast, the same everywhere.
pub fn splitmix(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The numbers that a fuzzer's bytes hold, then zeros.
pub fn from_bytes(data: &[u8]) -> impl FnMut() -> u64 + '_ {
    let mut chunks = data.chunks(8);
    move || {
        let mut buf = [0; 8];
        for (to, from) in buf.iter_mut().zip(chunks.next().unwrap_or(&[])) {
            *to = *from;
        }
        u64::from_le_bytes(buf)
    }
}

/// A world of fixed content. Anything that was not put in is absent: unreadable memory, ILLOP for built-ins.
#[derive(Clone, Debug, Default)]
pub struct FixedWorld {
    /// Kernel memory: start of each block.
    pub kernel: BTreeMap<u64, Vec<u8>>,
    /// User memory.
    pub user: BTreeMap<u64, Vec<u8>>,
    /// Built-in numbers.
    pub ints: BTreeMap<u16, u64>,
    /// Built-in strings.
    pub strs: BTreeMap<u16, Vec<u8>>,
    /// `args[n]`.
    pub args: Vec<u64>,
    /// The current thread.
    pub thread: u64,
    /// What `rand()` gives.
    pub rand: u64,
}

impl FixedWorld {
    /// Some value for every built-in variable (those of x86 registers excepted), ten arguments, no memory.
    pub fn new() -> FixedWorld {
        let mut w = FixedWorld {
            args: (0..10u64).map(|n| n * 0x1111).collect(),
            thread: 7,
            rand: 4,
            ..FixedWorld::default()
        };
        for var in BuiltinVar::ALL.iter().filter(|v| **v as u16 >= 0x100) {
            if crate::dif::interp::is_string(*var) {
                w.strs.insert(*var as u16, var.name().as_bytes().to_vec());
            } else {
                w.ints.insert(*var as u16, 0x1_0000_0000 + *var as u64);
            }
        }
        w
    }
}

fn read(mem: &BTreeMap<u64, Vec<u8>>, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
    let (start, block) = mem.range(..=addr).next_back().ok_or(Unreadable)?;
    let from = usize::try_from(addr - start).map_err(|_| Unreadable)?;
    let part = block
        .get(from..)
        .and_then(|b| b.get(..buf.len()))
        .ok_or(Unreadable)?;
    buf.copy_from_slice(part);
    Ok(())
}

impl World for FixedWorld {
    fn read_kernel(&mut self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        read(&self.kernel, addr, buf)
    }
    fn read_user(&mut self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        read(&self.user, addr, buf)
    }
    fn builtin(&mut self, var: BuiltinVar, index: u64) -> Result<u64, Fault> {
        if var == BuiltinVar::Args {
            let n = usize::try_from(index).map_err(|_| Fault::IllOp)?;
            return self.args.get(n).copied().ok_or(Fault::IllOp);
        }
        self.ints.get(&(var as u16)).copied().ok_or(Fault::IllOp)
    }
    fn builtin_str(&mut self, var: BuiltinVar) -> Result<Vec<u8>, Fault> {
        self.strs.get(&(var as u16)).cloned().ok_or(Fault::IllOp)
    }
    fn thread(&mut self) -> u64 {
        self.thread
    }
    fn rand(&mut self) -> u64 {
        self.rand
    }
}
