//! The module's virtual machine in this process: the third engine of the
//! engine-agreement tests.
//!
//! [`HostVm::load`] takes the very blob that the module's `ioctl` takes, through
//! the same C: `load.c`, `verify.c`, `map.c`, then `vm.c`. What a kernel would
//! supply (clock, current task, memory) is a [`World`] that the test makes up.
//! There is no global state: any number of machines may live in as many threads.

mod storm;

pub use storm::{Stepping, Storm};

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};
use std::ptr;

use crate::abi::{Code, NOWHERE, Report};
use crate::ring::{Layout, Reader, Rings, Torn};

/// Which addresses a piece of [`Memory`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Space {
    /// Read by `probe_read_kernel` and `probe_read`.
    Kernel = 1,
    /// Read by `probe_read_user` and `probe_read`.
    User = 2,
}

/// Bytes that programs may read at an address; all others fault.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Where the program thinks they are.
    pub address: u64,
    /// Whose they are.
    pub space: Space,
    /// What is there.
    pub bytes: Vec<u8>,
}

/// Everything outside the machine that a program can see.
#[derive(Clone, Debug)]
pub struct World {
    /// `ktime_get_ns`, nanoseconds.
    pub ktime_ns: u64,
    /// `ktime_get_boot_ns`, nanoseconds.
    pub ktime_boot_ns: u64,
    /// tgid in the upper half.
    pub pid_tgid: u64,
    /// gid in the upper half.
    pub uid_gid: u64,
    /// `get_current_task`: an address.
    pub task: u64,
    /// `task_pt_regs(task)`: an address.
    pub task_regs: u64,
    /// `get_attach_cookie`.
    pub cookie: u64,
    /// `get_func_ip`: address of the probed function.
    pub ip: u64,
    /// Seed of `get_prandom_u32`.
    pub random: u64,
    /// The CPU that the next run is on, below [`Options::cpus`].
    pub cpu: u32,
    /// At most 15 bytes of it are seen.
    pub comm: String,
    /// Memory beside the machine's own.
    pub memory: Vec<Memory>,
    /// Innermost first; empty: there's none to be had.
    pub kernel_stack: Vec<u64>,
    /// Innermost first; empty: there's none to be had.
    pub user_stack: Vec<u64>,
}

impl Default for World {
    fn default() -> World {
        World {
            ktime_ns: 1_000_000_000,
            ktime_boot_ns: 2_000_000_000,
            pid_tgid: 1234 << 32 | 1235,
            uid_gid: 100 << 32 | 1000,
            task: 0xffff_8800_0123_4000,
            task_regs: 0xffff_8800_0765_7f58,
            cookie: 0,
            ip: 0,
            random: 1,
            cpu: 0,
            comm: "host".to_owned(),
            memory: Vec::new(),
            kernel_stack: Vec::new(),
            user_stack: Vec::new(),
        }
    }
}

/// How a machine is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Copies of each per-CPU value; at least 1.
    pub cpus: u32,
    /// Instructions that a run may take.
    pub steps: u32,
    /// Let this allocation, counted from 1, fail.
    pub fail_allocation: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cpus: 1,
            steps: 1 << 20,
            fail_allocation: None,
        }
    }
}

/// Why there is no machine, or a run came to no end of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VmError {
    /// The image was refused.
    #[error("image refused: {}{}", .code.text(), place(.index, .insn))]
    Refused {
        /// Why.
        code: Code,
        /// The map or program concerned.
        index: Option<u32>,
        /// The word of that program.
        insn: Option<u32>,
    },
    /// The run was ended by the machine.
    #[error("run ended at instruction {insn}: {} (address {address:#x})", .code.text())]
    Fault {
        /// Why.
        code: Code,
        /// The word of the program.
        insn: u32,
        /// What was reached for, where that is the reason.
        address: u64,
    },
    /// The C side answered an errno (positive here).
    #[error("map operation failed with errno {0}")]
    Errno(i32),
    /// The caller named a map that isn't there or gave a key or value of the wrong length.
    #[error("no map {map} with this key and value size")]
    Usage {
        /// The map's index.
        map: usize,
    },
    /// The records in a ring are not in order.
    #[error(transparent)]
    Torn(#[from] Torn),
    /// The C side was built from other headers than this file.
    #[error("host VM and Rust side disagree about their structures")]
    Layout,
}

