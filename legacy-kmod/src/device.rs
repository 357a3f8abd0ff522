//! `/dev/dtrace`, one method a call. The only file of this crate's driver with unsafe code.

use crate::abi::{ABI_VERSION, Code, NOWHERE, Report};
use crate::ioctl::{self, AuditArgs, Call, Info, Offsets, SiteDef, Stats, SyscallDef};
use crate::ring::{Layout, Reader, Rings};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, RawFd};
use tracer_ebpf::backend::BackendError;

/// Where the module's device is.
pub const PATH: &str = "/dev/dtrace";

/// An open device: one enabling. Dropping it takes everything back.
pub struct Device {
    file: File,
    info: Info,
}

/// Records of all CPUs, read where the module writes them.
pub struct Records {
    reader: Reader,
    /// What the reader reads.
    _memory: Shared,
}

impl Records {
    /// Hands on what is there, in the order of writing. Says whether there may be more.
    pub fn drain(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<bool, BackendError> {
        let drained = self.reader.drain(sink);
        drained.map_err(|torn| BackendError::Other(torn.to_string()))
    }
}

/// A mapping of the device's. As long as it is there the enabling is, too.
struct Shared {
    base: *mut c_void,
    bytes: usize,
}

// SAFETY: an address of this process, valid in all its threads; what is there is read through [`Rings`].
unsafe impl Send for Shared {}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: ours since `Device::shared`, and its only reader goes with it.
        let _ = unsafe { munmap(self.base, self.bytes) };
    }
}

/// Elements that one call brings at most, bytes.
const BUFFER: usize = 1 << 20;

