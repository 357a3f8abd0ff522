//! Engines agree: random DIF, run by the reference interpreter and, lowered, by this kernel's own BPF. See
//! `tracer_ebpf::testing`; `ENGINES_BATCHES` and `ENGINES_SEED` choose how many and which.

mod common;

use common::{Loaded, no_kernel};
use std::ops::Range;
use tracer_ebpf::caps::Caps;
use tracer_ebpf::image::{DropKind, Phase};
use tracer_ebpf::lower::entry::LEVELS;
use tracer_ebpf::testing::{Case, engines, seeds, world};

#[test]
fn engines_kernel() {
    agree("engines_kernel", &Caps::modern(), usize::MAX, seeds());
}

/// Firings that go through a chain of programs: what lasts for the firing goes over.
#[test]
fn engines_divided() {
    agree("engines_divided", &Caps::modern(), 3, some(10));
}

/// A program that can't be called: what comes before it is there, the firing is counted, and its scratch is given back.
#[test]
fn calls_that_fail_are_counted() {
    if let Some(why) = no_kernel() {
        println!("SKIP calls_that_fail_are_counted: {why}");
        return;
    }
    let caps = Caps {
        cpus: 64,
        ..Caps::modern()
    };
    let image = Case::new(1, 4, 2, &caps).unwrap().image;
    assert_eq!(image.progs.len(), 2);
    let firings = 3 * u64::from(LEVELS);
    for (chained, records) in [(true, 4), (false, 2)] {
        let mut loaded = Loaded::with(&image, chained).unwrap();
        loaded.phase(Phase::Begin as u32);
        for _ in 0..firings {
            loaded.run(0).unwrap();
            assert_eq!(loaded.records().len(), records);
        }
        let cpus = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap();
        let last = cpus.trim().rsplit(['-', ',']).next().unwrap();
        let count = |kind| loaded.drops(kind as u32, last.parse::<usize>().unwrap() + 1);
        assert_eq!(count(DropKind::Cut), if chained { 0 } else { firings });
        assert_eq!(count(DropKind::Nested), 0);
    }
}

/// So many times fewer than all.
fn some(fewer: u64) -> Range<u64> {
    let all = seeds();
    all.start..all.start + (all.end - all.start).div_ceil(fewer)
}

/// What is made for kernels that have no `may_goto`: global subprograms.
#[test]
#[cfg(feature = "live")]
fn engines_global_subs() {
    let caps = Caps {
        may_goto: false,
        ..Caps::modern()
    };
    // Strings are what differs; a twentieth of the programs has enough of them.
    agree("engines_global_subs", &caps, usize::MAX, some(20));
}

fn agree(test: &str, caps: &Caps, most: usize, seeds: Range<u64>) {
    if let Some(why) = no_kernel() {
        println!("SKIP {test}: {why}");
        return;
    }
    // SAFETY: plain system calls.
    let who = unsafe {
        [
            libc::getpid() as u64,
            libc::gettid() as u64,
            libc::getuid().into(),
            libc::getgid().into(),
        ]
    };
    let comm = std::fs::read("/proc/thread-self/comm").unwrap();
    let mut world = world(comm.trim_ascii_end(), who);
    let caps = Caps {
        cpus: 64,
        ..caps.clone()
    };
    let load = |image: &_| {
        let loaded = Loaded::new(image)?;
        loaded.phase(Phase::Begin as u32);
        Ok(loaded)
    };
    let run = |l: &mut Loaded, _: &_| {
        l.run(0).map_err(|e| e.to_string())?;
        Ok(l.records())
    };
    let (ran, faults, failures) = engines(seeds, &caps, most, &mut world, load, run);
    // Linux 6.18's verifier now and then ends with "verifier bug", its own word, while it looks back for what made a number
    // what it is. Such a batch says nothing of ours; more than a few would be a shape of ours that provokes it.
    let (of_the_kernel, ours): (Vec<String>, Vec<String>) = failures
        .into_iter()
        .partition(|f| f.contains("\nverifier bug: "));
    println!(
        "NOTE {test}: {ran} programs agree in 3 firings each, {faults} faults among them; {} batches ended by a bug of the kernel's verifier",
        of_the_kernel.len()
    );
    assert!(ours.is_empty(), "{}", ours.join("\n\n"));
    assert!(of_the_kernel.len() <= 3, "{}", of_the_kernel.join("\n\n"));
}
