//! What aya has no call for: a few commands of `bpf(2)`, perf events and mappings, on plain descriptors.
//!
//! This is the only file of the engine with unsafe code. The attribute structures are the leading parts of the kernel's
//! `union bpf_attr` (<linux/bpf.h>): a kernel that knows more members takes the missing ones as zero, one that knows
//! fewer refuses only those that are not zero.

use super::funcs::Funcs;
use crate::image::Insn;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// Commands (`enum bpf_cmd`).
mod cmd {
    pub const MAP_LOOKUP_ELEM: i32 = 1;
    pub const MAP_UPDATE_ELEM: i32 = 2;
    pub const MAP_DELETE_ELEM: i32 = 3;
    pub const MAP_GET_NEXT_KEY: i32 = 4;
    pub const PROG_LOAD: i32 = 5;
    pub const PROG_TEST_RUN: i32 = 10;
    pub const PROG_GET_NEXT_ID: i32 = 11;
    pub const BTF_LOAD: i32 = 18;
    pub const BTF_GET_FD_BY_ID: i32 = 19;
    pub const OBJ_GET_INFO_BY_FD: i32 = 15;
    pub const RAW_TRACEPOINT_OPEN: i32 = 17;
    pub const MAP_FREEZE: i32 = 22;
    pub const BTF_GET_NEXT_ID: i32 = 23;
    pub const MAP_LOOKUP_BATCH: i32 = 24;
    pub const LINK_CREATE: i32 = 28;
}

/// Program types (`enum bpf_prog_type`).
pub mod prog_type {
    #![allow(missing_docs)]
    pub const KPROBE: u32 = 2;
    pub const PERF_EVENT: u32 = 7;
    pub const RAW_TRACEPOINT: u32 = 17;
    pub const TRACING: u32 = 26;
}

/// Attach types (`enum bpf_attach_type`).
pub mod attach_type {
    #![allow(missing_docs)]
    pub const TRACE_RAW_TP: u32 = 23;
    pub const TRACE_FENTRY: u32 = 24;
    pub const TRACE_FEXIT: u32 = 25;
    pub const TRACE_KPROBE_MULTI: u32 = 42;
}

/// Marks the structures that may be passed to `bpf(2)`: plain integers, no padding that is not named.
trait Attr {}

#[repr(C)]
#[derive(Default)]
struct MapElem {
    map_fd: u32,
    pad: u32,
    key: u64,
    value: u64,
    flags: u64,
}
impl Attr for MapElem {}

#[repr(C)]
#[derive(Default)]
struct MapBatch {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}
impl Attr for MapBatch {}

#[repr(C)]
#[derive(Default)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    name: [u8; 16],
    ifindex: u32,
    expected_attach_type: u32,
    btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    line_info_rec_size: u32,
    line_info: u64,
    line_info_cnt: u32,
    attach_btf_id: u32,
    attach_btf_obj_fd: u32,
    core_relo_cnt: u32,
}
impl Attr for ProgLoad {}

#[repr(C)]
#[derive(Default)]
struct TestRun {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
    flags: u32,
    cpu: u32,
}
impl Attr for TestRun {}

#[repr(C)]
#[derive(Default)]
struct RawTracepointOpen {
    name: u64,
    prog_fd: u32,
    pad: u32,
}
impl Attr for RawTracepointOpen {}

#[repr(C)]
#[derive(Default)]
struct LinkCreateMulti {
    prog_fd: u32,
    target_fd: u32,
    attach_type: u32,
    flags: u32,
    multi_flags: u32,
    count: u32,
    syms: u64,
    addrs: u64,
    cookies: u64,
}
impl Attr for LinkCreateMulti {}

#[repr(C)]
#[derive(Default)]
struct ObjInfo {
    fd: u32,
    len: u32,
    info: u64,
}
impl Attr for ObjInfo {}

#[repr(C)]
#[derive(Default)]
struct NextId {
    start: u32,
    next: u32,
    flags: u32,
    pad: u32,
}
impl Attr for NextId {}

