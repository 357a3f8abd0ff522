//! Maps: from the program's side and the consumer's, against a model.

mod common;

use std::collections::BTreeMap;

use common::{Rng, add, call, exit, image, insn, ld64, ldx, mov, mov_r};
use legacy_kmod::abi::{Code, MapType};
use legacy_kmod::host_vm::{HostVm, Options, VmError, World};
use legacy_kmod::wire::{Blob, Insn, Map, Program};

const E2BIG: i64 = -7;
const EAGAIN: i64 = -11;
const EEXIST: i64 = -17;
const EINVAL: i64 = -22;
const ENOENT: i64 = -2;

/// A machine whose programs do to map 0 what the context says: key at 0, value
/// at 16, flags at 32. 0 looks up (result: value of 8 bytes, -1 where missing),
/// 1 updates, 2 deletes.
fn machine(map: Map, cpus: u32) -> HostVm {
    let head = |id: i32| {
        prog![
            ld64(2, 0, 0, 0),
            mov_r(2, 1),
            mov_r(3, 1),
            add(3, 16),
            ldx(4, 1, 32),
            ld64(1, 1, 0, 0),
            call(id)
        ]
    };
    let program = |name: &str, insns: Vec<Insn>| Program {
        name: name.to_owned(),
        insns,
    };
    let lookup = prog![
        head(1),
        insn(0x55, 0, 0, 2, 0),
        mov(0, -1),
        exit(),
        ldx(0, 0, 0),
        exit()
    ];
    let blob = Blob {
        maps: vec![map],
        programs: vec![
            program("lookup", lookup),
            program("update", prog![head(2), exit()]),
            program("delete", prog![head(3), exit()]),
        ],
    };
    let options = Options {
        cpus,
        ..Options::default()
    };
    HostVm::load_with(&blob.to_bytes().unwrap(), World::default(), options)
        .ok()
        .unwrap()
}

fn act(vm: &mut HostVm, program: usize, key: &[u8], value: u64, flags: u64) -> i64 {
    let mut context = [0u8; 40];
    context[..key.len()].copy_from_slice(key);
    context[16..24].copy_from_slice(&value.to_le_bytes());
    context[32..40].copy_from_slice(&flags.to_le_bytes());
    vm.run(program, &mut context).unwrap() as i64
}

fn on_cpu(vm: &mut HostVm, cpu: u32) {
    let world = World {
        cpu,
        ..vm.world().clone()
    };
    vm.set_env(world);
}

#[test]
fn hashes_agree_with_a_model() {
    let mut rng = Rng(9);
    for key_bytes in [1u32, 4, 7, 8, 16] {
        let capacity = 20;
        let mut vm = machine(Map::new("h", MapType::Hash, key_bytes, 8, capacity), 1);
        let mut model: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for step in 0..20_000 {
            // 40 keys for 20 places
            let mut key = vec![0x5a; key_bytes as usize];
            key[rng.below(2).min(u64::from(key_bytes) - 1) as usize] = rng.below(20) as u8;
            let (value, flags) = (rng.next() >> 1, rng.below(4));
            let (got, want) = match rng.below(4) {
                0 => {
                    let want = model.get(&key).map_or(-1, |&v| v as i64);
                    (act(&mut vm, 0, &key, 0, 0), want)
                }
                1 => {
                    let want = if model.remove(&key).is_some() {
                        0
                    } else {
                        ENOENT
                    };
                    (act(&mut vm, 2, &key, 0, 0), want)
                }
                _ => {
                    let want = match (flags, model.contains_key(&key)) {
                        (3.., _) => EINVAL,
                        (1, true) => EEXIST,
                        (2, false) => ENOENT,
                        (_, false) if model.len() == capacity as usize => E2BIG,
                        _ => 0,
                    };
                    if want == 0 {
                        model.insert(key.clone(), value);
                    }
                    (act(&mut vm, 1, &key, value, flags), want)
                }
            };
            assert_eq!(got, want, "step {step}, key {key:?}");
        }
        let all: BTreeMap<Vec<u8>, u64> = vm
            .map_iter(0)
            .unwrap()
            .into_iter()
            .map(|(k, v)| (k, u64::from_le_bytes(v.try_into().unwrap())))
            .collect();
        assert_eq!(all, model);
    }
}

