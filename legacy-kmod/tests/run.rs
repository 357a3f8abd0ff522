//! Memory, frames, loops, atomics: what a program may touch, and how one that
//! reaches for more is ended.

mod common;

use common::{
    Rng, add, call, call_fn, exit, image, insn, ld64, ld64_k, ldx, mov, mov_r, run, st, stx,
};
use legacy_kmod::abi::{Code, MapType};
use legacy_kmod::host_vm::{HostVm, Options, VmError, World};
use legacy_kmod::wire::{Blob, Insn, Map, Program};

fn code(result: Result<u64, VmError>) -> Code {
    match result {
        Ok(_) => Code::Ok,
        Err(e) => e.code().unwrap(),
    }
}

/// Code of a fault, and the instruction where it happened.
fn fault(maps: Vec<Map>, insns: Vec<Insn>) -> (Code, u32) {
    match run(maps, insns) {
        Err(VmError::Fault { code, insn, .. }) => (code, insn),
        other => panic!("{other:?}"),
    }
}

const SIZES: [(u8, i16); 4] = [(0x10, 1), (0x08, 2), (0x00, 4), (0x18, 8)];

#[test]
fn loads_and_stores_of_every_size() {
    let mut rng = Rng(6);
    for _ in 0..2_000 {
        let (size, bytes) = rng.pick(&SIZES);
        let (value, before) = (rng.value(), rng.value());
        let mask = u64::MAX >> (64 - 8 * bytes);
        let off = -8 - rng.below(500) as i16;
        let imm = rng.value() as i32;
        // what was there, then the store over it, then the load, then what is there
        let stored = |store: Insn, load: u8| {
            run(
                Vec::new(),
                prog![
                    ld64_k(2, value),
                    ld64_k(3, before),
                    stx(10, off, 3),
                    store,
                    insn(load | size, 0, 10, off, 0),
                    ldx(4, 10, off),
                    insn(0xaf, 0, 4, 0, 0),
                    exit()
                ],
            )
            .unwrap()
        };
        let merged = before & !mask | value & mask;
        let got = stored(insn(0x63 | size, 10, 2, off, 0), 0x61);
        assert_eq!(got, (value & mask) ^ merged);
        let imm_value = i64::from(imm) as u64;
        let merged = before & !mask | imm_value & mask;
        let got = stored(insn(0x62 | size, 10, 0, off, imm), 0x61);
        assert_eq!(got, (imm_value & mask) ^ merged);
        if bytes < 8 {
            let shift = 64 - 8 * bytes as u32;
            let signed = (((value << shift) as i64) >> shift) as u64;
            let merged = before & !mask | value & mask;
            let got = stored(insn(0x63 | size, 10, 2, off, 0), 0x81);
            assert_eq!(got, signed ^ merged);
        }
    }
}

#[test]
fn the_stack_ends() {
    for (size, bytes) in SIZES {
        let store = |off: i16| {
            run(
                Vec::new(),
                prog![insn(0x62 | size, 10, 0, off, 1), mov(0, 0), exit()],
            )
        };
        let load = |off: i16| run(Vec::new(), prog![insn(0x61 | size, 0, 10, off, 0), exit()]);
        assert_eq!(load(-512), Ok(0));
        assert_eq!(load(-bytes), Ok(0));
        assert_eq!(store(-512), Ok(0));
        for off in [-513, 1 - bytes, 0, 8, i16::MIN, i16::MAX] {
            assert_eq!(code(load(off)), Code::Load, "{off}");
            assert_eq!(code(store(off)), Code::Store, "{off}");
        }
    }
}

