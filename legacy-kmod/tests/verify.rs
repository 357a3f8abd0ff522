//! Each refusal: its own code, at the right word; and nothing left behind.

mod common;

use common::{Rng, add, call, call_fn, exit, image, insn, ld64, ld64_k, mov};
use legacy_kmod::abi::{ABI_VERSION, Code, MapType};
use legacy_kmod::host_vm::{HostVm, Options, VmError, World};
use legacy_kmod::wire::{Blob, Insn, Map, Program};

/// The maps that programs here may name: 0 an array of one, 1 a hash.
fn maps() -> Vec<Map> {
    vec![
        Map::new("one", MapType::Array, 4, 16, 1),
        Map::new("hash", MapType::Hash, 8, 8, 4),
    ]
}

/// What loading says: code, and the word.
fn refusal(blob: &[u8]) -> (Code, Option<u32>) {
    match HostVm::load_with(blob, World::default(), Options::default()) {
        Ok(_) => (Code::Ok, None),
        Err((VmError::Refused { code, insn, .. }, left)) => {
            assert_eq!(left.live, 0, "{code:?} leaked");
            (code, insn)
        }
        Err((other, _)) => panic!("{other}"),
    }
}

fn check(insns: Vec<Insn>, code: Code, at: u32) {
    let got = refusal(&image(maps(), insns.clone()));
    assert_eq!(got, (code, Some(at)), "{insns:x?}");
}

/// The instruction in a program that would otherwise be right.
fn check_one(bad: Insn, code: Code) {
    check(prog![mov(0, 0), bad, exit()], code, 1);
}

#[test]
fn opcodes() {
    let known = [
        0x04, 0x05, 0x06, 0x07, 0x0c, 0x0f, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1c, 0x1d, 0x1e, 0x1f,
        0x24, 0x25, 0x26, 0x27, 0x2c, 0x2d, 0x2e, 0x2f, 0x34, 0x35, 0x36, 0x37, 0x3c, 0x3d, 0x3e,
        0x3f, 0x44, 0x45, 0x46, 0x47, 0x4c, 0x4d, 0x4e, 0x4f, 0x54, 0x55, 0x56, 0x57, 0x5c, 0x5d,
        0x5e, 0x5f, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
        0x6f, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f,
        0x81, 0x84, 0x85, 0x87, 0x89, 0x91, 0x94, 0x95, 0x97, 0x9c, 0x9f, 0xa4, 0xa5, 0xa6, 0xa7,
        0xac, 0xad, 0xae, 0xaf, 0xb4, 0xb5, 0xb6, 0xb7, 0xbc, 0xbd, 0xbe, 0xbf, 0xc3, 0xc4, 0xc5,
        0xc6, 0xc7, 0xcc, 0xcd, 0xce, 0xcf, 0xd4, 0xd5, 0xd6, 0xd7, 0xdb, 0xdc, 0xdd, 0xde,
    ];
    for code in 0..=255u8 {
        let (got, _) = refusal(&image(maps(), prog![insn(code, 0, 0, 0, 0), exit()]));
        assert_eq!(
            got == Code::Opcode,
            !known.contains(&code),
            "{code:#x} {got:?}"
        );
    }
}

#[test]
fn fields() {
    check_one(insn(0xb7, 11, 0, 0, 0), Code::Register);
    check_one(insn(0xbf, 0, 12, 0, 0), Code::Register);
    check_one(insn(0xb7, 10, 0, 0, 0), Code::R10Write);
    check_one(insn(0x79, 10, 1, 0, 0), Code::R10Write);
    check(prog![ld64_k(10, 1), exit()], Code::R10Write, 0);
    // atomic add with fetch writes src
    check_one(insn(0xdb, 1, 10, 0, 1), Code::R10Write);
    check_one(insn(0x0f, 1, 2, 0, 5), Code::Reserved);
    check_one(insn(0x0f, 1, 2, 5, 0), Code::Reserved);
    check_one(insn(0x07, 1, 2, 0, 0), Code::Reserved);
    check_one(insn(0x87, 1, 0, 0, 1), Code::Reserved);
    check_one(insn(0x95, 1, 0, 0, 0), Code::Reserved);
    check_one(insn(0x05, 0, 0, 0, 1), Code::Reserved);
    check_one(insn(0x06, 0, 0, 1, 0), Code::Reserved);
    check_one(insn(0x79, 1, 2, 0, 1), Code::Reserved);
    check_one(insn(0x7a, 1, 2, 0, 1), Code::Reserved);
    check_one(insn(0x3f, 1, 2, 2, 0), Code::Reserved);
    check_one(insn(0x85, 1, 0, 0, 5), Code::Reserved);
    check_one(insn(0x67, 1, 0, 0, 64), Code::Shift);
    check_one(insn(0x64, 1, 0, 0, 32), Code::Shift);
    check_one(insn(0xc7, 1, 0, 0, -1), Code::Shift);
    check_one(insn(0x37, 1, 0, 0, 0), Code::DivZero);
    check_one(insn(0x94, 1, 0, 0, 0), Code::DivZero);
    check_one(insn(0xdc, 1, 0, 0, 8), Code::Width);
    check_one(insn(0xbc, 1, 2, 32, 0), Code::Width);
    check_one(insn(0xbf, 1, 2, 1, 0), Code::Width);
    check_one(insn(0xdb, 1, 2, 0, 0x10), Code::Atomic);
    check_one(insn(0xc3, 1, 2, 0, 0xe0), Code::Atomic);
}