#[test]
fn arrays() {
    let mut vm = machine(Map::new("a", MapType::Array, 4, 8, 3), 1);
    let key = |n: u32| n.to_le_bytes();
    assert_eq!(act(&mut vm, 0, &key(2), 0, 0), 0);
    assert_eq!(act(&mut vm, 0, &key(3), 0, 0), -1);
    assert_eq!(act(&mut vm, 1, &key(2), 22, 0), 0);
    assert_eq!(act(&mut vm, 1, &key(1), 11, 2), 0);
    assert_eq!(act(&mut vm, 1, &key(3), 1, 0), E2BIG);
    assert_eq!(act(&mut vm, 1, &key(3), 1, 3), EINVAL);
    assert_eq!(act(&mut vm, 1, &key(u32::MAX), 1, 0), E2BIG);
    assert_eq!(act(&mut vm, 1, &key(0), 1, 1), EEXIST);
    assert_eq!(act(&mut vm, 2, &key(0), 0, 0), EINVAL);
    assert_eq!(act(&mut vm, 0, &key(2), 0, 0), 22);
    assert_eq!(
        vm.map_lookup(0, &key(1)),
        Some(11u64.to_le_bytes().to_vec())
    );
    assert_eq!(vm.map_lookup(0, &key(3)), None);
    assert_eq!(vm.map_lookup(0, &key(u32::MAX)), None);
    assert_eq!(vm.map_iter(0).unwrap().len(), 3);
    assert_eq!(vm.map_delete(0, &key(1)), Err(VmError::Errno(22)));
}

#[test]
fn per_cpu_values() {
    for (kind, key) in [
        (MapType::PerCpuArray, [1, 0, 0, 0]),
        (MapType::PerCpuHash, [9; 4]),
    ] {
        let mut vm = machine(Map::new("p", kind, 4, 8, 4), 3);
        let new = kind == MapType::PerCpuHash;
        on_cpu(&mut vm, 1);
        assert_eq!(act(&mut vm, 0, &key, 0, 0), if new { -1 } else { 0 });
        assert_eq!(act(&mut vm, 1, &key, 5, 0), 0);
        // a new key is zero on the others
        on_cpu(&mut vm, 2);
        assert_eq!(act(&mut vm, 0, &key, 0, 0), 0);
        assert_eq!(act(&mut vm, 1, &key, 6, 0), 0);
        let all = |a: u64, b: u64, c: u64| [a, b, c].map(u64::to_le_bytes).concat();
        assert_eq!(vm.map_lookup(0, &key), Some(all(0, 5, 6)));
        vm.map_update(0, &key, &all(7, 8, 9), 0).unwrap();
        for (cpu, value) in [(0, 7), (1, 8), (2, 9)] {
            on_cpu(&mut vm, cpu);
            assert_eq!(act(&mut vm, 0, &key, 0, 0), value);
        }
        if new {
            // deleted and made again: nothing of the old values
            assert_eq!(act(&mut vm, 2, &key, 0, 0), 0);
            for n in 0..4u8 {
                assert_eq!(act(&mut vm, 1, &[n; 4], 1, 1), 0);
                assert_eq!(vm.map_lookup(0, &[n; 4]), Some(all(0, 0, 1)));
            }
            assert_eq!(act(&mut vm, 1, &key, 1, 0), E2BIG);
        }
    }
}

