//! What the tests of the machine share: an assembler of one-liners, a seeded
//! generator, and the way from instructions to a result.
#![allow(
    dead_code,
    reason = "each test file is a crate of its own and uses a part"
)]

use legacy_kmod::host_vm::{HostVm, VmError};
use legacy_kmod::wire::{Blob, Insn, Map, Program};

/// One instruction word from its fields.
pub fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    let ([o0, o1], [a, b, c, d]) = (off.to_le_bytes(), imm.to_le_bytes());
    [code, src << 4 | dst, o0, o1, a, b, c, d]
}

/// dst = imm (sign-extended).
pub fn mov(dst: u8, imm: i32) -> Insn {
    insn(0xb7, dst, 0, 0, imm)
}

/// dst = src.
pub fn mov_r(dst: u8, src: u8) -> Insn {
    insn(0xbf, dst, src, 0, 0)
}

/// dst += imm.
pub fn add(dst: u8, imm: i32) -> Insn {
    insn(0x07, dst, 0, 0, imm)
}

/// A 64-bit load of kind `src`, both words.
pub fn ld64(dst: u8, src: u8, lo: i32, hi: i32) -> [Insn; 2] {
    [insn(0x18, dst, src, 0, lo), insn(0, 0, 0, 0, hi)]
}

/// dst = a 64-bit constant.
pub fn ld64_k(dst: u8, value: u64) -> [Insn; 2] {
    ld64(dst, 0, value as i32, (value >> 32) as i32)
}

/// Call a service.
pub fn call(id: i32) -> Insn {
    insn(0x85, 0, 0, 0, id)
}

/// Call the function `rel` words behind the next instruction.
pub fn call_fn(rel: i32) -> Insn {
    insn(0x85, 0, 1, 0, rel)
}

/// Return.
pub fn exit() -> Insn {
    insn(0x95, 0, 0, 0, 0)
}

/// *(u64 *)(dst + off) = src.
pub fn stx(dst: u8, off: i16, src: u8) -> Insn {
    insn(0x7b, dst, src, off, 0)
}

/// *(u64 *)(dst + off) = imm.
pub fn st(dst: u8, off: i16, imm: i32) -> Insn {
    insn(0x7a, dst, 0, off, imm)
}

/// dst = *(u64 *)(src + off).
pub fn ldx(dst: u8, src: u8, off: i16) -> Insn {
    insn(0x79, dst, src, off, 0)
}

/// Instructions, one after the other, from words and pairs of words.
#[macro_export]
macro_rules! prog {
    ($($part:expr),* $(,)?) => {{
        let mut v: Vec<legacy_kmod::wire::Insn> = Vec::new();
        $(v.extend_from_slice($crate::common::Words::words(&$part));)*
        v
    }};
}

/// One word or several.
pub trait Words {
    /// As a slice.
    fn words(&self) -> &[Insn];
}
impl Words for Insn {
    fn words(&self) -> &[Insn] {
        std::slice::from_ref(self)
    }
}
impl Words for [Insn; 2] {
    fn words(&self) -> &[Insn] {
        self
    }
}
impl Words for Vec<Insn> {
    fn words(&self) -> &[Insn] {
        self
    }
}

/// An image of these maps and this one program.
pub fn image(maps: Vec<Map>, insns: Vec<Insn>) -> Vec<u8> {
    let program = Program {
        name: "test".to_owned(),
        insns,
    };
    Blob {
        maps,
        programs: vec![program],
    }
    .to_bytes()
    .unwrap()
}

/// Load and run with a 64-byte context of zeros.
pub fn run(maps: Vec<Map>, insns: Vec<Insn>) -> Result<u64, VmError> {
    HostVm::load(&image(maps, insns))?.run(0, &mut [0; 64])
}

/// splitmix64: the same sequence for the same seed, on every machine.
pub struct Rng(pub u64);

impl Rng {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A value of the kinds that break arithmetic: small, at an edge, or any.
    pub fn value(&mut self) -> u64 {
        let edges = [
            0,
            1,
            2,
            0x7f,
            0x80,
            0xff,
            0x7fff,
            0x8000,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            1 << 32,
            i64::MAX as u64,
            i64::MIN as u64,
            u64::MAX,
            u64::MAX - 1,
        ];
        match self.below(3) {
            0 => self.pick(&edges),
            1 => self.next() >> self.below(64),
            _ => self.next(),
        }
    }
}