impl VmError {
    /// The code of a refusal or a fault.
    pub fn code(&self) -> Option<Code> {
        match self {
            VmError::Refused { code, .. } | VmError::Fault { code, .. } => Some(*code),
            VmError::Errno(_) | VmError::Usage { .. } | VmError::Torn(_) | VmError::Layout => None,
        }
    }
}

fn place(index: &Option<u32>, insn: &Option<u32>) -> String {
    match (index, insn) {
        (Some(i), Some(n)) => format!(" (program {i}, instruction {n})"),
        (Some(i), None) => format!(" (number {i})"),
        _ => String::new(),
    }
}

/// `struct dt_host_region`.
#[repr(C)]
struct HostRegion {
    address: u64,
    bytes: *const u8,
    length: u64,
    space: u64,
}

/// `struct dt_env` of `kmod/host/host.h`.
#[repr(C)]
struct HostEnv {
    ktime_ns: u64,
    ktime_boot_ns: u64,
    pid_tgid: u64,
    uid_gid: u64,
    task: u64,
    task_regs: u64,
    random: u64,
    cpu: u32,
    cpu_count: u32,
    comm: [u8; 16],
    regions: *const HostRegion,
    region_count: u64,
    stacks: [*const u64; 2],
    stack_counts: [u64; 2],
    allocations: u64,
    live: u64,
    fail_at: u64,
    cookie: u64,
    ip: u64,
}

/// `struct dt_outcome`.
#[derive(Default)]
#[repr(C)]
struct Outcome {
    value: u64,
    fault_address: u64,
    code: u32,
    insn: u32,
    steps: u32,
    reserved: u32,
}

/// A `struct dt_vm` and a `struct dt_map`: only ever behind a pointer.
enum RawVm {}
enum RawMap {}

// dt.h and host/host.c.
unsafe extern "C" {
    fn dt_load(env: *mut HostEnv, blob: *const u8, bytes: u64, report: *mut Report) -> *mut RawVm;
    fn dt_unload(vm: *mut RawVm);
    fn dt_host_run(vm: *mut RawVm, prog: u32, context: *mut u8, bytes: u64, outcome: *mut Outcome);
    fn dt_code_text(code: u32) -> *const c_char;
    fn dt_code_error(code: u32) -> i32;
    fn dt_map_read(map: *mut RawMap, key: *const u8, values: *mut u8) -> i64;
    fn dt_map_write(map: *mut RawMap, key: *const u8, values: *const u8, flags: u64) -> i64;
    fn dt_map_delete(map: *mut RawMap, key: *const u8) -> i64;
    fn dt_map_at(map: *mut RawMap, element: u32, key: *mut u8, values: *mut u8) -> i64;
    fn dt_host_env_bytes() -> u64;
    fn dt_host_set_steps(vm: *mut RawVm, steps: u32);
    fn dt_host_map(vm: *mut RawVm, index: u32) -> *mut RawMap;
    fn dt_host_map_shape(map: *const RawMap, shape: *mut u32);
    fn dt_host_ring_drops(map: *const RawMap, cpu: u32) -> u32;
    fn dt_host_ring_shared(map: *const RawMap) -> *const u8;
}

/// What the C side says about a code number: its errno (0 or negative) and text.
pub fn code_of_c(number: u32) -> (i32, String) {
    // SAFETY: both functions take any number; the text is a static string.
    let (error, text) = unsafe { (dt_code_error(number), CStr::from_ptr(dt_code_text(number))) };
    (error, text.to_string_lossy().into_owned())
}

/// Allocations that a load made, and how many are still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// All, failed ones included.
    pub made: u64,
    /// Not freed.
    pub live: u64,
}

