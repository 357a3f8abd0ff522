//! Bytes as an image for the module: refused, or run within bounds. The C of the module is built with sanitizers, which
//! end the process at a step out of bounds.
#![no_main]

use legacy_kmod::abi::MapType;
use legacy_kmod::host_vm::{HostVm, Memory, Options, Space, World};
use legacy_kmod::wire::{Blob, Insn, Map, Program};
use libfuzzer_sys::fuzz_target;

/// One map of each kind, for inputs that are only instructions.
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

/// The input is a whole image as it comes through the device, or the instructions of one program.
fn image(kind: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    if kind.is_multiple_of(2) {
        return Some(bytes.to_vec());
    }
    let insns: Vec<Insn> = bytes
        .chunks_exact(8)
        .filter_map(|c| c.try_into().ok())
        .collect();
    let program = Program {
        name: "fuzz".to_owned(),
        insns,
    };
    let blob = Blob {
        maps: maps(),
        programs: vec![program],
    };
    blob.to_bytes().ok()
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let Some(blob) = image(*kind, rest) else {
        return;
    };
    let world = World {
        memory: vec![Memory {
            address: 0,
            space: Space::Kernel,
            bytes: b"the null page, for once".to_vec(),
        }],
        kernel_stack: vec![1, 2, 3],
        ..World::default()
    };
    let options = Options {
        cpus: 2,
        steps: 3_000,
        ..Options::default()
    };
    match HostVm::load_with(&blob, world, options) {
        Err((error, left)) => assert_eq!(left.live, 0, "{error}"),
        Ok(mut vm) => {
            for prog in 0..2 {
                // Guards on both sides of the context.
                let mut context = [0xa5; 128];
                // A fault is an answer, too.
                let _ = vm.run(prog, &mut context[32..96]);
                assert!(
                    context[..32]
                        .iter()
                        .chain(&context[96..])
                        .all(|&b| b == 0xa5)
                );
            }
            for map in 0..8 {
                let _ = vm.map_iter(map);
                let _ = vm.take_records(map);
            }
        }
    }
});