#[test]
fn the_consumer_is_checked_too() {
    let mut vm = machine(Map::new("h", MapType::Hash, 8, 4, 4), 2);
    let usage = VmError::Usage { map: 0 };
    assert_eq!(vm.map_lookup(0, &[0; 7]), None);
    assert_eq!(vm.map_update(0, &[0; 8], &[0; 8], 0), Err(usage.clone()));
    assert_eq!(vm.map_update(0, &[0; 9], &[0; 4], 0), Err(usage.clone()));
    assert_eq!(vm.map_delete(0, &[]), Err(usage.clone()));
    assert_eq!(vm.take_records(0), Err(usage));
    assert_eq!(vm.map_iter(1), Err(VmError::Usage { map: 1 }));
    assert_eq!(
        vm.map_update(0, &[0; 8], &[0; 4], 2),
        Err(VmError::Errno(2))
    );
    assert_eq!(vm.map_update(0, &[0; 8], &[1; 4], 1), Ok(()));
    assert_eq!(
        vm.map_update(0, &[0; 8], &[2; 4], 1),
        Err(VmError::Errno(17))
    );
    assert_eq!(vm.map_iter(0).unwrap(), [(vec![0; 8], vec![1; 4])]);
    assert_eq!(vm.map_delete(0, &[0; 8]), Ok(()));
    assert_eq!(vm.map_delete(0, &[0; 8]), Err(VmError::Errno(2)));
}

#[test]
fn initial_entries() {
    let mut hash = Map::new("h", MapType::PerCpuHash, 4, 2, 3);
    hash.initial = vec![(vec![1], vec![10]), (vec![2], vec![20, 1])];
    let mut array = Map::new("a", MapType::Array, 4, 4, 3);
    array.initial = vec![(vec![2], vec![7]), (vec![0], vec![8, 9])];
    let blob = Blob {
        maps: vec![hash, array, Map::rodata("empty", Vec::new())],
        programs: Vec::new(),
    };
    let options = Options {
        cpus: 2,
        ..Options::default()
    };
    let vm = HostVm::load_with(&blob.to_bytes().unwrap(), World::default(), options)
        .ok()
        .unwrap();
    assert_eq!(vm.map_lookup(0, &[1, 0, 0, 0]), Some(vec![10, 0, 10, 0]));
    assert_eq!(vm.map_lookup(0, &[2, 0, 0, 0]), Some(vec![20, 1, 20, 1]));
    assert_eq!(vm.map_iter(0).unwrap().len(), 2);
    assert_eq!(vm.map_lookup(1, &[2, 0, 0, 0]), Some(vec![7, 0, 0, 0]));
    assert_eq!(vm.map_lookup(1, &[0; 4]), Some(vec![8, 9, 0, 0]));
    assert_eq!(vm.map_lookup(2, &[0; 4]), Some(vec![0]));
}

/// ringbuf_output(ring, context, length in the first 8 bytes of it, flags).
fn ring_machine(bytes: u32, flags: i32, cpus: u32) -> HostVm {
    let output = prog![
        mov_r(2, 1),
        ldx(3, 1, 0),
        ld64(1, 1, 0, 0),
        mov(4, flags),
        call(130),
        exit()
    ];
    let query = prog![ldx(2, 1, 0), ld64(1, 1, 0, 0), call(134), exit()];
    let blob = Blob {
        maps: vec![Map::new("ring", MapType::Ring, 0, 0, bytes)],
        programs: vec![
            Program {
                name: "output".to_owned(),
                insns: output,
            },
            Program {
                name: "query".to_owned(),
                insns: query,
            },
        ],
    };
    let options = Options {
        cpus,
        ..Options::default()
    };
    HostVm::load_with(&blob.to_bytes().unwrap(), World::default(), options)
        .ok()
        .unwrap()
}

fn output(vm: &mut HostVm, length: usize, fill: u8) -> (i64, Vec<u8>) {
    let mut context = vec![fill; length.max(8)];
    context[..8].copy_from_slice(&(length as u64).to_le_bytes());
    let result = vm.run(0, &mut context).unwrap() as i64;
    context.truncate(length);
    (result, context)
}

