//! The calls of `/dev/dtrace`: the second half of `kmod/dt_abi.h` in Rust.

use crate::abi::Report;
use std::mem::size_of;

/// Bytes of a breakpoint's slot.
pub const SLOT_BYTES: usize = 32;
/// [`Info::features`]: system call handlers take one pointer to the registers.
pub const FEATURE_REGS: u32 = 1;
/// [`Info::features`]: a preemptible kernel.
pub const FEATURE_PREEMPT: u32 = 2;
/// [`TimerArgs::cpu`]: one timer on each.
pub const EVERY_CPU: u32 = u32::MAX;
/// The table of 64-bit callers' system calls, and that of 32-bit callers'.
pub const TABLE_NATIVE: u8 = 0;
/// See [`TABLE_NATIVE`].
pub const TABLE_IA32: u8 = 1;
/// [`SiteDef::result`]: planted.
pub const SITE_ARMED: u8 = 0;
/// [`SiteDef::result`]: the module that it was in has gone.
pub const SITE_GONE: u8 = 4;
/// [`SiteDef::kind`]: runs the program.
pub const SITE_PROBE: u8 = 0;
/// [`SiteDef::kind`]: where a new task begins.
pub const SITE_CHILD: u8 = 1;
/// [`SiteDef::kind`]: where a call that drops its return address leaves.
pub const SITE_DROP: u8 = 2;
/// [`SiteDef::kind`], beside it: a function that has its first arguments on the stack too.
pub const SITE_STACKED: u8 = 0x80;
/// [`AuditArgs::kind`]: memory at an address.
pub const AUDIT_MEMORY: u32 = 0;
/// [`AuditArgs::kind`]: the interrupt descriptor table.
pub const AUDIT_IDT: u32 = 1;
/// [`MapArgs::op`]: one value for all copies.
pub const MAP_SET: u32 = 0;
/// [`MapArgs::op`]: forget the key.
pub const MAP_DELETE: u32 = 1;

macro_rules! structs {
    ($($(#[$doc:meta])* $name:ident $bytes:literal { $($field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        #[repr(C)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: $ty,)* }
        const _: () = assert!(size_of::<$name>() == $bytes);
    )*};
}

structs! {
    /// `struct dt_info`.
    Info 32 {
        abi_version: u32,
        cpus: u32,
        features: u32,
        slot_count: u32,
        slots_used: u32,
        syscall_slots: u32,
        modules_gone: u32,
        reserved: u32,
    }
    /// `struct dt_load_args`.
    LoadArgs 32 { blob: u64, bytes: u64, report: Report, }
    /// `struct dt_read_args`.
    ReadArgs 24 { address: u64, buffer: u64, bytes: u64, }
    /// `struct dt_reserve_args`.
    ReserveArgs 24 { addresses: u64, slots: u64, count: u32, reserved: u32, }
    /// `struct dt_site_def`.
    SiteDef 64 {
        address: u64,
        cookie: u64,
        ip: u64,
        prog: u32,
        first: u8,
        code_bytes: u8,
        result: u8,
        kind: u8,
        code: [u8; SLOT_BYTES],
    }
    /// `struct dt_sites_args`.
    SitesArgs 24 { sites: u64, count: u32, armed: u32, modules_gone: u32, reserved: u32, }
    /// `struct dt_module_args`.
    ModuleArgs 40 { address: u64, text: u64, text_bytes: u64, fixups: u64, fixup_bytes: u64, }
    /// `struct dt_syscall_def`.
    SyscallDef 24 { cookie: u64, nr: u32, prog: u32, table: u8, ret: u8, drops: u8, reserved: [u8; 5], }
    /// `struct dt_syscalls_args`.
    SyscallsArgs 40 { defs: u64, tables: [u64; 2], entries: [u32; 2], count: u32, reserved: u32, }
    /// `struct dt_timer_args`.
    TimerArgs 24 { period_ns: u64, cookie: u64, prog: u32, cpu: u32, }
    /// `struct dt_run_args`.
    RunArgs 16 { value: u64, prog: u32, code: u32, }
    /// `struct dt_word_args`.
    WordArgs 24 { map: u32, offset: u32, expect: u32, value: u32, old: u32, reserved: u32, }
    /// `struct dt_walk_args`.
    WalkArgs 32 { buffer: u64, bytes: u64, map: u32, next: u32, count: u32, reserved: u32, }
    /// `struct dt_map_args`.
    MapArgs 24 { key: u64, value: u64, map: u32, op: u32, }
    /// `struct dt_stats`.
    Stats 72 {
        firings: u64,
        misses: u64,
        faults: u64,
        no_stash: u64,
        last_fault: u32,
        last_insn: u32,
        armed: u32,
        hooked: u32,
        drops: u64,
        memory: u64,
        consumers: u32,
        slots_used: u32,
    }
    /// `struct dt_offsets`.
    Offsets 16 { real_parent: u32, tgid: u32, start_time: u32, sum_exec_runtime: u32, }
    /// `struct dt_types_args`.
    TypesArgs 16 { buffer: u64, bytes: u64, }
    /// `struct dt_audit_args`.
    AuditArgs 40 { address: u64, bytes: u64, before: u64, now: u64, kind: u32, reserved: u32, }
}

/// A call: its number, and what the kernel's `_IOC` adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// As `ioctl` takes it.
    pub number: u32,
    /// For messages.
    pub name: &'static str,
}

const fn call<T>(dir: u32, nr: u32, name: &'static str) -> Call {
    let number = dir << 30 | (size_of::<T>() as u32) << 16 | (b'D' as u32) << 8 | nr;
    Call { number, name }
}

const W: u32 = 1;
const R: u32 = 2;

macro_rules! calls {
    ($($name:ident $nr:literal $ty:ty, $dir:expr, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $name: Call = call::<$ty>($dir, $nr, $doc);)*
    };
}

calls! {
    INFO 1 Info, R, "asking the module what it is";
    LOAD 2 LoadArgs, R | W, "loading an image";
    READ 3 ReadArgs, W, "reading kernel memory";
    RESERVE 4 ReserveArgs, W, "reserving breakpoint slots";
    SITES 5 SitesArgs, R | W, "planting breakpoints";
    SYSCALLS 6 SyscallsArgs, W, "hooking the system call table";
    TIMER 7 TimerArgs, W, "starting a timer";
    RUN 8 RunArgs, R | W, "running BEGIN or END";
    WORD 9 WordArgs, R | W, "changing the phase";
    WALK 10 WalkArgs, R | W, "reading a map";
    MAP 11 MapArgs, W, "changing a map";
    STATS 13 Stats, R, "reading the module's counters";
    STOP 14 (), 0, "taking all probes away";
    AUDIT 15 AuditArgs, R | W, "hashing kernel memory";
    OFFSETS 16 Offsets, R, "asking where a task has what";
    TYPES 17 TypesArgs, R | W, "asking for the kernel's types";
    MODULE 18 ModuleArgs, R | W, "asking where a module's text is";
}