#[test]
fn the_context() {
    let mut vm = HostVm::load(&image(
        Vec::new(),
        prog![ldx(0, 1, 8), st(1, 0, 77), ldx(2, 1, 16), exit()],
    ))
    .unwrap();
    let mut context = [9u8; 24];
    assert_eq!(vm.run(0, &mut context), Ok(0x0909_0909_0909_0909));
    assert_eq!(context[..8], [77, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(code(vm.run(0, &mut context[..23])), Code::Load);
    assert_eq!(code(vm.run(0, &mut context[..8])), Code::Load);
    assert_eq!(code(vm.run(0, &mut [])), Code::Load);
}

#[test]
fn any_address_is_only_an_address() {
    let mut rng = Rng(7);
    for _ in 0..5_000 {
        let address = rng.value();
        let program = prog![ld64_k(2, address), ldx(0, 2, 0), exit()];
        let result = run(vec![Map::new("m", MapType::Array, 4, 8, 4)], program);
        assert!(
            matches!(result, Err(VmError::Fault { code: Code::Load, insn: 2, address: a }) if a == address),
            "{address:#x} {result:?}"
        );
    }
    // map and function handles are no addresses either
    let maps = || vec![Map::new("m", MapType::Array, 4, 8, 4)];
    assert_eq!(
        fault(maps(), prog![ld64(2, 1, 0, 0), ldx(0, 2, 0), exit()]),
        (Code::Load, 2)
    );
    assert_eq!(
        fault(
            maps(),
            prog![ld64(2, 4, 3, 0), st(2, 0, 0), exit(), exit(), exit()][..5].to_vec()
        ),
        (Code::Store, 2)
    );
}

#[test]
fn map_values_end_where_they_end() {
    // 12-byte values lie 16 apart: the padding is nobody's
    let maps = || vec![Map::new("m", MapType::Array, 4, 12, 3)];
    let at = |index: i32, off: i16, size: u8| {
        run(
            maps(),
            prog![
                insn(0x62, 10, 0, -4, index),
                mov_r(2, 10),
                add(2, -4),
                ld64(1, 1, 0, 0),
                call(1),
                insn(0x55, 0, 0, 2, 0),
                mov(0, -1),
                exit(),
                insn(0x61 | size, 0, 0, off, 0),
                exit()
            ],
        )
    };
    for index in 0..3 {
        assert_eq!(at(index, 0, 0x18), Ok(0));
        assert_eq!(at(index, 8, 0), Ok(0));
        assert_eq!(at(index, 11, 0x10), Ok(0));
        for (off, size) in [(12, 0x10), (8, 0x18), (9, 0), (-1, 0x10), (16, 0x18)] {
            let expected = match (index, off) {
                (0 | 1, 16) => Code::Ok, // the next element: BPF would know, we can't
                _ => Code::Load,
            };
            assert_eq!(code(at(index, off, size)), expected, "{index} {off}");
        }
    }
    assert_eq!(at(3, 0, 0x18), Ok(u64::MAX));
    assert_eq!(at(-1, 0, 0x18), Ok(u64::MAX));
}

#[test]
fn constants_are_constant() {
    let maps = || vec![Map::rodata("text", b"hello, world".to_vec())];
    assert_eq!(
        run(
            maps(),
            prog![ld64(1, 2, 0, 7), insn(0x61, 0, 1, 0, 0), exit()]
        ),
        Ok(u64::from(u32::from_le_bytes(*b"worl")))
    );
    assert_eq!(
        fault(
            maps(),
            prog![ld64(1, 2, 0, 0), insn(0x72, 1, 0, 0, 0), exit()]
        ),
        (Code::RdOnly, 2)
    );
    assert_eq!(
        fault(
            maps(),
            prog![ld64(1, 2, 0, 0), mov(2, 1), insn(0xc3, 1, 2, 0, 0), exit()]
        ),
        (Code::RdOnly, 3)
    );
    // nor does a service write there
    for id in [2, 3] {
        assert_eq!(
            fault(
                maps(),
                prog![
                    st(10, -16, 0),
                    mov_r(2, 10),
                    add(2, -16),
                    ld64(3, 2, 0, 0),
                    ld64(1, 1, 0, 0),
                    mov(4, 0),
                    call(id),
                    exit()
                ]
            ),
            (Code::RdOnly, 8)
        );
    }
    assert_eq!(
        fault(maps(), prog![ld64(1, 2, 0, 0), mov(2, 4), call(16), exit()]),
        (Code::ArgMemory, 3)
    );
}

#[test]
fn globals_live_on() {
    let maps = vec![Map::new("globals", MapType::Array, 4, 16, 1)];
    let program = prog![
        ld64(1, 2, 0, 8),
        ldx(0, 1, 0),
        add(0, 3),
        stx(1, 0, 0),
        exit()
    ];
    let mut vm = HostVm::load(&image(maps, program)).unwrap();
    for n in 1..=5 {
        assert_eq!(vm.run(0, &mut []), Ok(3 * n));
    }
    let value = vm.map_lookup(0, &[0; 4]).unwrap();
    assert_eq!(value[8..], 15u64.to_le_bytes());
}

#[test]
fn functions() {
    // r6-r9 survive a call; each function has its own 512 bytes, cleared; the
    // caller's stack can be written through a pointer
    let program = prog![
        mov(6, 60),
        mov(9, 90),
        st(10, -8, 5),
        mov_r(1, 10),
        add(1, -8),
        call_fn(5),
        ldx(2, 10, -8),
        insn(0x0f, 0, 2, 0, 0),
        insn(0x0f, 0, 6, 0, 0),
        insn(0x0f, 0, 9, 0, 0),
        exit(),
        mov(6, 0),
        mov(9, 0),
        st(1, 0, 1000),
        ldx(0, 10, -512),
        st(10, -512, 1),
        ldx(0, 10, -8),
        exit()
    ];
    assert_eq!(run(Vec::new(), program), Ok(1150));
    // a caller can't reach into what its callee has left
    let program = prog![call_fn(2), ldx(0, 10, -520), exit(), mov(0, 0), exit()];
    assert_eq!(fault(Vec::new(), program), (Code::Load, 1));
}

#[test]
fn eight_frames() {
    // f(n) = n ? f(n - 1) + 1 : 0
    let program = |n| {
        prog![
            mov(1, n),
            call_fn(1),
            exit(),
            insn(0x55, 1, 0, 2, 0),
            mov(0, 0),
            exit(),
            add(1, -1),
            call_fn(-5),
            add(0, 1),
            exit()
        ]
    };
    assert_eq!(run(Vec::new(), program(6)), Ok(6));
    assert_eq!(fault(Vec::new(), program(7)), (Code::Depth, 7));
}

#[test]
fn steps_are_counted() {
    let forever = prog![insn(0x05, 0, 0, -1, 0), exit()];
    assert_eq!(
        fault(
            Vec::new(),
            prog![mov(0, 0), insn(0x15, 0, 0, -2, 0), exit()]
        )
        .0,
        Code::Steps
    );
    // exit can't be reached there: refused as the kernel does
    assert_eq!(code(run(Vec::new(), forever)), Code::Unreachable);
    let options = |steps| Options {
        steps,
        ..Options::default()
    };
    let blob = image(Vec::new(), prog![mov(0, 1), mov(0, 2), exit()]);
    let with = |steps| {
        HostVm::load_with(&blob, World::default(), options(steps))
            .ok()
            .unwrap()
    };
    assert_eq!(code(with(2).run(0, &mut [])), Code::Steps);
    assert_eq!(with(3).run_counted(0, &mut []).unwrap().steps, 3);
}

/// bpf_loop(n, callback, &context, flags), the callback adding its index to
/// *context and returning whether it is `stop`.
fn looping(n: i32, stop: i32, flags: i32) -> Vec<Insn> {
    prog![
        st(10, -8, 0),
        mov(1, n),
        ld64(2, 4, 9, 0),
        mov_r(3, 10),
        add(3, -8),
        mov(4, flags),
        call(181),
        ldx(1, 10, -8),
        insn(0x67, 1, 0, 0, 32),
        insn(0x4f, 0, 1, 0, 0),
        exit(),
        ldx(3, 2, 0),
        insn(0x0f, 3, 1, 0, 0),
        stx(2, 0, 3),
        mov(0, 0),
        insn(0x55, 1, 0, 1, stop),
        mov(0, 1),
        exit()
    ]
}

#[test]
fn bpf_loop() {
    let result = |rounds: u64, sum: u64| Ok(rounds | sum << 32);
    assert_eq!(run(Vec::new(), looping(10, -1, 0)), result(10, 45));
    assert_eq!(run(Vec::new(), looping(10, 3, 0)), result(4, 6));
    assert_eq!(run(Vec::new(), looping(10, 0, 0)), result(1, 0));
    assert_eq!(run(Vec::new(), looping(10, 9, 0)), result(10, 45));
    assert_eq!(run(Vec::new(), looping(1, -1, 0)), result(1, 0));
    assert_eq!(run(Vec::new(), looping(0, -1, 0)), Ok(0));
    assert_eq!(run(Vec::new(), looping(1, -1, 1)), Ok(-22i64 as u64));
    assert_eq!(
        run(Vec::new(), looping((1 << 23) + 1, -1, 0)),
        Ok(-7i64 as u64)
    );
    assert_eq!(code(run(Vec::new(), looping(1 << 23, -1, 0))), Code::Steps);
    // what is not a function is not called
    for handle in [
        0,
        1,
        0xd7ac_0002_0000_0001,
        0xd7ac_0002_ffff_ffff,
        0xd7ac_0001_0000_0000,
    ] {
        let program = prog![mov(1, 1), ld64_k(2, handle), mov(4, 0), call(181), exit()];
        assert_eq!(fault(Vec::new(), program), (Code::ArgFunction, 4));
    }
}

#[test]
fn atomics() {
    let mut rng = Rng(8);
    let ops = [0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1];
    for _ in 0..4_000 {
        let op = rng.pick(&ops);
        let wide = rng.below(2) == 1;
        let (old, operand) = (rng.value(), rng.value());
        let expected = if rng.below(2) == 1 { old } else { rng.value() };
        let program = |what: Insn| {
            prog![
                ld64_k(0, expected),
                ld64_k(2, operand),
                ld64_k(3, old),
                stx(10, -8, 3),
                insn(if wide { 0xdb } else { 0xc3 }, 10, 2, -8, op),
                ldx(4, 10, -8),
                what,
                exit()
            ]
        };
        let cut = |v: u64| if wide { v } else { u64::from(v as u32) };
        let (o, x) = (cut(old), cut(operand));
        let new = cut(match op & !1 {
            0x00 => o.wrapping_add(x),
            0x40 => o | x,
            0x50 => o & x,
            0xa0 => o ^ x,
            0xe0 => x,
            _ => {
                if o == cut(expected) {
                    x
                } else {
                    o
                }
            }
        });
        let memory = if wide {
            new
        } else {
            old & 0xffff_ffff_0000_0000 | new
        };
        let (r0, r2) = match op {
            0xf1 => (o, operand),
            _ if op & 1 == 1 => (expected, o),
            _ => (expected, operand),
        };
        let context =
            format!("op {op:#x} wide {wide} old {old:#x} operand {operand:#x} r0 {expected:#x}");
        assert_eq!(
            run(Vec::new(), program(mov_r(0, 4))),
            Ok(memory),
            "{context}"
        );
        assert_eq!(run(Vec::new(), program(mov_r(0, 2))), Ok(r2), "{context}");
        assert_eq!(run(Vec::new(), program(mov_r(0, 0))), Ok(r0), "{context}");
    }
    let at = |off| {
        fault(
            Vec::new(),
            prog![mov(2, 1), insn(0xdb, 10, 2, off, 0), exit()],
        )
    };
    assert_eq!(at(-12), (Code::Align, 1));
    assert_eq!(at(-4), (Code::Store, 1));
    assert_eq!(at(0), (Code::Store, 1));
}

/// Registers and stack of a firing hold nothing of the one before.
#[test]
fn a_firing_begins_clean() {
    let programs = vec![
        Program {
            name: "dirty".to_owned(),
            insns: prog![mov(7, 7), st(10, -16, 7), mov(0, 7), exit()],
        },
        Program {
            name: "looks".to_owned(),
            insns: prog![ldx(0, 10, -16), insn(0x4f, 0, 7, 0, 0), exit()],
        },
    ];
    let blob = Blob {
        maps: Vec::new(),
        programs,
    };
    let mut vm = HostVm::load(&blob.to_bytes().unwrap()).unwrap();
    assert_eq!(vm.run(0, &mut []), Ok(7));
    assert_eq!(vm.run(1, &mut []), Ok(0));
}
