//! Arithmetic and jumps: each opcode against what Rust says it means, on edge
//! values; then random straight-line programs against `rbpf` and against the
//! evaluator below.

mod common;

use common::{Rng, exit, insn, ld64_k, mov, mov_r};
use legacy_kmod::host_vm::HostVm;
use legacy_kmod::wire::Insn;

/// dst after the instruction. Written from the ISA document, not from vm.c.
fn evaluate(code: u8, off: i16, imm: i32, dst: u64, src: u64) -> u64 {
    let wide = code & 7 == 7;
    let operand = if code & 8 != 0 {
        src
    } else {
        i64::from(imm) as u64
    };
    if code & 0xf0 == 0xd0 {
        return match (code, imm) {
            (0xd4, 16) => dst & 0xffff,
            (0xd4, 32) => dst & 0xffff_ffff,
            (0xd4, 64) => dst,
            (_, 16) => u64::from((dst as u16).swap_bytes()),
            (_, 32) => u64::from((dst as u32).swap_bytes()),
            (_, _) => dst.swap_bytes(),
        };
    }
    if wide {
        let (a, b) = (dst as i64, operand as i64);
        match (code & 0xf0, off) {
            (0x00, _) => dst.wrapping_add(operand),
            (0x10, _) => dst.wrapping_sub(operand),
            (0x20, _) => dst.wrapping_mul(operand),
            (0x30, 0) => dst.checked_div(operand).unwrap_or(0),
            (0x30, _) => {
                if b == 0 {
                    0
                } else {
                    a.wrapping_div(b) as u64
                }
            }
            (0x40, _) => dst | operand,
            (0x50, _) => dst & operand,
            (0x60, _) => dst.wrapping_shl(operand as u32),
            (0x70, _) => dst.wrapping_shr(operand as u32),
            (0x80, _) => dst.wrapping_neg(),
            (0x90, 0) => dst.checked_rem(operand).unwrap_or(dst),
            (0x90, _) => {
                if b == 0 {
                    dst
                } else {
                    a.wrapping_rem(b) as u64
                }
            }
            (0xa0, _) => dst ^ operand,
            (0xb0, 8) => i64::from(operand as i8) as u64,
            (0xb0, 16) => i64::from(operand as i16) as u64,
            (0xb0, 32) => i64::from(operand as i32) as u64,
            (0xb0, _) => operand,
            (0xc0, _) => a.wrapping_shr(operand as u32) as u64,
            _ => panic!("{code:#x}"),
        }
    } else {
        let (x, y) = (dst as u32, operand as u32);
        let (a, b) = (x as i32, y as i32);
        u64::from(match (code & 0xf0, off) {
            (0x00, _) => x.wrapping_add(y),
            (0x10, _) => x.wrapping_sub(y),
            (0x20, _) => x.wrapping_mul(y),
            (0x30, 0) => x.checked_div(y).unwrap_or(0),
            (0x30, _) => {
                if b == 0 {
                    0
                } else {
                    a.wrapping_div(b) as u32
                }
            }
            (0x40, _) => x | y,
            (0x50, _) => x & y,
            (0x60, _) => x.wrapping_shl(y),
            (0x70, _) => x.wrapping_shr(y),
            (0x80, _) => x.wrapping_neg(),
            (0x90, 0) => x.checked_rem(y).unwrap_or(x),
            (0x90, _) => {
                if b == 0 {
                    x
                } else {
                    a.wrapping_rem(b) as u32
                }
            }
            (0xa0, _) => x ^ y,
            (0xb0, 8) => i32::from(y as i8) as u32,
            (0xb0, 16) => i32::from(y as i16) as u32,
            (0xb0, _) => y,
            (0xc0, _) => a.wrapping_shr(y) as u32,
            _ => panic!("{code:#x}"),
        })
    }
}

