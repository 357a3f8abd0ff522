//! The eBPF instruction set, as numbers: what [`crate::asm`] builds from, and the text form of an image (`dtrace -S -v`, the
//! print back end, goldens).
//!
//! Only what the lowering emits is here. Encodings: the kernel's `include/uapi/linux/bpf.h`.

use crate::image::{
    Image, Insn, MapDef, PSEUDO_CALL, PSEUDO_FUNC, PSEUDO_MAP, PSEUDO_MAP_VALUE, Prog,
};
use crate::service::Service;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A machine register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct R(pub u8);
#[allow(missing_docs)]
impl R {
    pub const R0: R = R(0);
    pub const R1: R = R(1);
    pub const R2: R = R(2);
    pub const R3: R = R(3);
    pub const R4: R = R(4);
    pub const R5: R = R(5);
    pub const R6: R = R(6);
    pub const R7: R = R(7);
    pub const R8: R = R(8);
    pub const R9: R = R(9);
    /// Frame pointer, read-only.
    pub const FP: R = R(10);
}

/// Instruction classes, low three bits.
pub const LD: u8 = 0;
#[allow(missing_docs)]
pub const LDX: u8 = 1;
#[allow(missing_docs)]
pub const ST: u8 = 2;
#[allow(missing_docs)]
pub const STX: u8 = 3;
#[allow(missing_docs)]
pub const ALU32: u8 = 4;
#[allow(missing_docs)]
pub const JMP: u8 = 5;
#[allow(missing_docs)]
pub const JMP32: u8 = 6;
#[allow(missing_docs)]
pub const ALU64: u8 = 7;
/// Operand comes from the source register.
pub const X: u8 = 8;
/// Addressing mode of plain loads and stores.
pub const MEM: u8 = 0x60;
/// Addressing mode of atomic operations.
pub const ATOMIC: u8 = 0xc0;
/// Flag in an atomic's immediate: the old value is returned.
pub const FETCH: i32 = 1;
/// Immediate of compare-and-exchange with r0.
pub const CMPXCHG: i32 = 0xf1;
/// First word of a 64-bit immediate load.
pub const LD_IMM64: u8 = 0x18;
/// `call`.
pub const CALL: u8 = 0x85;
/// `exit`.
pub const EXIT: u8 = 0x95;
/// `ja`.
pub const JA: u8 = 0x05;
/// `may_goto`: jumps once the program has gone through too many loops.
pub const MAY_GOTO: u8 = 0xe5;

macro_rules! ops {
    ($(#[$m:meta])* $ty:ident { $($name:ident = $num:literal, $text:literal;)* }) => {
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        #[repr(u8)]
        pub enum $ty { $($name = $num,)* }
        impl $ty {
            fn text_of(n: u8) -> Option<&'static str> { match n { $($num => Some($text),)* _ => None } }
        }
    };
}
ops! {
    /// Arithmetic, high four bits.
    Alu {
        Add = 0x00, "+="; Sub = 0x10, "-="; Mul = 0x20, "*="; Div = 0x30, "/="; Or = 0x40, "|="; And = 0x50, "&=";
        Lsh = 0x60, "<<="; Rsh = 0x70, ">>="; Neg = 0x80, "= -"; Mod = 0x90, "%="; Xor = 0xa0, "^="; Mov = 0xb0, "=";
        Arsh = 0xc0, "s>>="; End = 0xd0, "= bswap";
    }
}
ops! {
    /// Conditions, high four bits.
    Cond {
        Eq = 0x10, "=="; Gt = 0x20, ">"; Ge = 0x30, ">="; Set = 0x40, "&"; Ne = 0x50, "!="; Sgt = 0x60, "s>";
        Sge = 0x70, "s>="; Lt = 0xa0, "<"; Le = 0xb0, "<="; Slt = 0xc0, "s<"; Sle = 0xd0, "s<=";
    }
}
ops! {
    /// Access sizes.
    Size { W = 0x00, "u32"; H = 0x08, "u16"; B = 0x10, "u8"; D = 0x18, "u64"; }
}

impl Cond {
    /// The opposite condition ([`Cond::Set`] has none and gives itself).
    pub fn negate(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::Gt => Cond::Le,
            Cond::Le => Cond::Gt,
            Cond::Ge => Cond::Lt,
            Cond::Lt => Cond::Ge,
            Cond::Sgt => Cond::Sle,
            Cond::Sle => Cond::Sgt,
            Cond::Sge => Cond::Slt,
            Cond::Slt => Cond::Sge,
            Cond::Set => Cond::Set,
        }
    }
    /// What it says of two known values.
    pub fn holds(self, a: u64, b: u64) -> bool {
        let (sa, sb) = (a as i64, b as i64);
        match self {
            Cond::Eq => a == b,
            Cond::Ne => a != b,
            Cond::Gt => a > b,
            Cond::Ge => a >= b,
            Cond::Lt => a < b,
            Cond::Le => a <= b,
            Cond::Set => a & b != 0,
            Cond::Sgt => sa > sb,
            Cond::Sge => sa >= sb,
            Cond::Slt => sa < sb,
            Cond::Sle => sa <= sb,
        }
    }
}

