//! What `/dev/dtrace` refuses, and that a refusal changes nothing: each by an errno of its own.
//!
//! Runs where the module is loaded: a guest of `cargo xtask matrix`. Elsewhere each test prints `SKIP`.

mod common;

use common::{exit, mov};
use legacy_kmod::abi::{ABI_VERSION, Code, MapType, Report};
use legacy_kmod::device::{Device, PATH};
use legacy_kmod::dir;
use legacy_kmod::ioctl::{
    self, AUDIT_IDT, AUDIT_MEMORY, Call, LoadArgs, ReserveArgs, SiteDef, SitesArgs,
};
use legacy_kmod::kernel::Kernel;
use legacy_kmod::module;
use legacy_kmod::wire::{Blob, Map, Program};
use legacy_kmod::x86::{self, Text};
use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, MutexGuard};

/// The module's numbers are of all enablings: one test at a time.
static TURN: Mutex<()> = Mutex::new(());

/// The device, unless it is not there.
fn device(test: &str) -> Option<(Device, MutexGuard<'static, ()>)> {
    let turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    match Device::open() {
        Ok(d) => Some((d, turn)),
        Err(e) => {
            println!("SKIP device::{test}: {e}");
            None
        }
    }
}

fn blob() -> Blob {
    let program = |name: &str| Program {
        name: name.to_owned(),
        insns: vec![mov(0, 0), exit()],
    };
    Blob {
        maps: vec![Map::new("m", MapType::Array, 4, 8, 1)],
        programs: vec![program("p"), program("q")],
    }
}

/// Hashes of kernel text and IDT, and what is armed: what no refusal may change.
fn state(device: &Device) -> Vec<u64> {
    let kernel = Kernel::default();
    let text = kernel.text().expect("the kernel's text");
    let text = device.audit(AUDIT_MEMORY, text.start, text.end - text.start);
    let idt = device.audit(AUDIT_IDT, 0, 0);
    let stats = device.stats().expect("stats");
    let (text, idt) = (text.expect("audit of text"), idt.expect("audit of the IDT"));
    vec![text.now, idt.now, stats.armed.into(), stats.hooked.into()]
}

/// A call with an argument as it is. The errno, 0 for success.
fn raw<T>(file: &impl AsRawFd, number: u32, arg: *mut T) -> i32 {
    // SAFETY: what the module reads and writes there is what the kernel checks by itself; `arg` is of that size or, where
    // the test is about that, leads nowhere.
    let r = unsafe { libc::ioctl(file.as_raw_fd(), libc::c_ulong::from(number), arg) };
    match r {
        -1 => io::Error::last_os_error().raw_os_error().unwrap_or(-1),
        _ => 0,
    }
}

fn call<T>(file: &impl AsRawFd, call: Call, arg: &mut T) -> i32 {
    raw(file, call.number, std::ptr::from_mut(arg))
}

fn open() -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(PATH)
        .expect("the device")
}

fn load(file: &File, bytes: &[u8]) -> (i32, Report) {
    let mut args = LoadArgs {
        blob: bytes.as_ptr() as u64,
        bytes: bytes.len() as u64,
        report: Report::default(),
    };
    let errno = call(file, ioctl::LOAD, &mut args);
    (errno, args.report)
}

