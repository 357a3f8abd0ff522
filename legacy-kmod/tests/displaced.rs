//! The planner proven by doing what the module does, to a program: every instruction that it executes is displaced.
//!
//! `displaced/work.c`, linked statically, runs twice under ptrace. First step by step: each address, with all registers.
//! Then with an INT3 on every instruction that it went through and its replacement, as [`x86::slot_code`] makes it, in a slot;
//! at each trap execution goes on in the slot. Both runs must pass the same places with the same registers, and come to the
//! same result: a displaced instruction that did anything else shows at the next trap.

use legacy_kmod::abi::MapType;
use legacy_kmod::wire::{Blob, Map, Program};
use legacy_kmod::x86::{self, Bits, Refusal, Text};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where `work.c` has what it tells and takes.
const PLACE: u64 = 0x1000_0000;
const BLOB: u64 = PLACE + 4096;
const SLOTS: u64 = PLACE + 0x10_0000;

/// Compiles it; `None` with a `SKIP` where that can't be.
fn compile(name: &str, flags: &[&str], after: &[&str]) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // A C library's header asks for it, though nothing of it is used.
    std::fs::create_dir_all(dir.join("gnu")).expect("a folder");
    std::fs::write(dir.join("gnu/stubs-32.h"), "").expect("a header");
    let out = dir.join(name);
    let mut gcc = Command::new("gcc");
    gcc.args([
        "-O2",
        "-w",
        "-std=gnu89",
        "-static",
        "-no-pie",
        "-fcf-protection=none",
    ])
    .args(flags)
    .arg("-I")
    .arg(dir)
    .arg("-Wl,--section-start=.place=0x10000000,--no-warn-rwx-segments")
    .arg("-o")
    .arg(&out)
    .arg(here.join("tests/displaced/work.c"));
    for part in ["load", "verify", "map", "service", "vm", "host/host"] {
        gcc.arg(here.join(format!("kmod/{part}.c")));
    }
    let ran = gcc.args(after).output();
    match ran {
        Ok(o) if o.status.success() => Some(out),
        Ok(o) => panic!("gcc: {}", String::from_utf8_lossy(&o.stderr)),
        Err(e) => {
            println!("SKIP displaced::{name}: gcc: {e}");
            None
        }
    }
}

/// A program for the module's machine: arithmetic, a loop's worth of map updates, records.
fn image() -> Vec<u8> {
    let insn = |code: u8, dst: u8, src: u8, off: i16, imm: i32| {
        let ([o0, o1], [a, b, c, d]) = (off.to_le_bytes(), imm.to_le_bytes());
        [code, src << 4 | dst, o0, o1, a, b, c, d]
    };
    let mut insns = vec![
        insn(0x79, 6, 1, 0, 0), // r6 = context[0]
        insn(0x79, 7, 1, 8, 0),
    ];
    for n in 0..12 {
        insns.extend([
            insn(0x0f, 6, 7, 0, 0),         // r6 += r7
            insn(0x27, 6, 0, 0, 12345 + n), // r6 *= k
            insn(0x37, 6, 0, 0, 3),         // r6 /= 3
            insn(0xb7, 8, 0, 0, n),
            insn(0x6f, 7, 8, 0, 0), // r7 <<= r8
            insn(0xaf, 7, 6, 0, 0), // r7 ^= r6
            insn(0x9f, 6, 8, 0, 0), // r6 %= r8
            insn(0x07, 6, 0, 0, 7919),
        ]);
    }
    insns.extend([
        insn(0x57, 6, 0, 0, 31),
        insn(0x63, 10, 6, -4, 0), // key = r6 & 31
        insn(0x7b, 10, 7, -16, 0),
        insn(0x18, 1, 1, 0, 0), // the hash
        insn(0, 0, 0, 0, 0),
        insn(0xbf, 2, 10, 0, 0),
        insn(0x07, 2, 0, 0, -4),
        insn(0xbf, 3, 10, 0, 0),
        insn(0x07, 3, 0, 0, -16),
        insn(0xb7, 4, 0, 0, 0),
        insn(0x85, 0, 0, 0, 2), // update
        insn(0x18, 1, 1, 0, 0),
        insn(0, 0, 0, 0, 0),
        insn(0xbf, 2, 10, 0, 0),
        insn(0x07, 2, 0, 0, -4),
        insn(0x85, 0, 0, 0, 1), // look up
        insn(0x15, 0, 0, 1, 0), // nothing there: 0
        insn(0x79, 0, 0, 0, 0),
        insn(0x95, 0, 0, 0, 0),
    ]);
    let blob = Blob {
        maps: vec![Map::new("h", MapType::Hash, 4, 8, 64)],
        programs: vec![Program {
            name: "p".to_owned(),
            insns,
        }],
    };
    blob.to_bytes().expect("a blob")
}

/// A stopped program.
struct Traced {
    child: Child,
    memory: File,
    bits: Bits,
}

/// Registers that both runs must agree on; the instruction pointer apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    at: u64,
    registers: u64,
}

