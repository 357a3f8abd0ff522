//! Services: what they return, what they write, what they refuse.

mod common;

use common::{add, call, exit, image, insn, ld64, ld64_k, ldx, mov, mov_r};
use legacy_kmod::abi::{Code, MapType};
use legacy_kmod::host_vm::{HostVm, Memory, Options, Space, VmError, World};
use legacy_kmod::wire::{Insn, Map};

const EFAULT: u64 = -14i64 as u64;
const EINVAL: u64 = -22i64 as u64;

fn world() -> World {
    let memory = |address, space, bytes: &[u8]| Memory {
        address,
        space,
        bytes: bytes.to_vec(),
    };
    World {
        ktime_ns: 11,
        ktime_boot_ns: 12,
        pid_tgid: 13,
        uid_gid: 14,
        task: 15,
        task_regs: 16,
        cookie: 17,
        ip: 18,
        random: 19,
        cpu: 1,
        comm: "a-very-long-name".to_owned(),
        memory: vec![
            memory(0xffff_8800_0000_0000, Space::Kernel, b"kernel text\0more"),
            memory(0xffff_8800_0000_0010, Space::Kernel, b"next"),
            memory(0x7fff_0000, Space::User, b"user\0"),
        ],
        kernel_stack: vec![101, 102, 103],
        user_stack: vec![],
    }
}

fn load(maps: Vec<Map>, insns: Vec<Insn>) -> HostVm {
    let options = Options {
        cpus: 2,
        ..Options::default()
    };
    HostVm::load_with(&image(maps, insns), world(), options)
        .ok()
        .unwrap()
}

#[test]
fn numbers_of_the_world() {
    let ask = |id| {
        load(Vec::new(), prog![mov(1, 15), call(id), exit()])
            .run(0, &mut [])
            .unwrap()
    };
    let table = [
        (5, 11),
        (125, 12),
        (14, 13),
        (15, 14),
        (35, 15),
        (158, 15),
        (175, 16),
        (174, 17),
        (173, 18),
        (8, 1),
    ];
    for (id, value) in table {
        assert_eq!(ask(id), value, "service {id}");
    }
    let mut vm = load(Vec::new(), prog![call(7), exit()]);
    let random: Vec<u64> = (0..50).map(|_| vm.run(0, &mut []).unwrap()).collect();
    assert!(random.iter().all(|&r| r <= u64::from(u32::MAX)));
    let distinct: std::collections::BTreeSet<_> = random.iter().collect();
    assert!(distinct.len() > 45);
    vm.set_env(world());
    assert_eq!(
        vm.run(0, &mut []).unwrap(),
        random[0],
        "the same seed, the same numbers"
    );
}

/// Call `id`(context + `at`, `size`, `from`): the result, and the context after.
fn read(id: i32, at: i32, size: i32, from: u64) -> (u64, [u8; 32]) {
    let program = prog![add(1, at), mov(2, size), ld64_k(3, from), call(id), exit()];
    let mut context = [b'.'; 32];
    let result = load(Vec::new(), program).run(0, &mut context).unwrap();
    (result, context)
}

const KERNEL: u64 = 0xffff_8800_0000_0000;
const USER: u64 = 0x7fff_0000;

fn text(context: [u8; 32], length: usize) -> String {
    String::from_utf8_lossy(&context[..length]).replace('\0', "0")
}

#[test]
fn reads() {
    for id in [4, 113] {
        let (result, context) = read(id, 0, 6, KERNEL);
        assert_eq!((result, text(context, 8)), (0, "kernel..".to_owned()));
        // over the seam of two regions
        let (result, context) = read(id, 0, 6, KERNEL + 14);
        assert_eq!((result, text(context, 8)), (0, "renext..".to_owned()));
        // one byte too far: zeros, all of it
        let (result, context) = read(id, 1, 6, KERNEL + 15);
        assert_eq!((result, text(context, 8)), (EFAULT, ".000000.".to_owned()));
        assert_eq!(read(id, 0, 1, KERNEL - 1).0, EFAULT);
        assert_eq!(read(id, 0, 1, 0).0, EFAULT);
        assert_eq!(read(id, 0, 0, 0).0, 0);
        assert_eq!(read(id, 0, 8, u64::MAX).0, EFAULT);
    }
    assert_eq!(read(112, 0, 4, USER).0, 0);
    assert_eq!(read(4, 0, 4, USER).0, 0);
    assert_eq!(read(113, 0, 4, USER).0, EFAULT);
    assert_eq!(read(112, 0, 4, KERNEL).0, EFAULT);
}