#[test]
fn wide_loads() {
    check(prog![mov(0, 0), insn(0x18, 1, 0, 0, 0)], Code::Ld64Half, 1);
    check(
        prog![insn(0x18, 1, 0, 0, 0), exit(), exit()],
        Code::Ld64Half,
        0,
    );
    check(prog![ld64(1, 1, 0, 1), exit()], Code::Ld64Half, 0);
    check(prog![ld64(1, 3, 0, 0), exit()], Code::Ld64Kind, 0);
    check(prog![ld64(1, 5, 0, 0), exit()], Code::Ld64Kind, 0);
    check(prog![ld64(1, 1, 2, 0), exit()], Code::MapIndex, 0);
    check(prog![ld64(1, 1, -1, 0), exit()], Code::MapIndex, 0);
    check(prog![ld64(1, 2, 2, 0), exit()], Code::MapIndex, 0);
    check(prog![ld64(1, 2, 1, 0), exit()], Code::MapDirect, 0);
    check(prog![ld64(1, 2, 0, 16), exit()], Code::MapOffset, 0);
    check(prog![ld64(1, 2, 0, -1), exit()], Code::MapOffset, 0);
}

#[test]
fn control() {
    check(prog![insn(0x05, 0, 0, 1, 0), exit()], Code::JumpRange, 0);
    check(prog![insn(0x05, 0, 0, -2, 0), exit()], Code::JumpRange, 0);
    check(
        prog![insn(0x06, 0, 0, 0, i32::MAX), exit()],
        Code::JumpRange,
        0,
    );
    check(
        prog![insn(0x06, 0, 0, 0, i32::MIN), exit()],
        Code::JumpRange,
        0,
    );
    check(
        prog![insn(0x15, 1, 0, 1, 0), ld64_k(0, 1), exit()],
        Code::JumpMiddle,
        0,
    );
    check(prog![mov(0, 0)], Code::FallOff, 0);
    check(prog![ld64_k(0, 0)], Code::FallOff, 0);
    check(prog![insn(0x15, 0, 0, -1, 0)], Code::FallOff, 0);
    check(prog![exit(), mov(0, 0), exit()], Code::Unreachable, 1);
    check(
        prog![insn(0x05, 0, 0, 1, 0), mov(0, 0), exit()],
        Code::Unreachable,
        1,
    );
    check(prog![call(9999), exit()], Code::Service, 0);
    check(prog![call(-1), exit()], Code::Service, 0);
    check(prog![call(6), exit()], Code::Service, 0);
    check(prog![insn(0x85, 0, 2, 0, 1), exit()], Code::CallKind, 0);
    check(prog![call_fn(1), exit()], Code::CallTarget, 0);
    check(prog![call_fn(i32::MAX), exit()], Code::CallTarget, 0);
    check(prog![call_fn(-2), exit()], Code::CallTarget, 0);
    check(
        prog![call_fn(2), exit(), ld64_k(0, 0), exit()],
        Code::CallTarget,
        0,
    );
    check(prog![ld64(2, 4, 7, 0), exit()], Code::CallTarget, 0);
    // a function may not be jumped into, and may not run on into the next
    check(
        prog![call_fn(2), insn(0x05, 0, 0, 1, 0), exit(), exit()],
        Code::JumpRange,
        1,
    );
    check(prog![call_fn(1), mov(0, 0), exit()], Code::FallOff, 1);
}