impl Size {
    /// By number of bytes; 8 for anything but 1, 2, 4.
    pub fn of(bytes: u32) -> Size {
        match bytes {
            1 => Size::B,
            2 => Size::H,
            4 => Size::W,
            _ => Size::D,
        }
    }
    /// Number of bytes.
    pub fn bytes(self) -> u32 {
        match self {
            Size::B => 1,
            Size::H => 2,
            Size::W => 4,
            Size::D => 8,
        }
    }
}

impl Insn {
    /// All fields.
    pub fn new(code: u8, dst: R, src: R, off: i16, imm: i32) -> Insn {
        Insn {
            code,
            regs: dst.0 & 15 | src.0 << 4,
            off,
            imm,
        }
    }
    /// Destination register.
    pub fn dst(self) -> u8 {
        self.regs & 15
    }
    /// Source register, or the kind of an immediate.
    pub fn src(self) -> u8 {
        self.regs >> 4
    }
    /// Whether control may leave the straight line here by `off`.
    pub fn is_branch(self) -> bool {
        matches!(self.code & 7, JMP | JMP32) && !matches!(self.code, CALL | EXIT)
    }
}

/// Names for the text form.
struct Names<'a> {
    maps: &'a [MapDef],
    services: BTreeMap<i32, &'static str>,
}