#[test]
fn records_come_out_as_they_went_in() {
    let mut rng = Rng(10);
    let mut vm = ring_machine(4096, 1, 1);
    let (mut inside, mut used, mut drops) = (Vec::new(), 0, 0);
    for n in 0..50_000u32 {
        let length = match rng.below(50) {
            0 => 4096 - rng.below(20) as usize,
            _ => rng.below(200) as usize,
        };
        let (result, record) = output(&mut vm, length, n as u8);
        let need = (length + 8).next_multiple_of(8);
        if length + 8 <= 4096 && used + need < 4096 {
            assert_eq!(result, 0, "record {n}");
            inside.push(record);
            used += need;
        } else {
            assert_eq!(result, EAGAIN, "record {n}");
            drops += 1;
        }
        if rng.below(30) == 0 {
            assert_eq!(vm.take_records(0).unwrap(), inside);
            inside.clear();
            used = 0;
        }
    }
    assert_eq!(vm.drops(0), Ok(drops));
    assert!(drops > 100);
}

#[test]
fn rings_are_per_cpu() {
    let mut vm = ring_machine(4096, 0, 2);
    let mut by_cpu = [Vec::new(), Vec::new()];
    for n in 0..6u8 {
        let cpu = u32::from(n % 2);
        on_cpu(&mut vm, cpu);
        by_cpu[cpu as usize].push(output(&mut vm, 20, n).1);
    }
    let query = |vm: &mut HostVm, what: u64| vm.run(1, &mut what.to_le_bytes()).unwrap();
    assert_eq!(
        [0, 1, 2, 3, 4].map(|w| query(&mut vm, w)),
        [96, 4096, 0, 96, 0]
    );
    assert_eq!(vm.take_records(0).unwrap(), by_cpu.concat());
    assert_eq!(
        [0, 1, 2, 3, 4].map(|w| query(&mut vm, w)),
        [0, 4096, 96, 96, 0]
    );
    assert_eq!(vm.take_records(0).unwrap(), Vec::<Vec<u8>>::new());
    let mut vm = ring_machine(4096, 4, 1);
    assert_eq!(output(&mut vm, 8, 0).0, EINVAL);
}

/// What is no map, or a map of the wrong kind, ends the run.
#[test]
fn services_want_their_kind_of_map() {
    let maps = || {
        vec![
            Map::new("hash", MapType::Hash, 8, 16, 2),
            Map::new("ring", MapType::Ring, 0, 0, 4096),
        ]
    };
    let with = |r1: [Insn; 2], id: i32, r2: i16, r3: i16| {
        let program = prog![
            r1,
            mov_r(2, 10),
            add(2, i32::from(r2)),
            mov_r(3, 10),
            add(3, i32::from(r3)),
            mov(4, 0),
            call(id),
            exit()
        ];
        let mut vm = HostVm::load(&image(maps(), program)).unwrap();
        match vm.run(0, &mut []) {
            Ok(_) => Code::Ok,
            Err(e) => e.code().unwrap(),
        }
    };
    let (hash, ring) = (ld64(1, 1, 0, 0), ld64(1, 1, 1, 0));
    assert_eq!(with(hash, 1, -8, 0), Code::Ok);
    assert_eq!(with(hash, 1, -7, 0), Code::ArgMemory);
    assert_eq!(with(hash, 2, -8, -16), Code::Ok);
    assert_eq!(with(hash, 2, -8, -15), Code::ArgMemory);
    assert_eq!(with(hash, 2, 0, -16), Code::ArgMemory);
    assert_eq!(with(hash, 3, 0, 0), Code::ArgMemory);
    assert_eq!(with(hash, 130, -8, 0), Code::ArgMap);
    for id in [1, 2, 3] {
        assert_eq!(with(ring, id, -8, -16), Code::ArgMap);
    }
    for forged in [0, 1, u64::MAX, 0xd7ac_0001_0000_0002, 0xd7ac_0002_0000_0000] {
        for id in [1, 2, 3, 130, 134] {
            assert_eq!(with(common::ld64_k(1, forged), id, -8, -16), Code::ArgMap);
        }
    }
    // a forged handle of a map that exists is as good as a real one
    assert_eq!(
        with(common::ld64_k(1, 0xd7ac_0001_0000_0000), 1, -8, 0),
        Code::Ok
    );
}