#[test]
fn malformed_images() {
    let Some((device, _turn)) = device("malformed_images") else {
        return;
    };
    let good = blob().to_bytes().expect("a blob");
    let before = state(&device);
    let patched = |at: usize, byte: u8| {
        let mut b = good.clone();
        b[at] = byte;
        b
    };
    // Header: magic, version, its own size, flags; then the map's type; the first instruction's opcode.
    let (maps, insns) = (32, 32 + 64 + 2 * 64);
    for (image, code, errno) in [
        (patched(0, 0), Code::Magic, libc::EINVAL),
        (patched(4, 99), Code::Version, libc::EPROTO),
        (patched(6, 1), Code::Header, libc::EINVAL),
        (patched(15, 0xff), Code::Limit, libc::E2BIG),
        (patched(maps, 77), Code::MapType, libc::EINVAL),
        (patched(insns, 0xff), Code::Opcode, libc::EINVAL),
        (
            good[..good.len() - 1].to_vec(),
            Code::BlobShort,
            libc::EINVAL,
        ),
        (good[..8].to_vec(), Code::BlobShort, libc::EINVAL),
        (
            [good.clone(), vec![0]].concat(),
            Code::BlobLong,
            libc::EINVAL,
        ),
    ] {
        let file = open();
        let (got, report) = load(&file, &image);
        assert_eq!(
            (got, Code::from_number(report.code)),
            (errno, Some(code)),
            "{code:?}"
        );
        // And nothing is loaded.
        assert_eq!(
            call(&file, ioctl::WORD, &mut ioctl::WordArgs::default()),
            libc::EBADF
        );
    }
    // Every byte of it changed: refused or taken, never worse.
    for (at, byte) in good.iter().enumerate() {
        let (got, report) = load(&open(), &patched(at, byte ^ 0x55));
        assert_eq!(got != 0, report.code != 0, "byte {at}: {report:?}");
    }
    let file = open();
    assert_eq!(load(&file, &good).0, 0);
    assert_eq!(load(&file, &good).0, libc::EALREADY);
    drop(file);
    assert_eq!(state(&device), before);
}

#[test]
fn the_commands_errors_say_what_is_wrong() {
    let Some((device, _turn)) = device("the_commands_errors_say_what_is_wrong") else {
        return;
    };
    let mut bytes = blob().to_bytes().expect("a blob");
    bytes[4] = 99;
    let text = device.load(&bytes).expect_err("refused").to_string();
    assert!(text.contains("another ABI version"), "{text}");
    bytes[4] = ABI_VERSION as u8;
    bytes[0] = 0;
    let text = device.load(&bytes).expect_err("refused").to_string();
    assert!(text.contains("this is not an image"), "{text}");
}