fn one(insn: Insn, next: Option<&Insn>, pc: usize, prog: &Prog, names: &Names<'_>) -> String {
    let (d, s, op, imm, off) = (insn.dst(), insn.src(), insn.code & 0xf0, insn.imm, insn.off);
    let target = |off: i64| (pc as i64 + 1 + off).to_string();
    let size = Size::text_of(insn.code & 0x18).unwrap_or("?");
    let operand = match insn.code & X {
        0 => imm.to_string(),
        _ => format!("r{s}"),
    };
    let map = || match usize::try_from(imm).ok().and_then(|i| names.maps.get(i)) {
        Some(m) => m.name.clone(),
        None => format!("map{imm}"),
    };
    let sub = |at: i64| {
        let found = prog.subprogs.iter().find(|s| i64::from(s.start) == at);
        found.map_or_else(|| at.to_string(), |s| s.name.clone())
    };
    match insn.code {
        CALL if s == PSEUDO_CALL => format!("call {}", sub(pc as i64 + 1 + i64::from(imm))),
        CALL => match names.services.get(&imm) {
            Some(name) => format!("call {name}"),
            None => format!("call #{imm}"),
        },
        EXIT => "exit".to_owned(),
        JA => format!("goto {}", target(off.into())),
        MAY_GOTO => format!("may_goto {}", target(off.into())),
        LD_IMM64 => {
            let hi = next.map_or(0, |n| n.imm);
            match s {
                PSEUDO_MAP => format!("r{d} = map {}", map()),
                PSEUDO_MAP_VALUE => format!("r{d} = &{}[{hi}]", map()),
                PSEUDO_FUNC => format!("r{d} = function {}", sub(pc as i64 + 1 + i64::from(imm))),
                _ => format!(
                    "r{d} = {:#x}",
                    u64::from(hi as u32) << 32 | u64::from(imm as u32)
                ),
            }
        }
        _ => match insn.code & 7 {
            ALU64 | ALU32 => {
                let w = if insn.code & 7 == ALU32 { "w" } else { "r" };
                let text = Alu::text_of(op).unwrap_or("?");
                match op {
                    0x80 => format!("{w}{d} = -{w}{d}"),
                    0xd0 if insn.code & X != 0 => format!("r{d} = be{imm} r{d}"),
                    0xd0 => format!("r{d} = le{imm} r{d}"),
                    _ if insn.code & X != 0 => format!("{w}{d} {text} {w}{s}"),
                    _ => format!("{w}{d} {text} {imm}"),
                }
            }
            JMP | JMP32 => {
                let w = if insn.code & 7 == JMP32 { "w" } else { "r" };
                let text = Cond::text_of(op).unwrap_or("?");
                format!("if {w}{d} {text} {operand} goto {}", target(off.into()))
            }
            LDX => format!("r{d} = *({size} *)(r{s} {off:+})"),
            ST => format!("*({size} *)(r{d} {off:+}) = {imm}"),
            STX if insn.code & 0xe0 == ATOMIC => {
                format!("lock {size} (r{d} {off:+}) r{s} #{imm:#x}")
            }
            STX => format!("*({size} *)(r{d} {off:+}) = r{s}"),
            _ => format!("? {:02x}", insn.code),
        },
    }
}

fn map_line(map: &MapDef) -> String {
    let mut line = format!(
        "{} {:?} key={} value={} entries={}",
        map.name, map.kind, map.key_size, map.value_size, map.max_entries
    );
    if map.no_prealloc {
        line.push_str(" no_prealloc");
    }
    if map.rodata {
        line.push_str(" rodata");
    }
    line
}

/// The text form of a whole image.
pub fn print(image: &Image, services: &BTreeMap<Service, u32>) -> String {
    let names = Names {
        maps: &image.maps,
        services: services
            .iter()
            .map(|(s, &id)| (id as i32, s.name()))
            .collect(),
    };
    let mut out = String::new();
    for map in &image.maps {
        let _ = writeln!(out, "map {}", map_line(map));
    }
    for prog in &image.progs {
        let called = prog.called.map_or_else(String::new, |(map, n)| {
            let map = image.maps.get(map.0 as usize);
            format!(" called by {}[{n}]", map.map_or("?", |m| &m.name))
        });
        let _ = writeln!(out, "prog {} {:?}{called}", prog.name, prog.kind);
        let mut lines = prog.lines.iter().peekable();
        let mut tail = false;
        for (pc, &insn) in prog.insns.iter().enumerate() {
            if std::mem::take(&mut tail) {
                continue;
            }
            if let Some(s) = prog.subprogs.iter().find(|s| s.start as usize == pc) {
                let _ = writeln!(out, " {}:", s.name);
            }
            while let Some((_, clause, span)) = lines.next_if(|(at, ..)| *at as usize <= pc) {
                let _ = writeln!(out, " ; clause {} [{}..{}]", clause.0, span.lo, span.hi);
            }
            let text = one(insn, prog.insns.get(pc + 1), pc, prog, &names);
            let _ = writeln!(out, "{pc:5}: {text}");
            tail = insn.code == LD_IMM64;
        }
    }
    out
}