impl Device {
    /// Opens it, and checks that the module speaks this program's version.
    pub fn open() -> Result<Device, BackendError> {
        let file = OpenOptions::new().read(true).write(true).open(PATH);
        let file = file.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => BackendError::Unsupported(format!(
                "the kernel module is not loaded ({PATH} is not there): `dtrace --kmod build` makes it, `dtrace --kmod load` loads it"
            )),
            io::ErrorKind::PermissionDenied => {
                BackendError::Privilege(format!("{PATH} is root's alone: run dtrace as root"))
            }
            _ => BackendError::Io {
                what: format!("opening {PATH}"),
                cause: e,
            },
        })?;
        let mut device = Device {
            file,
            info: Info::default(),
        };
        let mut info = Info::default();
        device.call(ioctl::INFO, &mut info)?;
        if info.abi_version != u32::from(ABI_VERSION) {
            return Err(BackendError::Unsupported(format!(
                "the loaded module speaks version {} of the device's language, this program version {ABI_VERSION}: load the module of this program's build",
                info.abi_version
            )));
        }
        device.info = info;
        Ok(device)
    }

    /// What the module said of itself.
    pub fn info(&self) -> Info {
        self.info
    }

    /// Its descriptor.
    pub fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    fn call<T>(&self, call: Call, arg: &mut T) -> Result<(), BackendError> {
        self.raw(call, arg).map_err(|cause| BackendError::Io {
            what: call.name.to_owned(),
            cause,
        })
    }

    fn raw<T>(&self, call: Call, arg: &mut T) -> io::Result<()> {
        // SAFETY: the call's number says how many bytes the module reads and writes there, and `ioctl` makes it from the
        // type of the same row. Addresses inside the arguments are of slices that outlive the call (below).
        let r = unsafe {
            libc::ioctl(
                self.file.as_raw_fd(),
                libc::c_ulong::from(call.number),
                std::ptr::from_mut(arg),
            )
        };
        match r {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Gives the module its image.
    pub fn load(&self, blob: &[u8]) -> Result<(), BackendError> {
        let mut args = ioctl::LoadArgs {
            blob: blob.as_ptr() as u64,
            bytes: blob.len() as u64,
            report: Report::default(),
        };
        let Err(cause) = self.raw(ioctl::LOAD, &mut args) else {
            return Ok(());
        };
        let r = args.report;
        if r.code == 0 {
            let what = ioctl::LOAD.name.to_owned();
            return Err(BackendError::Io { what, cause });
        }
        let why = Code::from_number(r.code).map_or("an unknown code", Code::text);
        let mut place = String::new();
        if r.index != NOWHERE {
            place = format!(", map or program {}", r.index);
        }
        if r.insn != NOWHERE {
            place.push_str(&format!(", instruction {}", r.insn));
        }
        Err(BackendError::Other(format!(
            "the module refused the image: {why}{place}"
        )))
    }

    /// Reads kernel memory: all of `to`, or an error.
    pub fn read(&self, address: u64, to: &mut [u8]) -> io::Result<()> {
        let mut args = ioctl::ReadArgs {
            address,
            buffer: to.as_mut_ptr() as u64,
            bytes: to.len() as u64,
        };
        self.raw(ioctl::READ, &mut args)
    }

    /// Where the code of breakpoints at these addresses will be.
    pub fn reserve(&self, addresses: &[u64]) -> Result<Vec<u64>, BackendError> {
        let mut slots = vec![0_u64; addresses.len()];
        let mut args = ioctl::ReserveArgs {
            addresses: addresses.as_ptr() as u64,
            slots: slots.as_mut_ptr() as u64,
            count: addresses.len() as u32,
            reserved: 0,
        };
        let Err(cause) = self.raw(ioctl::RESERVE, &mut args) else {
            return Ok(slots);
        };
        match cause.raw_os_error() {
            Some(libc::E2BIG | libc::ENOSPC) => {
                let (room, used) = (self.info.slot_count, self.stats()?.slots_used);
                Err(BackendError::Other(format!(
                    "{} breakpoints are wanted, but the module has room for {room}, {used} of it taken: name fewer functions, those of one module for instance (fbt:vmlinux::entry)",
                    addresses.len()
                )))
            }
            _ => Err(BackendError::Io {
                what: ioctl::RESERVE.name.to_owned(),
                cause,
            }),
        }
    }

    /// The text and the exception table of the module that has this address in its text.
    pub fn module(&self, address: u64) -> io::Result<(Range<u64>, Range<u64>)> {
        let mut args = ioctl::ModuleArgs {
            address,
            ..ioctl::ModuleArgs::default()
        };
        self.raw(ioctl::MODULE, &mut args)?;
        let range = |at: u64, bytes: u64| at..at.saturating_add(bytes);
        Ok((
            range(args.text, args.text_bytes),
            range(args.fixups, args.fixup_bytes),
        ))
    }

    /// Plants breakpoints; each definition's result says how that went. `modules_gone`: what [`Info`] said before anything was
    /// looked at.
    pub fn arm(&self, sites: &mut [SiteDef], modules_gone: u32) -> Result<u32, BackendError> {
        let mut args = ioctl::SitesArgs {
            sites: sites.as_mut_ptr() as u64,
            count: sites.len() as u32,
            modules_gone,
            ..ioctl::SitesArgs::default()
        };
        self.call(ioctl::SITES, &mut args)?;
        Ok(args.armed)
    }

    /// Hooks system calls. `tables`: address and entries of the native and of the 32-bit table.
    pub fn hook(&self, defs: &[SyscallDef], tables: [(u64, u32); 2]) -> Result<(), BackendError> {
        let mut args = ioctl::SyscallsArgs {
            defs: defs.as_ptr() as u64,
            tables: tables.map(|t| t.0),
            entries: tables.map(|t| t.1),
            count: defs.len() as u32,
            reserved: 0,
        };
        self.call(ioctl::SYSCALLS, &mut args)
    }

    /// Starts a timer on a CPU, or on each.
    pub fn timer(&self, prog: u32, period_ns: u64, cpu: u32) -> Result<(), BackendError> {
        let mut args = ioctl::TimerArgs {
            period_ns,
            cookie: 0,
            prog,
            cpu,
        };
        self.call(ioctl::TIMER, &mut args)
    }

    /// Runs a program now, on this CPU.
    pub fn run(&self, prog: u32) -> Result<(), BackendError> {
        let mut args = ioctl::RunArgs {
            prog,
            ..ioctl::RunArgs::default()
        };
        self.call(ioctl::RUN, &mut args)?;
        match Code::from_number(args.code) {
            Some(Code::Ok) => Ok(()),
            code => Err(BackendError::Other(format!(
                "the module ended a program: {}",
                code.map_or("an unknown code", Code::text)
            ))),
        }
    }

    /// Sets a word of a one-element map if it is `expect`; gives what it was.
    pub fn word(&self, map: u32, expect: u32, value: u32) -> Result<u32, BackendError> {
        let mut args = ioctl::WordArgs {
            map,
            expect,
            value,
            ..ioctl::WordArgs::default()
        };
        self.call(ioctl::WORD, &mut args)?;
        Ok(args.old)
    }

    /// All elements of a map: key and values, as `sizes` says.
    pub fn walk(
        &self,
        map: u32,
        sizes: Sizes,
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), BackendError> {
        let entry = sizes.key_room() + sizes.values();
        let mut buffer = vec![0_u8; entry.max(BUFFER.min(entry.saturating_mul(1024)))];
        let mut next = 0;
        while next != NOWHERE {
            let mut args = ioctl::WalkArgs {
                buffer: buffer.as_mut_ptr() as u64,
                bytes: buffer.len() as u64,
                map,
                next,
                ..ioctl::WalkArgs::default()
            };
            self.call(ioctl::WALK, &mut args)?;
            for element in buffer.chunks_exact(entry).take(args.count as usize) {
                let (key, values) = element.split_at(sizes.key_room());
                each(key.get(..sizes.key).unwrap_or(key), values);
            }
            next = args.next;
        }
        Ok(())
    }

    /// Sets a key's value, the same in all copies.
    pub fn set(&self, map: u32, key: &[u8], value: &[u8]) -> Result<(), BackendError> {
        let mut args = ioctl::MapArgs {
            key: key.as_ptr() as u64,
            value: value.as_ptr() as u64,
            map,
            op: ioctl::MAP_SET,
        };
        self.call(ioctl::MAP, &mut args)
    }

    /// Forgets a key. One that is not there is no error.
    pub fn delete(&self, map: u32, key: &[u8]) -> Result<(), BackendError> {
        let mut args = ioctl::MapArgs {
            key: key.as_ptr() as u64,
            value: 0,
            map,
            op: ioctl::MAP_DELETE,
        };
        match self.raw(ioctl::MAP, &mut args) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(BackendError::Io {
                what: ioctl::MAP.name.to_owned(),
                cause: e,
            }),
            _ => Ok(()),
        }
    }

    /// The records of a ring map of so many bytes a CPU.
    pub fn records(&self, map: u32, size: u32) -> Result<Records, BackendError> {
        let layout = Layout {
            cpus: self.info.cpus as usize,
            size,
        };
        let memory = self.shared(map, layout);
        let memory = memory.map_err(|cause| BackendError::Io {
            what: format!("mapping the buffers for records, {} bytes", layout.bytes()),
            cause,
        })?;
        // SAFETY: the mapping begins on a page, has the layout's bytes, the first of them to be written, and goes with the reader; the
        // module alone writes there beside it.
        let rings = unsafe { Rings::new(memory.base.cast(), layout) };
        Ok(Records {
            reader: Reader::new(rings),
            _memory: memory,
        })
    }

    /// All to be read, and what the reader writes to be written.
    fn shared(&self, map: u32, layout: Layout) -> io::Result<Shared> {
        let offset = u64::from(map) << 32;
        let bytes = layout.bytes();
        // SAFETY: a new mapping, wherever there is room.
        let base = unsafe {
            mmap(
                std::ptr::null_mut(),
                bytes,
                ProtFlags::READ,
                MapFlags::SHARED,
                &self.file,
                offset,
            )
        }?;
        let shared = Shared { base, bytes };
        // SAFETY: in place of the beginning of the mapping just made, which is ours and of which nobody knows yet.
        unsafe {
            mmap(
                base,
                layout.writable(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED | MapFlags::FIXED,
                &self.file,
                offset,
            )
        }?;
        Ok(shared)
    }

    /// The module's counters.
    pub fn stats(&self) -> Result<Stats, BackendError> {
        let mut stats = Stats::default();
        self.call(ioctl::STATS, &mut stats)?;
        Ok(stats)
    }

    /// Hashes what is there now; also gives what the same place had when this was first asked for.
    pub fn audit(&self, kind: u32, address: u64, bytes: u64) -> Result<AuditArgs, BackendError> {
        let mut args = AuditArgs {
            kind,
            address,
            bytes,
            ..AuditArgs::default()
        };
        self.call(ioctl::AUDIT, &mut args)?;
        Ok(args)
    }

    /// Where the kernel's tasks have what programs read of them.
    pub fn offsets(&self) -> Result<Offsets, BackendError> {
        let mut offsets = Offsets::default();
        self.call(ioctl::OFFSETS, &mut offsets)?;
        Ok(offsets)
    }

    /// The kernel's types as the module's compiler saw them, in BTF; nothing where that compiler could not write them.
    pub fn types(&self) -> Result<Vec<u8>, BackendError> {
        let mut types = Vec::new();
        loop {
            let mut args = ioctl::TypesArgs {
                buffer: types.as_mut_ptr() as u64,
                bytes: types.len() as u64,
            };
            self.call(ioctl::TYPES, &mut args)?;
            if args.bytes <= types.len() as u64 {
                types.truncate(args.bytes as usize);
                return Ok(types);
            }
            types.resize(args.bytes as usize, 0);
        }
    }

    /// Takes all of this enabling's probes away; its maps stay readable.
    pub fn stop(&self) -> Result<(), BackendError> {
        self.call(ioctl::STOP, &mut ())
    }
}

/// How a map's elements are laid out by [`Device::walk`].
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of a key.
    pub key: usize,
    /// Bytes of one value.
    pub value: usize,
    /// Values of an element: one, or one for each CPU.
    pub copies: usize,
}

impl Sizes {
    fn key_room(self) -> usize {
        self.key.next_multiple_of(8)
    }

    fn values(self) -> usize {
        self.value.next_multiple_of(8) * self.copies
    }
}