impl Traced {
    /// Starts it, up to its first breakpoint.
    fn start(program: &Path, bits: Bits) -> Traced {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null());
        // SAFETY: both are system calls that touch no memory of the parent's.
        unsafe {
            command.pre_exec(|| {
                libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
                libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
                Ok(())
            });
        }
        let child = command.spawn().expect("the program");
        let path = format!("/proc/{}/mem", child.id());
        let mut traced = Traced {
            memory: OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .expect("its memory"),
            child,
            bits,
        };
        traced.wait();
        // exec made a new address space.
        let path = format!("/proc/{}/mem", traced.child.id());
        traced.memory = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .expect("its memory");
        traced.same_random_bytes();
        traced.go(libc::PTRACE_CONT);
        let blob = image();
        traced.memory.write_all_at(&blob, BLOB).expect("the blob");
        let bytes = (blob.len() as u64).to_le_bytes();
        traced
            .memory
            .write_all_at(&bytes, PLACE + 32)
            .expect("its size");
        traced
    }

    /// The kernel gives each program 16 random bytes, of which the C library makes secrets that end up in registers.
    fn same_random_bytes(&self) {
        const AT_RANDOM: u64 = 25;
        let auxv = std::fs::read(format!("/proc/{}/auxv", self.child.id())).expect("auxv");
        let word = if self.bits == Bits::Bits64 { 8 } else { 4 };
        let number = |b: &[u8]| b.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        let at = auxv
            .chunks_exact(2 * word)
            .find(|e| number(&e[..word]) == AT_RANDOM)
            .map(|e| number(&e[word..]));
        if let Some(at) = at {
            self.memory
                .write_all_at(&[0x5a; 16], at)
                .expect("random bytes");
        }
    }

    fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    fn wait(&mut self) {
        let mut status = 0;
        // SAFETY: `status` is written to.
        let pid = unsafe { libc::waitpid(self.pid(), &raw mut status, 0) };
        assert_eq!(pid, self.pid(), "waitpid");
        assert!(
            libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTRAP,
            "stopped by something else: {status:#x} at {:#x}",
            if libc::WIFSTOPPED(status) {
                self.registers().rip
            } else {
                0
            }
        );
    }

    fn go(&mut self, how: libc::c_uint) {
        // SAFETY: it takes no address.
        let r = unsafe { libc::ptrace(how, self.pid(), 0, 0) };
        assert_eq!(r, 0, "ptrace: {}", std::io::Error::last_os_error());
        self.wait();
    }

    fn registers(&self) -> libc::user_regs_struct {
        // SAFETY: plain numbers, all of which may be zero.
        let mut r: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: it is written to, and is of the size that the request has.
        let e = unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.pid(), 0, &raw mut r) };
        assert_eq!(e, 0, "PTRACE_GETREGS");
        r
    }

    fn jump(&self, mut r: libc::user_regs_struct, to: u64) {
        r.rip = to;
        // SAFETY: it is only read, and is of the size that the request has.
        let e = unsafe { libc::ptrace(libc::PTRACE_SETREGS, self.pid(), 0, &raw mut r) };
        assert_eq!(e, 0, "PTRACE_SETREGS");
    }

    /// The registers of the moment, in one number; `at` is where its next instruction is.
    fn state(&self, r: &libc::user_regs_struct, at: u64) -> State {
        // SAFETY: plain numbers, all of which may be zero.
        let mut fp: libc::user_fpregs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: it is written to, and is of the size that the request has.
        let e = unsafe { libc::ptrace(libc::PTRACE_GETFPREGS, self.pid(), 0, &raw mut fp) };
        assert_eq!(e, 0, "PTRACE_GETFPREGS");
        // Single steps and traps leave marks of their own there.
        const TRAP_AND_RESUME: u64 = 1 << 8 | 1 << 16;
        let general = [
            r.rax,
            r.rbx,
            r.rcx,
            r.rdx,
            r.rsi,
            r.rdi,
            r.rbp,
            r.rsp,
            r.r8,
            r.r9,
            r.r10,
            r.r11,
            r.r12,
            r.r13,
            r.r14,
            r.r15,
            r.eflags & !TRAP_AND_RESUME,
            u64::from(fp.mxcsr),
        ];
        let wide = fp.xmm_space.iter().map(|&w| u64::from(w));
        let stack = fp.st_space.iter().map(|&w| u64::from(w));
        let mix = |h: u64, w: u64| {
            let h = (h ^ w).wrapping_mul(0x0000_0100_0000_01b3);
            h ^ h >> 29
        };
        let registers = general
            .into_iter()
            .chain(wide)
            .chain(stack)
            .fold(0xcbf2_9ce4_8422_2325, mix);
        State { at, registers }
    }

    fn told(&self, n: u64) -> u64 {
        let mut b = [0; 8];
        self.memory
            .read_exact_at(&mut b, PLACE + 8 * n)
            .expect("what it tells");
        u64::from_le_bytes(b)
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Step by step: every place that it passes, and the result.
fn stepped(program: &Path, bits: Bits) -> (Vec<State>, u64) {
    let mut t = Traced::start(program, bits);
    let (low, high, last) = (t.told(0), t.told(1), t.told(2));
    let mut passed: Vec<State> = Vec::new();
    loop {
        let r = t.registers();
        if r.rip == last {
            break;
        }
        assert!(passed.len() < 20_000_000, "it does not end");
        // A repeated string instruction is a step for each time.
        let again = passed.last().is_some_and(|p| p.at == r.rip);
        if (low..high).contains(&r.rip) && !again {
            passed.push(t.state(&r, r.rip));
        }
        t.go(libc::PTRACE_SINGLESTEP);
    }
    (passed, t.told(3))
}

/// What was planned for each place.
struct Plan {
    slots: HashMap<u64, u64>,
    refused: BTreeMap<Refusal, usize>,
    kinds: HashSet<iced_x86::Code>,
}

/// Plants a breakpoint with its slot on all places.
fn plant(t: &Traced, places: &HashSet<u64>, text: &Text) -> Plan {
    let mut plan = Plan {
        slots: HashMap::new(),
        refused: BTreeMap::new(),
        kinds: HashSet::new(),
    };
    let mut sorted: Vec<u64> = places.iter().copied().collect();
    sorted.sort_unstable();
    let mut found = Vec::new();
    for at in sorted {
        let mut body = vec![0; 16];
        t.memory.read_exact_at(&mut body, at).expect("text");
        let slot = SLOTS + 32 * found.len() as u64;
        let code = text
            .at(&body, at)
            .and_then(|p| Ok((x86::slot_code(&p, slot)?, p.insn.code())));
        match code {
            Ok((code, kind)) => {
                plan.kinds.insert(kind);
                found.push((at, slot, code));
            }
            Err(why) => *plan.refused.entry(why).or_insert(0) += 1,
        }
    }
    // Decoded first, all of it: a breakpoint may lie within what is read for another.
    for (at, slot, code) in found {
        t.memory.write_all_at(&code, slot).expect("a slot");
        t.memory.write_all_at(&[0xcc], at).expect("a breakpoint");
        plan.slots.insert(at, slot);
    }
    plan
}

fn displaced(program: &Path, bits: Bits, places: &HashSet<u64>) -> (Vec<State>, u64, Plan) {
    let mut t = Traced::start(program, bits);
    let last = t.told(2);
    let text = Text {
        bits,
        ..Text::default()
    };
    let plan = plant(&t, places, &text);
    let mut passed = Vec::new();
    loop {
        t.go(libc::PTRACE_CONT);
        let r = t.registers();
        let at = r.rip - 1;
        if at == last {
            break;
        }
        let slot = *plan
            .slots
            .get(&at)
            .unwrap_or_else(|| panic!("a breakpoint at {at:#x} that nobody planted"));
        passed.push(t.state(&r, at));
        assert!(passed.len() < 20_000_000, "it does not end");
        t.jump(r, slot);
    }
    (passed, t.told(3), plan)
}

fn compare(name: &str, program: &Path, bits: Bits, at_least: usize) {
    let (plain, sum) = stepped(program, bits);
    let places: HashSet<u64> = plain.iter().map(|s| s.at).collect();
    let (moved, moved_sum, plan) = displaced(program, bits, &places);
    let expected: Vec<&State> = plain
        .iter()
        .filter(|s| plan.slots.contains_key(&s.at))
        .collect();
    for (n, (want, got)) in expected.iter().zip(&moved).enumerate() {
        assert_eq!(
            *want,
            got,
            "step {n} after {:#x?}",
            n.checked_sub(1).map(|p| moved[p].at)
        );
    }
    assert_eq!(expected.len(), moved.len());
    assert_eq!(sum, moved_sum, "its result");
    println!(
        "NOTE {name}: {} displaced instructions executed, {} places, {} kinds; left in place: {:?}",
        moved.len(),
        plan.slots.len(),
        plan.kinds.len(),
        plan.refused
    );
    assert!(moved.len() >= at_least, "only {} instructions", moved.len());
    // What may stay: what can't be moved, of which a program has little.
    assert!(
        plan.refused.keys().all(|r| *r == Refusal::Immovable),
        "{:?}",
        plan.refused
    );
}

#[test]
fn displaced_64() {
    if let Some(program) = compile("displaced_64", &[], &["-lm"]) {
        compare("displaced_64", &program, Bits::Bits64, 100_000);
    }
}

#[test]
fn displaced_32() {
    let flags = [
        "-m32",
        "-march=i686",
        "-DFREESTANDING",
        "-ffreestanding",
        "-fno-stack-protector",
        "-nostdlib",
        "-fno-pic",
    ];
    if let Some(program) = compile("displaced_32", &flags, &[]) {
        compare("displaced_32", &program, Bits::Bits32, 100_000);
    }
}