/// The world as C sees it, and what its pointers point to.
struct Env {
    raw: *mut HostEnv,
    world: World,
    regions: Vec<HostRegion>,
}

impl Env {
    fn new(world: World, cpus: u32) -> Env {
        let raw = Box::into_raw(Box::new(HostEnv {
            ktime_ns: 0,
            ktime_boot_ns: 0,
            pid_tgid: 0,
            uid_gid: 0,
            task: 0,
            task_regs: 0,
            random: 1,
            cpu: 0,
            cpu_count: cpus.max(1),
            comm: [0; 16],
            regions: ptr::null(),
            region_count: 0,
            stacks: [ptr::null(); 2],
            stack_counts: [0; 2],
            allocations: 0,
            live: 0,
            fail_at: 0,
            cookie: 0,
            ip: 0,
        }));
        let mut env = Env {
            raw,
            world: World::default(),
            regions: Vec::new(),
        };
        env.set(world);
        env
    }

    fn set(&mut self, world: World) {
        self.world = world;
        let w = &self.world;
        self.regions = w
            .memory
            .iter()
            .map(|m| HostRegion {
                address: m.address,
                bytes: m.bytes.as_ptr(),
                length: m.bytes.len() as u64,
                space: m.space as u64,
            })
            .collect();
        let raw = self.raw();
        raw.ktime_ns = w.ktime_ns;
        raw.ktime_boot_ns = w.ktime_boot_ns;
        raw.pid_tgid = w.pid_tgid;
        raw.uid_gid = w.uid_gid;
        raw.task = w.task;
        raw.task_regs = w.task_regs;
        raw.cookie = w.cookie;
        raw.ip = w.ip;
        raw.random = w.random.max(1);
        raw.cpu = w.cpu.min(raw.cpu_count - 1);
        raw.comm = [0; 16];
        for (to, from) in raw.comm.iter_mut().take(15).zip(w.comm.bytes()) {
            *to = from;
        }
        raw.regions = self.regions.as_ptr();
        raw.region_count = self.regions.len() as u64;
        raw.stacks = [w.kernel_stack.as_ptr(), w.user_stack.as_ptr()];
        raw.stack_counts = [w.kernel_stack.len() as u64, w.user_stack.len() as u64];
    }

    /// Not bound to `self`: C and we take turns, neither keeps a reference.
    fn raw<'a>(&self) -> &'a mut HostEnv {
        // SAFETY: made by Box::into_raw, freed in drop only; all callers use the
        // reference at once and no call into C is made meanwhile.
        unsafe { &mut *self.raw }
    }

    fn allocations(&self) -> Allocations {
        let raw = self.raw();
        Allocations {
            made: raw.allocations,
            live: raw.live,
        }
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        // SAFETY: made by Box::into_raw and freed only here.
        drop(unsafe { Box::from_raw(self.raw) });
    }
}

/// Sizes of a map, as it was created.
#[derive(Clone, Copy, Debug)]
struct Shape {
    ring: bool,
    key_bytes: usize,
    /// All copies together.
    values_bytes: usize,
    max_entries: u32,
}

/// One loaded image.
pub struct HostVm {
    raw: *mut RawVm,
    env: Env,
    /// By map: where each is in the order of all CPUs.
    readers: BTreeMap<usize, Reader>,
}

// SAFETY: the machine and its world are owned by this value alone, and the C
// side has no other state, thread-local or global.
unsafe impl Send for HostVm {}

/// A key, and its value (per-CPU: all of them).
pub type Entry = (Vec<u8>, Vec<u8>);

/// How a run went, in more detail than its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// r0 at the exit.
    pub value: u64,
    /// Instructions executed.
    pub steps: u32,
}

impl HostVm {
    /// Load an image into a machine with the default world and options.
    pub fn load(blob: &[u8]) -> Result<HostVm, VmError> {
        HostVm::load_with(blob, World::default(), Options::default()).map_err(|(e, _)| e)
    }