fn bpf<T: Attr>(cmd: i32, attr: &mut T) -> io::Result<i32> {
    // SAFETY: `attr` is a live structure of that size, and every address in it was put there by a caller in this file from
    // a slice that outlives the call and is as long as the command reads or writes.
    let r = unsafe { libc::syscall(libc::SYS_bpf, cmd, std::ptr::from_mut(attr), size_of::<T>()) };
    match r {
        r if r < 0 => Err(io::Error::last_os_error()),
        r => Ok(r as i32),
    }
}

/// For commands that return a descriptor.
fn bpf_fd<T: Attr>(cmd: i32, attr: &mut T) -> io::Result<OwnedFd> {
    let fd = bpf(cmd, attr)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn raw(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd() as u32
}

fn ptr<T>(s: &[T]) -> u64 {
    s.as_ptr() as u64
}

fn ptr_mut<T>(s: &mut [T]) -> u64 {
    s.as_mut_ptr() as u64
}

/// Sizes of a map, against which key and value slices are checked: the kernel reads and writes that much.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of a key.
    pub key: usize,
    /// Bytes of a value as it is copied to us: for per-CPU maps, all CPUs' values.
    pub value: usize,
}

impl Sizes {
    fn key(self, key: &[u8]) -> io::Result<()> {
        self.check(key.len() == self.key)
    }
    fn value(self, value: &[u8]) -> io::Result<()> {
        self.check(value.len() == self.value)
    }
    fn check(self, right: bool) -> io::Result<()> {
        match right {
            true => Ok(()),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Reads an element; `false`: there is none.
pub fn map_lookup(
    map: BorrowedFd<'_>,
    sizes: Sizes,
    key: &[u8],
    value: &mut [u8],
) -> io::Result<bool> {
    sizes.key(key)?;
    sizes.value(value)?;
    let mut attr = MapElem {
        map_fd: raw(map),
        key: ptr(key),
        value: ptr_mut(value),
        ..MapElem::default()
    };
    found(bpf(cmd::MAP_LOOKUP_ELEM, &mut attr))
}

/// Writes an element.
pub fn map_update(map: BorrowedFd<'_>, sizes: Sizes, key: &[u8], value: &[u8]) -> io::Result<()> {
    sizes.key(key)?;
    sizes.value(value)?;
    let mut attr = MapElem {
        map_fd: raw(map),
        key: ptr(key),
        value: ptr(value),
        ..MapElem::default()
    };
    bpf(cmd::MAP_UPDATE_ELEM, &mut attr).map(drop)
}

/// Deletes an element; `false`: there was none.
pub fn map_delete(map: BorrowedFd<'_>, sizes: Sizes, key: &[u8]) -> io::Result<bool> {
    sizes.key(key)?;
    let mut attr = MapElem {
        map_fd: raw(map),
        key: ptr(key),
        ..MapElem::default()
    };
    found(bpf(cmd::MAP_DELETE_ELEM, &mut attr))
}

/// The key after `key` (the first one where `None`); `false`: no more.
pub fn map_next_key(
    map: BorrowedFd<'_>,
    sizes: Sizes,
    key: Option<&[u8]>,
    next: &mut [u8],
) -> io::Result<bool> {
    if let Some(key) = key {
        sizes.key(key)?;
    }
    sizes.key(next)?;
    let mut attr = MapElem {
        map_fd: raw(map),
        key: key.map_or(0, ptr),
        value: ptr_mut(next),
        ..MapElem::default()
    };
    found(bpf(cmd::MAP_GET_NEXT_KEY, &mut attr))
}

fn found(r: io::Result<i32>) -> io::Result<bool> {
    match r {
        Ok(_) => Ok(true),
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Reads up to `count` elements behind the position `cursor` (as long as a key, 4 bytes at least), and moves it.
/// Returns how many were read and whether that was the end.
pub fn map_lookup_batch(
    map: BorrowedFd<'_>,
    sizes: Sizes,
    cursor: &mut Option<Vec<u8>>,
    keys: &mut [u8],
    values: &mut [u8],
    count: usize,
) -> io::Result<(usize, bool)> {
    sizes.check(keys.len() >= count * sizes.key && values.len() >= count * sizes.value)?;
    let mut next = vec![0; sizes.key.max(4)];
    let mut attr = MapBatch {
        in_batch: cursor.as_deref().map_or(0, ptr),
        out_batch: ptr_mut(&mut next),
        keys: ptr_mut(keys),
        values: ptr_mut(values),
        count: u32::try_from(count).map_err(|_| io::ErrorKind::InvalidInput)?,
        map_fd: raw(map),
        ..MapBatch::default()
    };
    let more = found(bpf(cmd::MAP_LOOKUP_BATCH, &mut attr))?;
    *cursor = Some(next);
    Ok((attr.count as usize, !more))
}

/// Makes a map read-only for user space, for good.
pub fn map_freeze(map: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = MapElem {
        map_fd: raw(map),
        ..MapElem::default()
    };
    bpf(cmd::MAP_FREEZE, &mut attr).map(drop)
}

/// A program to be loaded without an ELF around it.
#[derive(Default)]
pub struct RawProg<'a> {
    /// One of [`prog_type`].
    pub prog_type: u32,
    /// One of [`attach_type`], or 0.
    pub attach_type: u32,
    /// At most 15 bytes count.
    pub name: &'a str,
    /// Code.
    pub insns: &'a [Insn],
    /// What a tracing program attaches to, in vmlinux's BTF or `attach_btf`'s.
    pub attach_btf_id: u32,
    /// A module's BTF.
    pub attach_btf: Option<BorrowedFd<'a>>,
    /// Room for the verifier's log; 0 = none wanted.
    pub log_size: u32,
    /// Types of its functions.
    pub funcs: Option<&'a Funcs>,
}

#[repr(C)]
#[derive(Default)]
struct BtfLoad {
    btf: u64,
    log_buf: u64,
    size: u32,
    log_size: u32,
    log_level: u32,
    pad: u32,
}
impl Attr for BtfLoad {}

/// Loads types.
pub fn btf_load(btf: &[u8]) -> io::Result<OwnedFd> {
    let mut attr = BtfLoad {
        btf: ptr(btf),
        size: btf.len() as u32,
        ..BtfLoad::default()
    };
    bpf_fd(cmd::BTF_LOAD, &mut attr)
}

/// Loads a program. With the error comes the verifier's log.
pub fn prog_load(p: &RawProg<'_>) -> Result<OwnedFd, (io::Error, String)> {
    let license = c"GPL";
    let mut name = [0; 16];
    for (to, from) in name.iter_mut().take(15).zip(p.name.bytes()) {
        *to = from;
    }
    let mut log = vec![0_u8; p.log_size as usize];
    let mut attr = ProgLoad {
        prog_type: p.prog_type,
        insn_cnt: p.insns.len() as u32,
        insns: ptr(p.insns),
        license: license.as_ptr() as u64,
        name,
        expected_attach_type: p.attach_type,
        attach_btf_id: p.attach_btf_id,
        attach_btf_obj_fd: p.attach_btf.map_or(0, raw),
        ..ProgLoad::default()
    };
    if let Some(funcs) = p.funcs {
        attr.btf_fd = raw(funcs.btf.as_fd());
        attr.func_info_rec_size = size_of::<[u32; 2]>() as u32;
        attr.func_info = ptr(&funcs.info);
        attr.func_info_cnt = funcs.info.len() as u32;
    }
    if !log.is_empty() {
        attr.log_level = 1;
        attr.log_size = p.log_size;
        attr.log_buf = ptr_mut(&mut log);
    }
    bpf_fd(cmd::PROG_LOAD, &mut attr).map_err(|e| {
        let end = log.iter().position(|&b| b == 0).unwrap_or(log.len());
        (
            e,
            String::from_utf8_lossy(log.get(..end).unwrap_or(&[])).into_owned(),
        )
    })
}

/// Runs a raw tracepoint program once, here and now, with these arguments; returns what it returned.
pub fn test_run(prog: BorrowedFd<'_>, args: &[u64]) -> io::Result<u32> {
    let mut attr = TestRun {
        prog_fd: raw(prog),
        ctx_size_in: size_of_val(args) as u32,
        // An address without a size is refused.
        ctx_in: if args.is_empty() { 0 } else { ptr(args) },
        ..TestRun::default()
    };
    bpf(cmd::PROG_TEST_RUN, &mut attr)?;
    Ok(attr.retval)
}

/// Attaches a raw tracepoint program (`name` given) or a tracing one.
pub fn raw_tracepoint_open(prog: BorrowedFd<'_>, name: Option<&str>) -> io::Result<OwnedFd> {
    let name = name.map(CString::new).transpose()?;
    let mut attr = RawTracepointOpen {
        name: name.as_ref().map_or(0, |n| n.as_ptr() as u64),
        prog_fd: raw(prog),
        ..RawTracepointOpen::default()
    };
    bpf_fd(cmd::RAW_TRACEPOINT_OPEN, &mut attr)
}

/// Functions for [`kprobe_multi`].
#[derive(Clone, Copy, Debug)]
pub enum Functions<'a> {
    /// By name: the kernel searches its symbol table.
    Names(&'a [&'a str]),
    /// By address.
    Addresses(&'a [u64]),
}

/// Attaches a kprobe program to many functions at once; `cookies` has one for each.
pub fn kprobe_multi(
    prog: BorrowedFd<'_>,
    functions: Functions<'_>,
    cookies: &[u64],
    ret: bool,
) -> io::Result<OwnedFd> {
    let mut attr = LinkCreateMulti {
        prog_fd: raw(prog),
        attach_type: attach_type::TRACE_KPROBE_MULTI,
        multi_flags: u32::from(ret), // BPF_F_KPROBE_MULTI_RETURN
        count: cookies.len() as u32,
        cookies: ptr(cookies),
        ..LinkCreateMulti::default()
    };
    let names: Vec<CString>;
    let syms: Vec<u64>;
    let count = match functions {
        Functions::Names(list) => {
            names = list
                .iter()
                .map(|f| CString::new(*f))
                .collect::<Result<_, _>>()?;
            syms = names.iter().map(|n| n.as_ptr() as u64).collect();
            attr.syms = ptr(&syms);
            syms.len()
        }
        Functions::Addresses(list) => {
            attr.addrs = ptr(list);
            list.len()
        }
    };
    if count != cookies.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    bpf_fd(cmd::LINK_CREATE, &mut attr)
}

/// Of a loaded program: its id, and how often the kernel did not run it because it was running already.
pub fn prog_info(prog: BorrowedFd<'_>) -> io::Result<(u32, u64)> {
    // struct bpf_prog_info: u32 type, u32 id, …, u64 recursion_misses at 208 (Linux 5.12; older kernels write less).
    let mut info = [0_u64; 28];
    let mut attr = ObjInfo {
        fd: raw(prog),
        len: size_of_val(&info) as u32,
        info: ptr_mut(&mut info),
    };
    bpf(cmd::OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok(((info[0] >> 32) as u32, info[26]))
}

/// Ids of all programs that the kernel has loaded, whoever did it.
pub fn prog_ids() -> io::Result<Vec<u32>> {
    ids(cmd::PROG_GET_NEXT_ID)
}

fn ids(cmd: i32) -> io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    let mut attr = NextId::default();
    while found(bpf(cmd, &mut attr))? {
        ids.push(attr.next);
        attr.start = attr.next;
    }
    Ok(ids)
}

/// A module's BTF object, as an attach target. `name` is the module's.
pub fn module_btf(name: &str) -> io::Result<OwnedFd> {
    for id in ids(cmd::BTF_GET_NEXT_ID)? {
        let mut attr = NextId {
            start: id,
            ..NextId::default()
        };
        let Ok(fd) = bpf_fd(cmd::BTF_GET_FD_BY_ID, &mut attr) else {
            continue;
        };
        // struct bpf_btf_info: u64 btf, u32 btf_size, u32 id, u64 name, u32 name_len, u32 kernel_btf.
        let mut text = [0_u8; 64];
        let mut info = [0_u64; 4];
        info[2] = ptr_mut(&mut text);
        info[3] = text.len() as u64;
        let mut attr = ObjInfo {
            fd: fd.as_raw_fd() as u32,
            len: size_of_val(&info) as u32,
            info: ptr_mut(&mut info),
        };
        bpf(cmd::OBJ_GET_INFO_BY_FD, &mut attr)?;
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        if info[3] >> 32 != 0 && text.get(..end) == Some(name.as_bytes()) {
            return Ok(fd);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Opens a single kprobe through its PMU, disabled, just to see whether the kernel can.
pub fn kprobe_event(pmu: u32, function: &str) -> io::Result<OwnedFd> {
    let name = CString::new(function)?;
    // struct perf_event_attr, version 1 and up: u32 type, u32 size, u64 config, u64 sample_period, u64 sample_type,
    // u64 read_format, u64 flags (bit 0: disabled), u32 wakeup, u32 bp_type, u64 config1 (name), u64 config2 (offset).
    let mut attr = [0_u64; 9];
    attr[0] = u64::from(pmu) | (size_of_val(&attr) as u64) << 32;
    attr[5] = 1;
    attr[7] = name.as_ptr() as u64;
    // SAFETY: `attr` is a perf_event_attr of the size that it states, and the name outlives the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            attr.as_ptr(),
            -1,
            0,
            -1,
            8, // PERF_FLAG_FD_CLOEXEC
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Waits for a grace period: what ran in the kernel under RCU or without preemption when this was called has ended.
pub fn membarrier() -> io::Result<()> {
    const GLOBAL: i32 = 1;
    // SAFETY: no memory of ours is passed.
    match unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A file of the kernel's that never changes, mapped where the kernel allows it (BTF since Linux 6.16), else read.
pub enum Constant {
    /// Read into memory of ours.
    Read(Vec<u8>),
    /// Mapped.
    Mapped(Mapping),
}

/// See [`Constant`].
pub struct Mapping {
    at: std::ptr::NonNull<u8>,
    len: usize,
}

// SAFETY: nobody writes to the mapping.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Constant {
    /// Opens a file of `/sys/kernel/btf`; no other is constant.
    pub fn btf(name: &str) -> io::Result<Constant> {
        let path = std::path::Path::new("/sys/kernel/btf").join(name);
        let file = std::fs::File::open(&path)?;
        let len = file.metadata()?.len() as usize;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let mapped = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                len,
                rustix::mm::ProtFlags::READ,
                rustix::mm::MapFlags::PRIVATE,
                &file,
                0,
            )
        };
        match mapped.ok().and_then(|at| std::ptr::NonNull::new(at.cast())) {
            Some(at) => Ok(Constant::Mapped(Mapping { at, len })),
            None => Ok(Constant::Read(std::fs::read(path)?)),
        }
    }
}

impl std::ops::Deref for Constant {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Constant::Read(bytes) => bytes,
            // SAFETY: mapped until drop, `len` bytes, and the kernel's BTF is read-only for the kernel too.
            Constant::Mapped(m) => unsafe { std::slice::from_raw_parts(m.at.as_ptr(), m.len) },
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `btf` made this mapping, and nothing borrowed from it outlives `self`.
        let _ = unsafe { rustix::mm::munmap(self.at.as_ptr().cast(), self.len) };
    }
}

/// The first word of a mappable array map, shared with the programs that run.
pub struct SharedWord {
    at: std::ptr::NonNull<AtomicU32>,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone and its word is only touched atomically.
unsafe impl Send for SharedWord {}

impl SharedWord {
    /// Maps the value of a map that was made with `BPF_F_MMAPABLE`.
    pub fn map(map: BorrowedFd<'_>) -> io::Result<SharedWord> {
        let len = rustix::param::page_size();
        // SAFETY: a new mapping at an address of the kernel's choice.
        let at = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                len,
                rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                rustix::mm::MapFlags::SHARED,
                map,
                0,
            )
        }?;
        match std::ptr::NonNull::new(at.cast()) {
            Some(at) => Ok(SharedWord { at, len }),
            None => Err(io::ErrorKind::Other.into()),
        }
    }

    /// The word.
    pub fn get(&self) -> &AtomicU32 {
        // SAFETY: page-aligned, mapped until drop, and everyone on either side accesses it atomically.
        unsafe { self.at.as_ref() }
    }

    /// Stores, after everything that was written before.
    pub fn set(&self, value: u32) {
        self.get().store(value, Ordering::SeqCst);
    }
}

impl Drop for SharedWord {
    fn drop(&mut self) {
        // SAFETY: `map` made this mapping, and nothing borrowed from it outlives `self`.
        let _ = unsafe { rustix::mm::munmap(self.at.as_ptr().cast(), self.len) };
    }
}