/// Whether the jump is taken.
fn taken(code: u8, imm: i32, dst: u64, src: u64) -> bool {
    let operand = if code & 8 != 0 {
        src
    } else {
        i64::from(imm) as u64
    };
    let wide = code & 7 == 5;
    let (x, y) = if wide {
        (dst, operand)
    } else {
        (u64::from(dst as u32), u64::from(operand as u32))
    };
    let (a, b) = if wide {
        (x as i64, y as i64)
    } else {
        (i64::from(x as i32), i64::from(y as i32))
    };
    match code & 0xf0 {
        0x10 => x == y,
        0x20 => x > y,
        0x30 => x >= y,
        0x40 => x & y != 0,
        0x50 => x != y,
        0x60 => a > b,
        0x70 => a >= b,
        0xa0 => x < y,
        0xb0 => x <= y,
        0xc0 => a < b,
        0xd0 => a <= b,
        _ => panic!("{code:#x}"),
    }
}

/// An ALU instruction's opcode, off and imm, acceptable to the verifier.
fn random_alu(rng: &mut Rng, v4: bool) -> (u8, i16, i32) {
    let op = rng.below(14) as u8 * 0x10;
    let class = rng.pick(&[4u8, 7]);
    let source = rng.pick(&[0u8, 8]);
    let mut imm = rng.value() as i32;
    let mut off = 0;
    match op {
        0x80 => return (op | class, 0, 0),
        0xd0 => {
            let codes: &[u8] = if v4 {
                &[0xd4, 0xdc, 0xd7]
            } else {
                &[0xd4, 0xdc]
            };
            return (rng.pick(codes), 0, rng.pick(&[16, 32, 64]));
        }
        0x30 | 0x90 => {
            imm = if imm == 0 { 1 } else { imm };
            off = if v4 { rng.pick(&[0, 1]) } else { 0 };
        }
        0x60 | 0x70 | 0xc0 => imm &= if class == 7 { 63 } else { 31 },
        0xb0 if v4 && source == 8 => {
            let wide: &[i16] = if class == 7 {
                &[0, 8, 16, 32]
            } else {
                &[0, 8, 16]
            };
            off = rng.pick(wide);
        }
        _ => {}
    }
    (op | class | source, off, if source == 8 { 0 } else { imm })
}

fn run(insns: Vec<Insn>) -> u64 {
    common::run(Vec::new(), insns).unwrap()
}

#[test]
fn every_alu_opcode_on_edge_values() {
    let mut rng = Rng(1);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20_000 {
        let (code, off, imm) = random_alu(&mut rng, true);
        let (dst, src) = (rng.value(), rng.value());
        let takes_src = code & 8 != 0 && code & 0xf0 != 0xd0 && code & 0xf0 != 0x80;
        let src_register = if takes_src { 3 } else { 0 };
        seen.insert((code, off));
        let got = run(prog![
            ld64_k(2, dst),
            ld64_k(3, src),
            insn(code, 2, src_register, off, imm),
            mov_r(0, 2),
            exit(),
        ]);
        let want = evaluate(code, off, imm, dst, src);
        assert_eq!(
            got, want,
            "{code:#x} off {off} imm {imm:#x} dst {dst:#x} src {src:#x}"
        );
    }
    // 13 operations in two widths and two sources, NEG without a source, three
    // byte swaps, and the signed and sign-extending forms (8 + 5).
    assert_eq!(seen.len(), 12 * 4 + 2 + 3 + 8 + 5);
}