/// A blob with one field of it replaced.
fn patched(blob: &[u8], at: usize, word: u32) -> Vec<u8> {
    let mut bytes = blob.to_vec();
    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    bytes
}

#[test]
fn headers_and_tables() {
    let good = image(maps(), prog![mov(0, 0), exit()]);
    assert_eq!(refusal(&good).0, Code::Ok);
    let is = |bytes: &[u8], code| assert_eq!(refusal(bytes).0, code);
    is(&[], Code::BlobShort);
    is(&good[..31], Code::BlobShort);
    is(&good[..good.len() - 1], Code::BlobShort);
    is(&[good.as_slice(), &[0]].concat(), Code::BlobLong);
    is(&patched(&good, 0, 0), Code::Magic);
    is(&patched(&good, 4, 32 << 16 | 99), Code::Version);
    is(
        &patched(&good, 4, 33 << 16 | u32::from(ABI_VERSION)),
        Code::Header,
    );
    is(&patched(&good, 8, 8), Code::BlobShort);
    is(&patched(&good, 8, u32::MAX), Code::BlobLong);
    for (at, limit) in [(12, 4096), (16, 4096), (20, 1 << 20), (24, 1 << 24)] {
        is(&patched(&good, at, limit), Code::BlobShort);
        is(&patched(&good, at, limit + 1), Code::Limit);
        is(&patched(&good, at, u32::MAX), Code::Limit);
    }
    is(&patched(&good, 28, 1), Code::Header);
    let (map, prog) = (32, 32 + 2 * 64);
    is(&patched(&good, map, 3), Code::MapType);
    is(&patched(&good, map + 4, 8), Code::MapKey);
    is(&patched(&good, map + 8, 0), Code::MapValue);
    is(&patched(&good, map + 12, 0), Code::MapEntries);
    is(&patched(&good, map + 12, u32::MAX), Code::MapBytes);
    is(&patched(&good, map + 16, 1), Code::MapFlags);
    is(&patched(&good, map + 20, 1), Code::Ok); // no entries: the offset says nothing
    is(&patched(&good, map + 24, 1), Code::MapInit);
    is(&patched(&good, map + 24, u32::MAX), Code::MapInit);
    is(&patched(&good, map + 28, 1), Code::Header);
    is(&patched(&good, map + 60, u32::MAX), Code::Header); // a name without end
    is(&patched(&good, prog, 1), Code::ProgRange);
    is(&patched(&good, prog, u32::MAX), Code::ProgRange);
    is(&patched(&good, prog + 4, 0), Code::ProgRange);
    is(&patched(&good, prog + 4, 3), Code::ProgRange);
    is(&patched(&good, prog + 4, u32::MAX), Code::ProgRange);
    is(&patched(&good, prog + 8, 1), Code::Header);
    is(&patched(&good, prog + 60, u32::MAX), Code::Header);
}

#[test]
fn map_definitions() {
    let with = |map: Map| refusal(&image(vec![map], prog![mov(0, 0), exit()])).0;
    let map = |kind, key, value, entries| with(Map::new("m", kind, key, value, entries));
    assert_eq!(map(MapType::Array, 4, 1, 1), Code::Ok);
    assert_eq!(map(MapType::PerCpuArray, 8, 1, 1), Code::MapKey);
    assert_eq!(map(MapType::Hash, 0, 1, 1), Code::MapKey);
    assert_eq!(map(MapType::Hash, (1 << 17) + 1, 1, 1), Code::MapKey);
    assert_eq!(map(MapType::Hash, 1 << 17, 1, 1), Code::Ok);
    assert_eq!(map(MapType::PerCpuHash, 4, 0, 1), Code::MapValue);
    assert_eq!(map(MapType::Hash, 4, 1 << 25, 1), Code::MapValue);
    assert_eq!(map(MapType::Hash, 4, 4, 1 << 30), Code::MapBytes);
    assert_eq!(map(MapType::Ring, 4, 0, 4096), Code::MapKey);
    assert_eq!(map(MapType::Ring, 0, 4, 4096), Code::MapValue);
    assert_eq!(map(MapType::Ring, 0, 0, 4095), Code::MapEntries);
    assert_eq!(map(MapType::Ring, 0, 0, 2048), Code::MapEntries);
    assert_eq!(map(MapType::Ring, 0, 0, 1 << 31), Code::MapBytes);
    assert_eq!(map(MapType::Ring, 0, 0, 4096), Code::Ok);
    let mut hash = Map::new("m", MapType::Hash, 4, 4, 1);
    hash.read_only = true;
    assert_eq!(with(hash), Code::MapFlags);
    let mut array = Map::new("m", MapType::Array, 4, 4, 1);
    array.initial = vec![(vec![1], vec![1])];
    assert_eq!(with(array.clone()), Code::MapInit);
    array.initial = vec![(vec![0], vec![1])];
    assert_eq!(with(array), Code::Ok);
}