#[test]
fn string_reads() {
    for id in [45, 115] {
        let (result, context) = read(id, 0, 32, KERNEL);
        assert_eq!(
            (result, text(context, 14)),
            (12, "kernel text0..".to_owned())
        );
        let (result, context) = read(id, 0, 12, KERNEL);
        assert_eq!(
            (result, text(context, 13)),
            (12, "kernel text0.".to_owned())
        );
        // cut, but terminated
        let (result, context) = read(id, 0, 7, KERNEL);
        assert_eq!((result, text(context, 8)), (7, "kernel0.".to_owned()));
        assert_eq!(
            read(id, 0, 1, KERNEL),
            (1, {
                let mut c = [b'.'; 32];
                c[0] = 0;
                c
            })
        );
        assert_eq!(read(id, 0, 0, KERNEL).0, 0);
        // no NUL before the end of what is there
        let (result, context) = read(id, 0, 12, KERNEL + 12);
        assert_eq!(
            (result, text(context, 13)),
            (EFAULT, "000000000000.".to_owned())
        );
        let (result, context) = read(id, 0, 8, KERNEL + 12);
        assert_eq!((result, text(context, 9)), (8, "morenex0.".to_owned()));
    }
    assert_eq!(read(114, 0, 9, USER).0, 5);
    assert_eq!(read(45, 0, 9, USER).0, 5);
    assert_eq!(read(115, 0, 9, USER).0, EFAULT);
    assert_eq!(read(114, 0, 9, KERNEL).0, EFAULT);
}

/// The machine's own memory is kernel memory.
#[test]
fn reads_of_ones_own() {
    let maps = || vec![Map::rodata("text", b"own text\0!".to_vec())];
    let own = |id, size, off| {
        let program = prog![mov(2, size), ld64(3, 2, 0, off), call(id), exit()];
        let mut context = [b'.'; 32];
        let result = load(maps(), program).run(0, &mut context).unwrap();
        (result, text(context, 11))
    };
    assert_eq!(own(113, 3, 0), (0, "own........".to_owned()));
    assert_eq!(own(113, 11, 0), (EFAULT, "00000000000".to_owned()));
    assert_eq!(own(112, 3, 0), (EFAULT, "000........".to_owned()));
    assert_eq!(own(115, 11, 4), (5, "text0......".to_owned()));
    assert_eq!(own(115, 3, 0), (3, "ow0........".to_owned()));
    assert_eq!(own(115, 2, 9), (EFAULT, "00.........".to_owned()));
    assert_eq!(own(114, 3, 0), (EFAULT, "000........".to_owned()));
}

#[test]
fn buffers_are_checked() {
    let ends = |id: i32, at: i32, size: i32| {
        let program = prog![add(1, at), mov(2, size), mov(3, 0), call(id), exit()];
        match load(Vec::new(), program).run(0, &mut [0; 32]) {
            Err(VmError::Fault { code, insn: 3, .. }) => code,
            other => panic!("{id} {at} {size} {other:?}"),
        }
    };
    for id in [4, 16, 45, 112, 113, 114, 115] {
        for (at, size) in [(0, 33), (31, 2), (32, 1), (-1, 1), (0, -1), (0, i32::MIN)] {
            assert_eq!(ends(id, at, size), Code::ArgMemory, "{id} {at} {size}");
        }
    }
}

