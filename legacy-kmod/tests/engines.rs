//! The third engine: what the interpreter says of random DIF, the module's machine has to say too, down to the last
//! address of a fault. See `tracer_ebpf::testing`.

use legacy_kmod::host_vm::{HostVm, Options, World};
use legacy_kmod::wire;
use tracer_ebpf::caps::Caps;
use tracer_ebpf::image::{Image, Phase};
use tracer_ebpf::testing::{engines, seeds, world};

#[test]
fn engines_module() {
    let env = World::default();
    let half = |v: u64| [v >> 32, v & 0xffff_ffff];
    let ([pid, tid], [gid, uid]) = (half(env.pid_tgid), half(env.uid_gid));
    let mut world = world(env.comm.as_bytes(), [pid, tid, uid, gid]);
    let caps = Caps {
        cpus: 1,
        // The machine counts steps; loops need nothing from a verifier.
        may_goto: false,
        global_subs: false,
        btf_tracepoints: false,
        ..Caps::modern()
    };
    let load = |image: &Image| {
        let blob = wire::from_image(image)
            .and_then(|b| b.to_bytes())
            .map_err(|e| e.to_string())?;
        let options = Options {
            steps: 1 << 24,
            ..Options::default()
        };
        let mut vm =
            HostVm::load_with(&blob, World::default(), options).map_err(|(e, _)| e.to_string())?;
        let mut state = vec![0; 64];
        state[0] = Phase::Begin as u8;
        vm.map_update(image.state.0 as usize, &[0; 4], &state, 0)
            .map_err(|e| e.to_string())?;
        Ok(vm)
    };
    let run = |vm: &mut HostVm, image: &Image| {
        vm.run(0, &mut []).map_err(|e| e.to_string())?;
        vm.take_records(image.ring.0 as usize)
            .map_err(|e| e.to_string())
    };
    let (ran, faults, failures) = engines(seeds(), &caps, usize::MAX, &mut world, load, run);
    println!(
        "NOTE engines_module: {ran} programs agree in 3 firings each, {faults} faults among them"
    );
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
