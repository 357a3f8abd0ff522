//! Programs that nobody would write: refused, or run within bounds.
//!
//! Under the feature `host-vm-sanitize` a step out of bounds ends the process;
//! without it, the world's own memory is compared afterwards. The number of
//! programs is DT_FUZZ (default below), the seed DT_SEED.

mod common;

use std::collections::BTreeMap;

use common::{Rng, exit, image, insn, ld64, ld64_k, mov, mov_r};
use legacy_kmod::abi::{Code, MapType};
use legacy_kmod::host_vm::{HostVm, Memory, Options, Space, VmError, World};
use legacy_kmod::wire::{Insn, Map};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(default)
}

fn maps() -> Vec<Map> {
    let mut filled = Map::new("array", MapType::Array, 4, 12, 3);
    filled.initial = vec![(vec![1], vec![0x77; 12])];
    vec![
        Map::new("global", MapType::Array, 4, 24, 1),
        filled,
        Map::new("hash", MapType::Hash, 8, 8, 5),
        Map::new("cpu", MapType::PerCpuHash, 4, 20, 3),
        Map::new("percpu", MapType::PerCpuArray, 4, 8, 2),
        Map::new("ring", MapType::Ring, 0, 0, 4096),
        Map::rodata("text", b"constant\0".to_vec()),
    ]
}

const OPCODES: &[u8] = &[
    0x04, 0x05, 0x06, 0x07, 0x0c, 0x0f, 0x14, 0x15, 0x16, 0x17, 0x1c, 0x1d, 0x1e, 0x1f, 0x24, 0x25,
    0x26, 0x27, 0x2c, 0x2d, 0x2e, 0x2f, 0x34, 0x35, 0x36, 0x37, 0x3c, 0x3d, 0x3e, 0x3f, 0x44, 0x45,
    0x46, 0x47, 0x4c, 0x4d, 0x4e, 0x4f, 0x54, 0x55, 0x56, 0x57, 0x5c, 0x5d, 0x5e, 0x5f, 0x61, 0x62,
    0x63, 0x64, 0x65, 0x66, 0x67, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x71, 0x72, 0x73, 0x74,
    0x75, 0x76, 0x77, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f, 0x81, 0x84, 0x87, 0x89, 0x91, 0x94,
    0x97, 0x9c, 0x9f, 0xa4, 0xa5, 0xa6, 0xa7, 0xac, 0xad, 0xae, 0xaf, 0xb4, 0xb5, 0xb6, 0xb7, 0xbc,
    0xbd, 0xbe, 0xbf, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd5, 0xd6, 0xd7,
    0xdb, 0xdc, 0xdd, 0xde,
];

const SERVICES: &[i32] = &[
    1, 2, 3, 4, 5, 7, 8, 14, 15, 16, 35, 45, 67, 112, 113, 114, 115, 125, 130, 134, 158, 173, 174,
    175, 181, 182,
];