    /// Load an image. A failure comes with what it left allocated: nothing.
    pub fn load_with(
        blob: &[u8],
        world: World,
        options: Options,
    ) -> Result<HostVm, (VmError, Allocations)> {
        // SAFETY: takes nothing, returns a constant.
        if unsafe { dt_host_env_bytes() } != size_of::<HostEnv>() as u64 {
            return Err((VmError::Layout, Allocations::default()));
        }
        let env = Env::new(world, options.cpus);
        env.raw().fail_at = options.fail_allocation.unwrap_or(0);
        let mut report = Report::default();
        // SAFETY: env outlives the machine (HostVm drops the machine first); blob
        // and report are valid for the call, and C keeps neither.
        let raw = unsafe { dt_load(env.raw, blob.as_ptr(), blob.len() as u64, &mut report) };
        if raw.is_null() {
            let some = |n| (n != NOWHERE).then_some(n);
            let code = Code::from_number(report.code).unwrap_or(Code::Broken);
            let error = VmError::Refused {
                code,
                index: some(report.index),
                insn: some(report.insn),
            };
            return Err((error, env.allocations()));
        }
        // SAFETY: raw is the machine just made.
        unsafe { dt_host_set_steps(raw, options.steps) };
        let readers = BTreeMap::new();
        Ok(HostVm { raw, env, readers })
    }

    /// Replace the world; the number of CPUs stays.
    pub fn set_env(&mut self, world: World) {
        self.env.set(world);
    }

    /// The world now set.
    pub fn world(&self) -> &World {
        &self.env.world
    }

    /// Run a program; `ctx` is what its r1 points to. Returns r0.
    pub fn run(&mut self, prog: usize, ctx: &mut [u8]) -> Result<u64, VmError> {
        self.run_counted(prog, ctx).map(|run| run.value)
    }

    /// Run a program, and count.
    pub fn run_counted(&mut self, prog: usize, ctx: &mut [u8]) -> Result<Run, VmError> {
        let prog = u32::try_from(prog).unwrap_or(u32::MAX);
        let mut out = Outcome::default();
        // SAFETY: ctx and out are valid for the call; the machine is ours alone.
        unsafe { dt_host_run(self.raw, prog, ctx.as_mut_ptr(), ctx.len() as u64, &mut out) };
        match Code::from_number(out.code).unwrap_or(Code::Broken) {
            Code::Ok => Ok(Run {
                value: out.value,
                steps: out.steps,
            }),
            code => Err(VmError::Fault {
                code,
                insn: out.insn,
                address: out.fault_address,
            }),
        }
    }

    fn map(&self, index: usize) -> Result<(*mut RawMap, Shape), VmError> {
        let number = u32::try_from(index).map_err(|_| VmError::Usage { map: index })?;
        // SAFETY: takes any number, NULL for none such.
        let map = unsafe { dt_host_map(self.raw, number) };
        if map.is_null() {
            return Err(VmError::Usage { map: index });
        }
        let mut shape = [0u32; 5];
        // SAFETY: map is valid as long as the machine; it writes five words.
        unsafe { dt_host_map_shape(map, shape.as_mut_ptr()) };
        let [kind, key, value, max_entries, copies] = shape;
        let ring = kind == crate::abi::MapType::Ring as u32;
        let values_bytes = value as usize * copies as usize;
        Ok((
            map,
            Shape {
                ring,
                key_bytes: key as usize,
                values_bytes,
                max_entries,
            },
        ))
    }

    /// A map with keys, where `key` and `values` (if any) have its sizes.
    fn keyed(
        &self,
        index: usize,
        key: &[u8],
        values: Option<&[u8]>,
    ) -> Result<(*mut RawMap, Shape), VmError> {
        let (map, shape) = self.map(index)?;
        let fits = values.is_none_or(|v| v.len() == shape.values_bytes);
        if shape.ring || key.len() != shape.key_bytes || !fits {
            return Err(VmError::Usage { map: index });
        }
        Ok((map, shape))
    }