#[test]
fn comm() {
    let get = |size| {
        let mut context = [b'.'; 32];
        let result = load(Vec::new(), prog![mov(2, size), call(16), exit()]).run(0, &mut context);
        (result.unwrap(), text(context, 20))
    };
    assert_eq!(get(16), (0, "a-very-long-nam0....".to_owned()));
    assert_eq!(get(20), (0, "a-very-long-nam00000".to_owned()));
    assert_eq!(get(5), (0, "a-ve0...............".to_owned()));
    assert_eq!(get(1), (0, "0...................".to_owned()));
    assert_eq!(get(0), (EINVAL, "....................".to_owned()));
}

#[test]
fn stacks() {
    let get = |size, flags| {
        let program = prog![mov_r(2, 1), mov(3, size), mov(4, flags), call(67), exit()];
        let mut context = [0xff; 32];
        let result = load(Vec::new(), program).run(0, &mut context).unwrap();
        let (words, _) = context.as_chunks::<8>();
        (result, [0, 1, 2, 3].map(|n| u64::from_le_bytes(words[n])))
    };
    let none = u64::MAX;
    assert_eq!(get(32, 0), (24, [101, 102, 103, 0]));
    assert_eq!(get(16, 0), (16, [101, 102, none, none]));
    assert_eq!(get(32, 1), (16, [102, 103, 0, 0]));
    assert_eq!(get(32, 3), (EFAULT, [0; 4]));
    assert_eq!(get(32, 0x100), (EFAULT, [0; 4]));
    assert_eq!(get(31, 0).0, EINVAL);
    assert_eq!(get(32, 0x800).0, EINVAL);
}

#[test]
fn strncmp() {
    let maps = || {
        vec![
            Map::rodata("b", b"abcd\0".to_vec()),
            Map::new("c", MapType::Array, 4, 4, 1),
        ]
    };
    let compare = |first: &[u8], size, map, off| {
        let mut context = [0; 16];
        context[..first.len()].copy_from_slice(first);
        let program = prog![mov(2, size), ld64(3, 2, map, off), call(182), exit()];
        load(maps(), program).run(0, &mut context).map(|r| r as i64)
    };
    assert_eq!(compare(b"abcd", 16, 0, 0), Ok(0));
    assert_eq!(compare(b"abcx", 4, 0, 0), Ok(1));
    assert_eq!(compare(b"abcx", 3, 0, 0), Ok(0));
    assert_eq!(compare(b"abb", 16, 0, 0), Ok(-1));
    assert_eq!(compare(b"abcde", 16, 0, 0), Ok(1));
    assert_eq!(compare(b"ab", 16, 0, 0), Ok(-1));
    assert_eq!(compare(b"\xff", 1, 0, 0), Ok(1));
    assert_eq!(compare(b"x", 0, 0, 0), Ok(0));
    assert_eq!(compare(b"d", 16, 0, 3), Ok(0));
    assert_eq!(compare(b"", 16, 1, 0), Ok(0));
    assert_eq!(
        compare(b"", 17, 0, 0).unwrap_err().code(),
        Some(Code::ArgMemory)
    );
    // a second string without an end
    let program = prog![
        ld64(3, 2, 1, 0),
        insn(0x62, 3, 0, 0, -1),
        mov(2, 4),
        call(182),
        exit()
    ];
    let error = load(maps(), program).run(0, &mut [0; 16]).unwrap_err();
    assert_eq!(error.code(), Some(Code::ArgMemory));
}

/// Registers 6 to 9 are the program's.
#[test]
fn services_leave_registers_alone() {
    let program = prog![
        mov(6, 1),
        mov(7, 2),
        mov_r(8, 1),
        call(5),
        insn(0x0f, 0, 6, 0, 0),
        insn(0x0f, 0, 7, 0, 0),
        ldx(1, 8, 0),
        insn(0x0f, 0, 1, 0, 0),
        exit()
    ];
    assert_eq!(
        load(Vec::new(), program).run(0, &mut [0; 8]),
        Ok(11 + 1 + 2)
    );
}