/// An instruction whose fields are mostly what the opcode wants.
fn likely(rng: &mut Rng, at: i32, length: i32) -> Vec<Insn> {
    let reg = |rng: &mut Rng| rng.below(10) as u8;
    match rng.below(16) {
        // an address that is somebody's
        0 => prog![mov_r(reg(rng), 10)],
        1 => {
            let (map, off) = rng.pick(&[(0, 0), (0, 8), (0, 23), (6, 0), (6, 8)]);
            prog![ld64(reg(rng), 2, map, off)]
        }
        2 => prog![ld64(reg(rng), 1, rng.below(7) as i32, 0)],
        3 => {
            let target = rng.below(length as u64) as i32;
            prog![ld64(reg(rng), 4, target - at - 1, 0)]
        }
        4 => prog![ld64_k(reg(rng), rng.value())],
        5 | 6 => prog![common::call(rng.pick(SERVICES))],
        7 => {
            let target = rng.below(length as u64) as i32;
            prog![common::call_fn(target - at - 1)]
        }
        // arguments that fit services
        8 => prog![mov(1 + rng.below(5) as u8, rng.below(40) as i32)],
        9 => prog![insn(0x07, reg(rng), 0, 0, -(rng.below(40) as i32))],
        10 if rng.below(30) == 0 => prog![exit()],
        _ => {
            let code = match rng.pick(OPCODES) {
                // most would leave code behind that nothing reaches
                0x05 | 0x06 if rng.below(4) > 0 => 0x15,
                code => code,
            };
            let off = match code & 7 {
                5 | 6 => rng.below(length as u64) as i16 - at as i16 - 1,
                1..=3 => rng.pick(&[0, 0, 4, 8, -8, -16, -512, -4, 1]),
                _ => 0,
            };
            let register_source = code & 8 != 0 || code & 7 == 1 || code & 7 == 3;
            let imm = match code {
                0xc3 | 0xdb => rng.pick(&[0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1]),
                0xd4 | 0xd7 | 0xdc => rng.pick(&[16, 32, 64]),
                _ if code & 7 == 1 || (code & 8 != 0 && code & 7 > 3) || code & 7 == 3 => 0,
                _ if matches!(code & 0xf0, 0x60 | 0x70 | 0xc0) && matches!(code & 7, 4 | 7) => {
                    rng.below(32) as i32
                }
                _ if code & 0xf0 == 0x80 => 0,
                _ => rng.value() as i32,
            };
            let source = if register_source && code & 7 != 2 && code & 0xf0 != 0xd0
                || code & 7 == 1
                || matches!(code & 0xf7, 0xd5 | 0xd6) && code & 8 != 0
            {
                rng.below(11) as u8
            } else {
                0
            };
            let dst = if code & 7 == 2 || code & 7 == 3 {
                rng.below(11) as u8
            } else {
                reg(rng)
            };
            let (dst, off, imm) = match code {
                0x05 => (0, off, 0),
                0x06 => (0, 0, i32::from(off)),
                _ => (dst, off, imm),
            };
            // an address that is likely to be good
            let good = rng.pick(&[6, 7, 10]);
            let (dst, source) = match code & 7 {
                1 if rng.below(8) > 0 => (dst, good),
                2 | 3 if rng.below(8) > 0 => (good, source),
                _ => (dst, source),
            };
            let off = if good == 10 && off >= 0 && matches!(code & 7, 1..=3) {
                -off - 8
            } else {
                off
            };
            prog![insn(code, dst, source, off, imm)]
        }
    }
}

/// A function: its jumps lead to its own instructions, nine times in ten.
fn function(rng: &mut Rng) -> Vec<Insn> {
    let length = 4 + rng.below(20) as i32;
    let mut insns = Vec::new();
    let mut starts = Vec::new();
    while (insns.len() as i32) < length {
        starts.push(insns.len());
        if rng.below(200) == 0 {
            insns.push(rng.next().to_le_bytes());
        } else {
            insns.extend(likely(rng, insns.len() as i32, length));
        }
    }
    starts.push(insns.len());
    insns.push(exit());
    for &at in &starts {
        let target = rng.pick(&starts) as i32 - at as i32 - 1;
        let [code, regs, _, _, imm @ ..] = insns[at];
        if rng.below(10) > 0 && matches!(code & 7, 5 | 6) && code != 0x85 && code != 0x95 {
            let (off, imm) = if code == 0x06 {
                (0, target)
            } else {
                (target as i16, i32::from_le_bytes(imm))
            };
            insns[at] = insn(code, regs & 15, regs >> 4, off, imm);
        }
    }
    insns
}