#[test]
fn every_jump_on_edge_values() {
    let mut rng = Rng(2);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20_000 {
        let ops = [
            0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0,
        ];
        let code: u8 = rng.pick(&ops) | rng.pick(&[5, 6]) | rng.pick(&[0, 8]);
        let (dst, src) = (rng.value(), rng.value());
        let src = if rng.below(4) == 0 { dst } else { src };
        let imm = if rng.below(4) == 0 {
            dst as i32
        } else {
            rng.value() as i32
        };
        let (register, imm) = if code & 8 != 0 { (3, 0) } else { (0, imm) };
        seen.insert(code);
        let got = run(prog![
            ld64_k(2, dst),
            ld64_k(3, src),
            mov(0, 1),
            insn(code, 2, register, 1, imm),
            mov(0, 0),
            exit(),
        ]);
        let want = u64::from(taken(code, imm, dst, src));
        assert_eq!(
            got, want,
            "{code:#x} imm {imm:#x} dst {dst:#x} src {src:#x}"
        );
    }
    assert_eq!(seen.len(), 44);
}

/// Ten registers of random values, forty instructions, then all folded into r0.
fn straight_line(rng: &mut Rng, v4: bool) -> (Vec<Insn>, u64) {
    straight_line_of(rng, v4, |_| true)
}

fn straight_line_of(rng: &mut Rng, v4: bool, wanted: fn(u8) -> bool) -> (Vec<Insn>, u64) {
    let mut regs = [0u64; 10];
    let mut insns = Vec::new();
    for (n, reg) in regs.iter_mut().enumerate() {
        *reg = rng.value();
        insns.extend(ld64_k(n as u8, *reg));
    }
    for _ in 0..40 {
        let (code, off, imm) = std::iter::repeat_with(|| random_alu(rng, v4))
            .find(|alu| wanted(alu.0))
            .unwrap();
        let (d, s) = (rng.below(10) as usize, rng.below(10) as usize);
        let takes_src = code & 8 != 0 && code & 0xf0 != 0xd0 && code & 0xf0 != 0x80;
        insns.push(insn(
            code,
            d as u8,
            if takes_src { s as u8 } else { 0 },
            off,
            imm,
        ));
        regs[d] = evaluate(code, off, imm, regs[d], regs[s]);
    }
    let mut folded = regs[0];
    for (n, reg) in regs.iter().enumerate().skip(1) {
        insns.push(insn(0x27, 0, 0, 0, 31));
        insns.push(insn(0xaf, 0, n as u8, 0, 0));
        folded = folded.wrapping_mul(31) ^ reg;
    }
    insns.push(exit());
    (insns, folded)
}

#[test]
fn random_programs_agree_with_the_evaluator() {
    let mut rng = Rng(3);
    for n in 0..5_000 {
        let (insns, want) = straight_line(&mut rng, true);
        assert_eq!(run(insns), want, "program {n}");
    }
}

/// rbpf 0.3 knows ISA v1 to v3, and is wrong about these, by the ISA document:
/// 32-bit add, sub and mul sign-extend their result; a 32-bit remainder by zero
/// leaves the upper half; NEG64 of the least value overflows (a panic).
fn rbpf_is_right(code: u8) -> bool {
    !matches!(
        code,
        0x04 | 0x0c | 0x14 | 0x1c | 0x24 | 0x2c | 0x94 | 0x9c | 0x87
    )
}

#[test]
fn random_programs_agree_with_rbpf() {
    let mut rng = Rng(4);
    for n in 0..5_000 {
        let (insns, want) = straight_line_of(&mut rng, false, rbpf_is_right);
        let bytes = insns.as_flattened().to_vec();
        let theirs = rbpf::EbpfVmNoData::new(Some(&bytes))
            .unwrap()
            .execute_program()
            .unwrap();
        let ours = run(insns);
        assert_eq!(ours, want, "program {n}: evaluator");
        assert_eq!(ours, theirs, "program {n}: rbpf");
    }
}

#[test]
fn machines_are_independent() {
    let threads: Vec<_> = (0..4)
        .map(|seed| {
            std::thread::spawn(move || {
                let mut rng = Rng(100 + seed);
                for _ in 0..200 {
                    let (insns, want) = straight_line(&mut rng, true);
                    let mut vm = HostVm::load(&common::image(Vec::new(), insns)).unwrap();
                    assert_eq!(vm.run(0, &mut []).unwrap(), want);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