#[test]
fn truncated_calls() {
    let Some((device, _turn)) = device("truncated_calls") else {
        return;
    };
    let before = state(&device);
    let file = open();
    let mut room = [0_u64; 64];
    for c in [ioctl::LOAD, ioctl::SITES, ioctl::STATS, ioctl::INFO] {
        // The size is a part of the number.
        let shorter = c.number - (8 << 16);
        assert_eq!(
            raw(&file, shorter, room.as_mut_ptr()),
            libc::EMSGSIZE,
            "{}",
            c.name
        );
        assert_eq!(
            raw(&file, c.number, std::ptr::without_provenance_mut::<u8>(8)),
            libc::EFAULT
        );
    }
    for unknown in [ioctl::INFO.number + 200, ioctl::INFO.number ^ 1 << 8] {
        assert_eq!(raw(&file, unknown, room.as_mut_ptr()), libc::ENOTTY);
    }
    // An argument that begins where memory ends.
    let page = rustix::param::page_size();
    // SAFETY: a new mapping, of which the second page is taken away.
    let map = unsafe {
        let map = libc::mmap(
            std::ptr::null_mut(),
            2 * page,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        libc::munmap(map.byte_add(page), page);
        map
    };
    // SAFETY: within the mapping.
    let last = unsafe { map.byte_add(page - 8) };
    assert_eq!(
        raw(&file, ioctl::LOAD.number, last.cast::<u8>()),
        libc::EFAULT
    );
    // SAFETY: the first page of the mapping, which nothing uses any more.
    unsafe { libc::munmap(map, page) };
    // Blobs and arrays that are not there.
    let mut args = LoadArgs {
        blob: 8,
        bytes: 64,
        report: Report::default(),
    };
    assert_eq!(call(&file, ioctl::LOAD, &mut args), libc::EFAULT);
    args.bytes = u64::MAX;
    assert_eq!(call(&file, ioctl::LOAD, &mut args), libc::E2BIG);
    assert_eq!(state(&device), before);
}

/// Maps pages of the device. The errno, 0 for success: the mapping is gone then.
fn map(file: &File, writable: bool, shared: bool, first: u64, pages: usize) -> i32 {
    let page = rustix::param::page_size();
    let write = if writable { libc::PROT_WRITE } else { 0 };
    let kind = match shared {
        true => libc::MAP_SHARED,
        false => libc::MAP_PRIVATE,
    };
    // SAFETY: a new mapping, that nothing but this function knows of.
    unsafe {
        let at = libc::mmap(
            std::ptr::null_mut(),
            pages * page,
            libc::PROT_READ | write,
            kind,
            file.as_raw_fd(),
            first as libc::off_t,
        );
        if at == libc::MAP_FAILED {
            return *libc::__errno_location();
        }
        // What was mapped to be read stays so; what is there can be read to its end.
        if !writable && libc::mprotect(at, pages * page, libc::PROT_WRITE | libc::PROT_READ) == 0 {
            return -1;
        }
        at.cast::<u8>().add(pages * page - 1).read_volatile();
        libc::munmap(at, pages * page);
        0
    }
}

#[test]
fn what_may_be_mapped() {
    let Some((device, _turn)) = device("what_may_be_mapped") else {
        return;
    };
    let before = state(&device);
    let mut image = blob();
    image.maps.push(Map::new("r", MapType::Ring, 0, 0, 8192));
    let cpus = device.info().cpus as usize;
    // Of the positions that the reader writes, of the rings' states (64 bytes each), of the records.
    let parts = [
        (cpus * 4).div_ceil(4096),
        (cpus * 64).div_ceil(4096),
        cpus * 2,
    ];
    let all = parts.iter().sum();
    let ring = 1_u64 << 32;
    let file = open();
    assert_eq!(map(&file, false, true, ring, all), libc::EBADF, "no image");
    assert_eq!(load(&file, &image.to_bytes().expect("a blob")).0, 0);
    let page = 4096_u64;
    for (what, writable, shared, first, pages, errno) in [
        ("all", false, true, ring, all, 0),
        ("positions to be written", true, true, ring, parts[0], 0),
        ("no ring", false, true, 0, 1, libc::EBADF),
        ("no map", false, true, 2 * ring, 1, libc::EBADF),
        ("far from any", false, true, ring << 12, 1, libc::EBADF),
        ("all to be written", true, true, ring, all, libc::EACCES),
        (
            "a state to be written",
            true,
            true,
            ring + parts[0] as u64 * page,
            1,
            libc::EACCES,
        ),
        ("privately", false, false, ring, 1, libc::EINVAL),
        ("too much", false, true, ring, all + 1, libc::EINVAL),
        (
            "beyond the end",
            false,
            true,
            ring + all as u64 * page,
            1,
            libc::EINVAL,
        ),
    ] {
        assert_eq!(map(&file, writable, shared, first, pages), errno, "{what}");
    }
    // Who has no privilege gets none by a descriptor that was passed on.
    let denied = as_nobody(|| map(&file, false, true, ring, 1));
    assert_eq!(denied, libc::EPERM);
    drop(file);
    assert_eq!(state(&device), before);
}

#[test]
fn a_mapping_keeps_its_enabling() {
    let Some((device, _turn)) = device("a_mapping_keeps_its_enabling") else {
        return;
    };
    let before = state(&device);
    let mut image = blob();
    image.maps.push(Map::new("r", MapType::Ring, 0, 0, 8192));
    let mine = Device::open().expect("the device");
    mine.load(&image.to_bytes().expect("a blob"))
        .expect("an image");
    let consumers = || device.stats().expect("stats").consumers;
    let with = consumers();
    let mut records = mine.records(1, 8192).expect("its rings");
    drop(mine);
    assert_eq!(consumers(), with);
    assert!(!records.drain(&mut |_| {}).expect("in order"));
    drop(records);
    assert_eq!(consumers(), with - 1);
    assert_eq!(state(&device), before);
}

/// Runs this in a child that is nobody; what it gives is the child's status.
fn as_nobody(what: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child only makes system calls and ends by `_exit`; it allocates nothing.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork");
        if pid == 0 {
            if libc::setuid(65534) != 0 {
                libc::_exit(255);
            }
            libc::_exit(what());
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
        libc::WEXITSTATUS(status)
    }
}

#[test]
fn only_root() {
    let Some((device, _turn)) = device("only_root") else {
        return;
    };
    let before = state(&device);
    let try_open = || {
        // SAFETY: a constant path; the descriptor goes with the child.
        match unsafe { libc::open(c"/dev/dtrace".as_ptr(), libc::O_RDWR) } {
            // SAFETY: always valid.
            -1 => unsafe { *libc::__errno_location() },
            _ => 0,
        }
    };
    assert_eq!(as_nobody(try_open), libc::EACCES);
    // Where somebody made it everyone's, the module still asks.
    rustix::fs::chmod(PATH, rustix::fs::Mode::from_bits_truncate(0o666)).expect("chmod");
    assert_eq!(as_nobody(try_open), libc::EPERM);
    rustix::fs::chmod(PATH, rustix::fs::Mode::from_bits_truncate(0o600)).expect("chmod");
    // A descriptor that was passed on is worth nothing.
    let file = open();
    let mut info = ioctl::Info::default();
    assert_eq!(
        as_nobody(|| call(&file, ioctl::INFO, &mut info)),
        libc::EPERM
    );
    assert_eq!(call(&file, ioctl::INFO, &mut info), 0);
    assert_eq!(state(&device), before);
}

#[test]
fn addresses_outside_text() {
    let Some((device, _turn)) = device("addresses_outside_text") else {
        return;
    };
    let before = state(&device);
    let kernel = Kernel::default();
    let data = ["jiffies", "init_task", "linux_banner"];
    let mut bad: Vec<u64> = data.iter().filter_map(|n| kernel.address(n)).collect();
    assert!(!bad.is_empty(), "no data symbols");
    bad.extend([0, 0x1000, 0x7fff_ffff_f000, 0x8000_0000_0000_0000, u64::MAX]);
    for address in bad {
        let e = device.reserve(&[address]).expect_err("refused").to_string();
        assert!(
            e.contains("Numerical result out of range"),
            "{address:#x}: {e}"
        );
        assert_eq!(reserve(address), libc::ERANGE, "{address:#x}");
    }
    assert_eq!(state(&device), before);
}

#[test]
fn more_than_there_is_room_for() {
    let Some((device, _turn)) = device("more_than_there_is_room_for") else {
        return;
    };
    let before = state(&device);
    let room = device.info().slot_count;
    let text = Kernel::default().text().expect("the kernel's text");
    // Two bytes apart, so that as many fit into the smallest kernel's text.
    let wanted: Vec<u64> = text.step_by(2).take(room as usize + 1).collect();
    assert_eq!(wanted.len(), room as usize + 1);
    let e = device.reserve(&wanted).expect_err("refused").to_string();
    let expected = format!(
        "{} breakpoints are wanted, but the module has room for {room}",
        room + 1
    );
    assert!(
        e.starts_with(&expected) && e.contains("name fewer functions"),
        "{e}"
    );
    assert_eq!(state(&device), before);
}

/// A slot for one address. The errno.
fn reserve(address: u64) -> i32 {
    let mut slot = 0_u64;
    let mut args = ReserveArgs {
        addresses: std::ptr::from_ref(&address) as u64,
        slots: std::ptr::from_mut(&mut slot) as u64,
        count: 1,
        reserved: 0,
    };
    call(&open(), ioctl::RESERVE, &mut args)
}

/// A breakpoint on a function that nothing calls here.
fn site(device: &Device, prog: u32) -> SiteDef {
    let kernel = Kernel::default();
    let range = ["sys_swapoff", "__x64_sys_swapoff"]
        .iter()
        .find_map(|n| kernel.bounds(n))
        .expect("swapoff");
    site_at(device, range, prog)
}

/// One at the entry of a function.
fn site_at(device: &Device, range: Range<u64>, prog: u32) -> SiteDef {
    let mut body = vec![0; (range.end - range.start) as usize];
    device.read(range.start, &mut body).expect("its text");
    let place = Text::default().entry(&body, range.start).expect("an entry");
    let slot = device.reserve(&[place.address]).expect("a slot")[0];
    let code = x86::slot_code(&place, slot).expect("code");
    let mut def = SiteDef {
        address: place.address,
        prog,
        first: place.first,
        code_bytes: code.len() as u8,
        ..SiteDef::default()
    };
    def.code[..code.len()].copy_from_slice(&code);
    def
}

fn arm(file: &impl AsRawFd, defs: &mut [SiteDef]) -> i32 {
    let mut info = ioctl::Info::default();
    assert_eq!(call(file, ioctl::INFO, &mut info), 0);
    arm_since(file, defs, info.modules_gone)
}

/// The same by somebody who began to look when so many modules had gone.
fn arm_since(file: &impl AsRawFd, defs: &mut [SiteDef], modules_gone: u32) -> i32 {
    let mut args = SitesArgs {
        sites: defs.as_mut_ptr() as u64,
        count: defs.len() as u32,
        modules_gone,
        ..SitesArgs::default()
    };
    call(file, ioctl::SITES, &mut args)
}

#[test]
fn a_site_twice() {
    let Some((device, _turn)) = device("a_site_twice") else {
        return;
    };
    let before = state(&device);
    let file = open();
    let def = site(&device, 0);
    // Without an image there is no program.
    assert_eq!(arm(&file, &mut [def]), libc::EBADF);
    assert_eq!(load(&file, &blob().to_bytes().expect("a blob")).0, 0);
    assert_eq!(arm(&file, &mut [def, def]), libc::EEXIST);
    assert_eq!(state(&device), before);
    let lower = SiteDef {
        address: def.address - 1,
        ..def
    };
    assert_eq!(arm(&file, &mut [def, lower]), libc::EINVAL);
    let beyond = SiteDef { prog: 2, ..def };
    assert_eq!(arm(&file, &mut [beyond]), libc::EBADF);
    assert_eq!(state(&device), before);
    // Two programs may share it; one may not have it twice, in a later call either.
    let other = SiteDef { prog: 1, ..def };
    let mut both = [def, other];
    assert_eq!(arm(&file, &mut both), 0);
    assert_eq!(both.map(|d| d.result), [ioctl::SITE_ARMED; 2]);
    assert_eq!(device.stats().expect("stats").armed, 1);
    assert_ne!(state(&device), before);
    assert_eq!(arm(&file, &mut [def]), libc::EEXIST);
    drop(file);
    assert_eq!(state(&device), before);
}

#[test]
fn not_unloaded_while_in_use() {
    let Some((device, _turn)) = device("not_unloaded_while_in_use") else {
        return;
    };
    let text = module::unload().expect_err("refused").to_string();
    let own = format!("(process {})", std::process::id());
    assert!(text.contains("in use by") && text.contains(&own), "{text}");
    let text = module::load(None).expect_err("refused").to_string();
    assert!(text.contains("loaded already"), "{text}");
    drop(device);
}

/// A module that the guest's image has, but that is not loaded; and the name of one of its functions.
fn later() -> Option<(Vec<u8>, &'static CStr, &'static str)> {
    let known = [(c"tun", "tun_chr_open"), (c"probed", "probed_step")];
    dir::names("/later").ok()?.iter().find_map(|file| {
        let file = file.to_str()?;
        let (module, function) = known
            .iter()
            .find(|(m, _)| m.to_str().is_ok_and(|m| file.contains(m)))?;
        Some((
            std::fs::read(format!("/later/{file}")).ok()?,
            *module,
            *function,
        ))
    })
}

#[test]
fn modules_that_come_and_go() {
    let Some((device, _turn)) = device("modules_that_come_and_go") else {
        return;
    };
    let Some((code, name, function)) = later() else {
        println!("SKIP device::modules_that_come_and_go: no module of /later is known to it");
        return;
    };
    // Some other test may have left it there.
    let _ = rustix::system::delete_module(name, libc::O_NONBLOCK);
    let before = state(&device);
    let insert = || rustix::system::init_module(&code, c"").expect("init_module");
    let remove = || rustix::system::delete_module(name, libc::O_NONBLOCK).expect("delete_module");
    let module = name.to_str().expect("a name");
    let find = || {
        let kernel = Kernel::default();
        let there = kernel.function(module, function).expect("its function");
        let of = kernel.modules().iter().find(|m| *m.name == *module);
        (there, of.expect("its text").clone(), kernel.modules_gone())
    };
    insert();
    let (there, of, gone) = find();
    assert!(of.text.contains(&there.start) && of.text.contains(&(there.end - 1)));
    // Its data, and what is behind its text, are no text; nor is ours one that may be probed.
    assert_eq!(reserve(there.start), 0);
    assert_eq!(
        reserve(of.text.end.next_multiple_of(4096) + 4096 * 4096),
        libc::ERANGE
    );
    if !of.fixups.is_empty() {
        assert_eq!(reserve(of.fixups.start), libc::ERANGE);
    }
    let slot = device.reserve(&[there.start]).expect("a slot")[0];
    assert_eq!(reserve(slot), libc::ERANGE);
    let file = open();
    assert_eq!(load(&file, &blob().to_bytes().expect("a blob")).0, 0);
    let def = site_at(&device, there.clone(), 0);
    // Of so many that went, some are not remembered any more.
    let mut old = [def];
    assert_eq!(arm_since(&file, &mut old, gone.wrapping_sub(1000)), 0);
    assert_eq!(old[0].result, ioctl::SITE_GONE);
    assert_eq!(state(&device), before);
    let mut defs = [def];
    assert_eq!(arm_since(&file, &mut defs, gone), 0);
    assert_eq!(defs[0].result, ioctl::SITE_ARMED);
    assert_eq!(device.stats().expect("stats").armed, 1);
    // It goes, and what was planted with it.
    remove();
    assert_eq!(state(&device), before);
    assert!([libc::ERANGE, libc::ESTALE].contains(&reserve(there.start)));
    assert_eq!(arm_since(&file, &mut defs, gone), 0);
    assert_eq!(defs[0].result, ioctl::SITE_GONE);
    // It comes back, to the same address as like as not: what was planned before is not planted.
    insert();
    let (now, _, gone_now) = find();
    assert_ne!(gone, gone_now);
    let again = site_at(&device, now, 0);
    let mut stale = [again];
    assert_eq!(arm_since(&file, &mut stale, gone), 0);
    if again.address == def.address {
        assert_eq!(stale[0].result, ioctl::SITE_GONE);
        assert_eq!(state(&device), before);
    }
    let mut fresh = [SiteDef { prog: 1, ..again }];
    assert_eq!(arm_since(&file, &mut fresh, gone_now), 0);
    assert_eq!(fresh[0].result, ioctl::SITE_ARMED);
    // Whoever traces goes first this time.
    drop(file);
    assert_eq!(state(&device), before);
    remove();
    assert_eq!(state(&device), before);
}

#[test]
fn our_own_text() {
    let Some((device, _turn)) = device("our_own_text") else {
        return;
    };
    let kernel = Kernel::default();
    let slot = device.reserve(&[site(&device, 0).address]).expect("a slot")[0];
    let error = device.reserve(&[slot]).expect_err("refused").to_string();
    assert!(error.contains("Numerical result out of range"), "{error}");
    assert!(kernel.modules().iter().all(|m| *m.name != *module::NAME));
    assert!(kernel.function(module::NAME, "on_trap").is_none());
}
