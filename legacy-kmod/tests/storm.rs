//! Many firings at once, interrupted by others at any instruction: nothing is
//! torn, nothing is counted twice or lost without being counted as lost.

mod common;

use common::{add, call, exit, insn, ld64, ldx, mov, mov_r, stx};
use legacy_kmod::abi::MapType;
use legacy_kmod::host_vm::{HostVm, Options, Stepping, Storm, World};
use legacy_kmod::wire::{Blob, Insn, Map, Program};

const GLOBAL: usize = 0;
const HASH: usize = 1;
const RING: usize = 2;
const CHURN: usize = 3;
const KEYS: u64 = 13;

/// Context: level, number. Counts itself in a global (word 0), counts in
/// hash[number % 13], makes and removes elements of the churn map, and outputs a record of 40 bytes: level, number, level, number, their sum.
/// What the hash refuses (-EBUSY) is counted in the global's word 1; r0 = 1
/// where the ring was full.
fn program() -> Vec<Insn> {
    let add_one = |base: u8, off: i16| prog![mov(1, 1), insn(0xdb, base, 1, off, 0)];
    prog![
        mov_r(6, 1),
        ld64(7, 2, GLOBAL as i32, 0),
        add_one(7, 0),
        // hash[number % 13] += 1
        ldx(1, 6, 8),
        insn(0x97, 1, 0, 0, KEYS as i32),
        stx(10, -8, 1),
        insn(0x7a, 10, 0, -16, 0),
        ld64(1, 1, HASH as i32, 0),
        mov_r(2, 10),
        add(2, -8),
        mov_r(3, 10),
        add(3, -16),
        mov(4, 1),
        call(2),
        ld64(1, 1, HASH as i32, 0),
        mov_r(2, 10),
        add(2, -8),
        call(1),
        insn(0x15, 0, 0, 3, 0),
        add_one(0, 0),
        insn(0x05, 0, 0, 2, 0),
        add_one(7, 8),
        // churn: two made, the second of the firing before removed, the first removed
        call(8),
        insn(0x67, 0, 0, 0, 16),
        ldx(1, 6, 0),
        insn(0x4f, 0, 1, 0, 0),
        insn(0x67, 0, 0, 0, 16),
        mov_r(8, 0),
        ldx(9, 6, 8),
        churn(2, 0, 0),
        churn(2, 0, 1),
        churn(3, -1, 1),
        churn(3, 0, 0),
        record(),
        exit()
    ]
}

fn machine(cpus: u32, ring_bytes: u32) -> HostVm {
    let blob = Blob {
        maps: vec![
            Map::new("global", MapType::Array, 4, 16, 1),
            Map::new("hash", MapType::Hash, 8, 8, 64),
            Map::new("ring", MapType::Ring, 0, 0, ring_bytes),
            Map::new("churn", MapType::Hash, 8, 8, 64),
        ],
        programs: vec![
            Program {
                name: "storm".to_owned(),
                insns: program(),
            },
            Program {
                name: "record".to_owned(),
                insns: prog![mov_r(6, 1), record(), exit()],
            },
        ],
    };
    let options = Options {
        cpus,
        ..Options::default()
    };
    let blob = blob.to_bytes().unwrap();
    HostVm::load_with(&blob, World::default(), options)
        .ok()
        .unwrap()
}

/// Output the record; r0 = 1 where the ring is full. r6: the context.
fn record() -> Vec<Insn> {
    prog![
        ldx(1, 6, 0),
        ldx(2, 6, 8),
        stx(10, -40, 1),
        stx(10, -32, 2),
        stx(10, -24, 1),
        stx(10, -16, 2),
        insn(0x0f, 1, 2, 0, 0),
        stx(10, -8, 1),
        ld64(1, 1, RING as i32, 0),
        mov_r(2, 10),
        add(2, -40),
        mov(3, 40),
        mov(4, 0),
        call(130),
        insn(0x15, 0, 0, 1, 0),
        mov(0, 1),
    ]
}

/// Service `id` on the key (r8 | 2 * ((r9 + back) % 8) + which) of the churn map.
fn churn(id: i32, back: i32, which: i32) -> Vec<Insn> {
    prog![
        mov_r(1, 9),
        add(1, back),
        insn(0x57, 1, 0, 0, 7),
        insn(0x67, 1, 0, 0, 1),
        insn(0x0f, 1, 8, 0, 0),
        add(1, which),
        stx(10, -8, 1),
        ld64(1, 1, CHURN as i32, 0),
        mov_r(2, 10),
        add(2, -8),
        mov_r(3, 10),
        add(3, -16),
        mov(4, 0),
        call(id),
    ]
}

#[test]
fn parallel_and_interrupted() {
    let rounds: u64 = std::env::var("DT_STORM")
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(100_000);
    let mut vm = machine(3, 4096);
    let cpus = vm.storm(0, rounds, RING).unwrap();
    assert_eq!(cpus.len(), 3);
    let levels = check(&mut vm, &cpus);
    assert_eq!(levels[0], 3 * rounds);
    assert!(levels[1] + levels[2] > 0, "no signal got through");
}