    /// The value at `key`; of a per-CPU map the values of all CPUs, one after the other.
    pub fn map_lookup(&self, map: usize, key: &[u8]) -> Option<Vec<u8>> {
        let (map, shape) = self.keyed(map, key, None).ok()?;
        let mut values = vec![0; shape.values_bytes];
        // SAFETY: key and values have the sizes that C expects (checked, allocated so).
        let found = unsafe { dt_map_read(map, key.as_ptr(), values.as_mut_ptr()) };
        (found == 0).then_some(values)
    }

    /// Set the value (per-CPU: all of them). `flags`: BPF_ANY 0, NOEXIST 1, EXIST 2.
    pub fn map_update(
        &mut self,
        map: usize,
        key: &[u8],
        values: &[u8],
        flags: u64,
    ) -> Result<(), VmError> {
        let (map, _) = self.keyed(map, key, Some(values))?;
        // SAFETY: key and values have the sizes that C expects (checked).
        errno(unsafe { dt_map_write(map, key.as_ptr(), values.as_ptr(), flags) })
    }

    /// Remove a key.
    pub fn map_delete(&mut self, map: usize, key: &[u8]) -> Result<(), VmError> {
        let (map, _) = self.keyed(map, key, None)?;
        // SAFETY: the key has the size that C expects (checked).
        errno(unsafe { dt_map_delete(map, key.as_ptr()) })
    }

    /// All keys and values, in no particular order.
    pub fn map_iter(&self, map: usize) -> Result<Vec<Entry>, VmError> {
        let (raw, shape) = self.map(map)?;
        if shape.ring {
            return Err(VmError::Usage { map });
        }
        let mut all = Vec::new();
        for element in 0..shape.max_entries {
            let (mut key, mut values) = (vec![0; shape.key_bytes], vec![0; shape.values_bytes]);
            // SAFETY: key and values have the sizes that C expects.
            if unsafe { dt_map_at(raw, element, key.as_mut_ptr(), values.as_mut_ptr()) } == 1 {
                all.push((key, values));
            }
        }
        Ok(all)
    }

    /// A ring map's rings. They are there as long as the machine is.
    fn rings(&self, map: usize) -> Result<Rings, VmError> {
        let (raw, shape) = self.map(map)?;
        if !shape.ring {
            return Err(VmError::Usage { map });
        }
        let layout = Layout {
            cpus: self.env.raw().cpu_count as usize,
            size: shape.max_entries,
        };
        // SAFETY: raw is a ring, and what C allocated for it has this layout; all callers are done with it before the machine goes.
        Ok(unsafe { Rings::new(dt_host_ring_shared(raw), layout) })
    }

    /// Take all records out of a ring, the oldest first, whichever CPU's it is.
    pub fn take_records(&mut self, map: usize) -> Result<Vec<Vec<u8>>, VmError> {
        let rings = self.rings(map)?;
        let reader = self.readers.entry(map);
        let reader = reader.or_insert_with(|| Reader::new(rings));
        let mut records = Vec::new();
        while reader.next(&mut |r| records.push(r.to_vec()))? {}
        Ok(records)
    }

    /// Records that found no room, on all CPUs.
    pub fn drops(&self, map: usize) -> Result<u64, VmError> {
        let (raw, shape) = self.map(map)?;
        if !shape.ring {
            return Err(VmError::Usage { map });
        }
        // SAFETY: raw is a ring, and cpu is one of its CPUs.
        Ok((0..self.env.raw().cpu_count)
            .map(|cpu| u64::from(unsafe { dt_host_ring_drops(raw, cpu) }))
            .sum())
    }

    /// What is allocated now.
    pub fn allocations(&self) -> Allocations {
        self.env.allocations()
    }
}

fn errno(result: i64) -> Result<(), VmError> {
    if result == 0 {
        Ok(())
    } else {
        Err(VmError::Errno(i32::try_from(-result).unwrap_or(i32::MAX)))
    }
}

impl Drop for HostVm {
    fn drop(&mut self) {
        // SAFETY: the machine is ours, and its world (self.env) is dropped after this.
        unsafe { dt_unload(self.raw) };
    }
}