/// One to three functions that refer to one another.
fn program(rng: &mut Rng) -> Vec<Insn> {
    let (mut insns, mut entries) = (Vec::new(), Vec::new());
    for n in 0..1 + rng.below(3) {
        entries.push(insns.len());
        if n == 0 {
            insns.extend([common::call_fn(0); 2]);
        }
        // somewhere to read and write
        insns.extend(prog![
            ld64(6, 2, 0, 0),
            mov_r(7, 10),
            insn(0x07, 7, 0, 0, -64)
        ]);
        if rng.below(2) == 0 {
            insns.extend(prog![
                ld64(1, 1, rng.below(6) as i32, 0),
                mov_r(2, 7),
                mov_r(3, 6)
            ]);
        }
        insns.extend(function(rng));
    }
    for (at, word) in insns.iter_mut().enumerate() {
        let [code, regs, ..] = *word;
        if (code, regs) != (0x85, 0x10) && (code != 0x18 || regs >> 4 != 4) {
            continue;
        }
        // the first two calls are there so that each function has one; the others
        // mostly lead onwards, or nearly all programs would end too deep in calls
        let later = entries.iter().copied().find(|&e| e > at);
        let target = match entries.get(at + 1) {
            Some(&entry) if at < 2 => entry,
            _ if rng.below(20) == 0 => rng.pick(&entries),
            _ => match later {
                Some(entry) => entry,
                None if code == 0x18 => rng.pick(&entries),
                None => {
                    *word = mov(0, 1);
                    continue;
                }
            },
        };
        *word = insn(code, regs & 15, regs >> 4, 0, target as i32 - at as i32 - 1);
    }
    insns
}

fn world(n: u64) -> World {
    World {
        random: n,
        cpu: (n % 2) as u32,
        memory: vec![Memory {
            address: 0,
            space: Space::Kernel,
            bytes: b"the null page, for once".to_vec(),
        }],
        kernel_stack: vec![1, 2, 3],
        ..World::default()
    }
}

#[test]
fn random_programs() {
    let count = number("DT_FUZZ", 100_000);
    let mut rng = Rng(number("DT_SEED", 11));
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    let options = Options {
        cpus: 2,
        steps: 3_000,
        ..Options::default()
    };
    let mut steps = 0;
    for n in 0..count {
        let insns = program(&mut rng);
        let end = match HostVm::load_with(&image(maps(), insns), world(n), options) {
            Err((error, left)) => {
                assert_eq!(left.live, 0, "program {n}: {error}");
                error.code()
            }
            Ok(mut vm) => {
                let mut code = None;
                for _ in 0..2 {
                    // guards on both sides of the context
                    let mut context = [0xa5; 96];
                    code = match vm.run_counted(0, &mut context[32..64]) {
                        Ok(run) => {
                            steps += u64::from(run.steps);
                            Some(Code::Ok)
                        }
                        Err(error) => error.code(),
                    };
                    assert!(
                        context[..32]
                            .iter()
                            .chain(&context[64..])
                            .all(|&b| b == 0xa5)
                    );
                }
                // constants stay, and the consumer's side holds up
                assert_eq!(vm.map_lookup(6, &[0; 4]).unwrap(), b"constant\0");
                for map in 0..5 {
                    vm.map_iter(map).unwrap();
                }
                vm.take_records(5).unwrap();
                code
            }
        };
        let name = end.map_or_else(|| "?".to_owned(), |c| format!("{c:?}"));
        *ends.entry(name).or_default() += 1;
    }
    println!("{count} programs, {steps} instructions run to an exit: {ends:?}");
    let ran: u64 = [
        "Ok",
        "Load",
        "Store",
        "Steps",
        "Depth",
        "RdOnly",
        "Align",
        "ArgMap",
        "ArgMemory",
        "ArgFunction",
    ]
    .iter()
    .filter_map(|e| ends.get(*e))
    .sum();
    assert!(ran * 4 > count, "too few run to mean anything: {ran}");
    assert!(!ends.contains_key("Broken"));
    assert!(!ends.contains_key("?"));
}

/// Words without any sense.
#[test]
fn random_words() {
    let mut rng = Rng(12);
    for _ in 0..number("DT_FUZZ", 100_000) / 2 {
        let insns = (0..1 + rng.below(6))
            .map(|_| rng.next().to_le_bytes())
            .collect();
        match HostVm::load(&image(Vec::new(), insns)) {
            Ok(mut vm) => drop(vm.run(0, &mut [0; 16])),
            Err(VmError::Refused { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}