/// A firing is interrupted by another every so many machine instructions. Over as
/// many rounds that is after every one of them, as each begins one later; and
/// inside the interruptions the same happens again. (Not
/// after each at once: a compare-and-swap that is interfered with each time would
/// never get on, and no interrupt is that frequent.)
#[test]
fn interrupted_at_every_instruction() {
    let step = |rounds, ring_bytes, every, every_inner, deep, consume| {
        let mut vm = machine(1, ring_bytes);
        let stepping = Stepping {
            every,
            every_inner,
            deep,
            consume,
        };
        let storm = vm.storm_stepping(0, rounds, stepping, RING).unwrap();
        assert_eq!(storm.torn, 0);
        let levels = check(&mut vm, &[storm]);
        assert_eq!(levels[0], rounds);
        assert!(levels[1] > rounds * 100 / u64::from(every), "{levels:?}");
        levels
    };
    step(53, 4096, 53, 1, u32::MAX, true);
    // the ring full nearly always
    step(5, 4096, 67, 1, u32::MAX, false);
    let levels = step(4, 4096, 61, 59, 7, true);
    assert!(levels[2] > 1000, "{levels:?}");
}

/// The same with nothing but the record, so that what an interruption does to the
/// ring is not mended by the next one.
#[test]
fn the_ring_interrupted() {
    for (consume, rounds, every) in [(true, 211, 211), (false, 101, 101)] {
        let mut vm = machine(1, 4096);
        let stepping = Stepping {
            every,
            every_inner: 1,
            deep: u32::MAX,
            consume,
        };
        let storm = vm.storm_stepping(1, rounds, stepping, RING).unwrap();
        println!(
            "fired {:?}, taken {}, refused {:?}",
            storm.fired, storm.taken, storm.refused
        );
        assert_eq!(storm.torn, 0);
        let (fired, refused) = (
            storm.fired.iter().sum::<u64>(),
            storm.refused.iter().sum::<u64>(),
        );
        assert!(fired > rounds + 50);
        assert_eq!(storm.taken + storm.records.len() as u64 + refused, fired);
        assert_eq!(vm.drops(RING), Ok(refused));
    }
}

/// What must hold however it went; the firings by level.
fn check(vm: &mut HostVm, cpus: &[Storm]) -> [u64; 3] {
    let sum = |f: fn(&Storm) -> [u64; 3]| cpus.iter().flat_map(f).sum::<u64>();
    let (fired, refused) = (sum(|c| c.fired), sum(|c| c.refused));
    let levels = [0, 1, 2].map(|n| cpus.iter().map(|c| c.fired[n]).sum::<u64>());
    let taken: u64 = cpus.iter().map(|c| c.taken + c.records.len() as u64).sum();
    println!("fired {levels:?}, records {taken}, ring full {refused}");
    assert_eq!(sum(|c| c.ended), 0);
    // the ring: every firing is a record or a drop, each record is whole, and the
    // numbers of a level come in order
    assert_eq!(taken + refused, fired);
    assert_eq!(vm.drops(RING), Ok(refused));
    for cpu in cpus {
        let mut last = [None; 3];
        for record in &cpu.records {
            let (words, rest) = record.as_chunks::<8>();
            let words: Vec<u64> = words.iter().map(|w| u64::from_le_bytes(*w)).collect();
            let (level, number) = (words[0], words[1]);
            assert_eq!(words, [level, number, level, number, level + number]);
            assert!(rest.is_empty());
            assert!(Some(number) > last[level as usize], "{level} {number}");
            last[level as usize] = Some(number);
        }
    }
    // the counters
    let global = vm.map_lookup(GLOBAL, &[0; 4]).unwrap();
    let (words, _) = global.as_chunks::<8>();
    let [all, missed] = [0, 1].map(|n| u64::from_le_bytes(words[n]));
    assert_eq!(all, fired);
    let counts = vm.map_iter(HASH).unwrap();
    let counted: u64 = counts
        .iter()
        .map(|(_, v)| u64::from_le_bytes(v[..].try_into().unwrap()))
        .sum();
    println!("counted {counted}, missed {missed}");
    assert_eq!(counts.len() as u64, KEYS);
    assert_eq!(counted + missed, fired);
    // what was removed is there to be used again: all of it, and no key twice
    for (key, _) in vm.map_iter(CHURN).unwrap() {
        // a removal that found its bucket taken left it behind
        assert_eq!(vm.map_delete(CHURN, &key), Ok(()));
    }
    for n in 0..64u64 {
        assert_eq!(
            vm.map_update(CHURN, &n.to_le_bytes(), &[0; 8], 1),
            Ok(()),
            "{n}"
        );
    }
    assert!(vm.map_update(CHURN, &[0xff; 8], &[0; 8], 1).is_err());
    assert_eq!(vm.map_iter(CHURN).unwrap().len(), 64);
    levels
}