#[test]
fn programs_do_not_overlap() {
    let program = |n: usize| Program {
        name: format!("p{n}"),
        insns: prog![mov(0, n as i32), exit()],
    };
    let blob = Blob {
        maps: Vec::new(),
        programs: vec![program(0), program(1)],
    };
    let good = blob.to_bytes().unwrap();
    let mut vm = HostVm::load(&good).unwrap();
    assert_eq!(vm.run(0, &mut []), Ok(0));
    assert_eq!(vm.run(1, &mut []), Ok(1));
    assert_eq!(vm.run(2, &mut []).unwrap_err().code(), Some(Code::BadProg));
    // the second begins inside the first
    assert_eq!(refusal(&patched(&good, 32 + 64, 1)).0, Code::ProgRange);
}

#[test]
fn memory_that_runs_out() {
    let mut maps = maps();
    maps.push(Map::new("ring", MapType::Ring, 0, 0, 4096));
    maps.push(Map::new("cpu", MapType::PerCpuHash, 4, 4, 8));
    let blob = image(maps, prog![mov(0, 7), add(0, 1), exit()]);
    let all = HostVm::load(&blob).unwrap().allocations();
    assert!(all.made > 15);
    // the verifier's working memory alone is given back
    assert_eq!(all.live, all.made - 1);
    for n in 1..=all.made {
        let options = Options {
            fail_allocation: Some(n),
            ..Options::default()
        };
        let (error, left) = HostVm::load_with(&blob, World::default(), options)
            .err()
            .unwrap();
        assert_eq!(error.code(), Some(Code::NoMem), "allocation {n}");
        assert_eq!(left.live, 0, "allocation {n}");
    }
    let options = Options {
        fail_allocation: Some(all.made + 1),
        ..Options::default()
    };
    let mut vm = HostVm::load_with(&blob, World::default(), options)
        .ok()
        .unwrap();
    assert_eq!(vm.run(0, &mut []), Ok(8));
    // and a run makes none
    assert_eq!(vm.allocations(), all);
}

/// Flipping any bit of an image: loaded or refused, and if loaded then run.
#[test]
fn every_bit_flipped() {
    let insns = prog![
        ld64(1, 1, 1, 0),
        common::st(10, -8, 1),
        common::mov_r(2, 10),
        add(2, -8),
        call(1),
        insn(0x15, 0, 0, 1, 0),
        common::ldx(0, 0, 0),
        call_fn(1),
        exit(),
        mov(0, 0),
        exit(),
    ];
    let blob = image(maps(), insns);
    assert_eq!(refusal(&blob).0, Code::Ok);
    let mut loaded = 0;
    for bit in 0..blob.len() * 8 {
        let mut bytes = blob.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(mut vm) = HostVm::load(&bytes) {
            loaded += 1;
            let _ = vm.run(0, &mut [0; 64]);
        }
    }
    assert!(loaded > 100, "{loaded}");
}

/// Truncated anywhere, or with random words over it.
#[test]
fn damaged_images() {
    let blob = image(
        maps(),
        prog![ld64(1, 2, 0, 8), common::ldx(0, 1, 0), exit()],
    );
    for n in 0..blob.len() {
        assert_ne!(refusal(&blob[..n]).0, Code::Ok, "{n}");
    }
    let mut rng = Rng(5);
    for _ in 0..20_000 {
        let mut bytes = blob.clone();
        for _ in 0..=rng.below(3) {
            let at = rng.below(bytes.len() as u64 - 4) as usize;
            let value = rng.value() as u32;
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        if let Ok(mut vm) = HostVm::load(&bytes) {
            let _ = vm.run(0, &mut [0; 64]);
        }
    }
}

#[test]
fn the_back_end_knows_the_services_of_the_module() {
    for id in 0..400_u32 {
        let (code, _) = refusal(&image(
            maps(),
            prog![mov(0, 0), call(id as i32), mov(0, 0), exit()],
        ));
        let known = legacy_kmod::SERVICES.contains(&id);
        assert_eq!(known, code == Code::Ok, "service {id}: {code:?}");
    }
}
