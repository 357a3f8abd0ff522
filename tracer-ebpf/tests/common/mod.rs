//! The least that is needed to run an image's BEGIN on this kernel: raw `bpf(2)`, the ring read through `mmap`.
#![allow(dead_code)]

use std::io::Error;
use tracer_ebpf::image::{Image, MapDef, MapKind, PSEUDO_MAP, PSEUDO_MAP_VALUE, Prog, ProgKind};
use tracer_ebpf::isa;

const MAP_CREATE: i64 = 0;
const LOOKUP: i64 = 1;
const UPDATE: i64 = 2;
const PROG_LOAD: i64 = 5;
const TEST_RUN: i64 = 10;
const FREEZE: i64 = 22;

fn bpf(cmd: i64, attr: &mut [u64; 16]) -> Result<i64, Error> {
    // SAFETY: `attr` is larger than any attribute used here, and zero where unused; the pointers in it outlive the call.
    let r = unsafe { libc::syscall(libc::SYS_bpf, cmd, attr.as_mut_ptr(), 128usize) };
    if r < 0 {
        Err(Error::last_os_error())
    } else {
        Ok(r)
    }
}

fn lo_hi(lo: u32, hi: u32) -> u64 {
    u64::from(hi) << 32 | u64::from(lo)
}

/// A loaded image.
pub struct Loaded {
    pub maps: Vec<i32>,
    pub progs: Vec<(ProgKind, i32)>,
    ring: Ring,
    drops: usize,
    state: usize,
}

impl Drop for Loaded {
    fn drop(&mut self) {
        for fd in self.maps.iter().chain(self.progs.iter().map(|(_, fd)| fd)) {
            // SAFETY: the descriptors are ours.
            unsafe { libc::close(*fd) };
        }
    }
}

fn create(map: &MapDef) -> Result<i32, Error> {
    let mut attr = [0u64; 16];
    let flags = u32::from(map.no_prealloc) | if map.rodata { 1 << 7 } else { 0 };
    attr[0] = lo_hi(map.kind as u32, map.key_size);
    attr[1] = lo_hi(map.value_size, map.max_entries);
    attr[2] = lo_hi(flags, 0);
    let fd = bpf(MAP_CREATE, &mut attr)? as i32;
    for (key, value) in &map.init {
        update(fd, key, value)?;
    }
    if map.rodata {
        let mut attr = [0u64; 16];
        attr[0] = fd as u64;
        bpf(FREEZE, &mut attr)?;
    }
    Ok(fd)
}

pub fn update(fd: i32, key: &[u8], value: &[u8]) -> Result<(), Error> {
    let mut attr = [0u64; 16];
    attr[0] = fd as u64;
    attr[1] = key.as_ptr() as u64;
    attr[2] = value.as_ptr() as u64;
    bpf(UPDATE, &mut attr).map(drop)
}

pub fn lookup(fd: i32, key: &[u8], value: &mut [u8]) -> Result<(), Error> {
    let mut attr = [0u64; 16];
    attr[0] = fd as u64;
    attr[1] = key.as_ptr() as u64;
    attr[2] = value.as_mut_ptr() as u64;
    bpf(LOOKUP, &mut attr).map(drop)
}

/// Loads a program; the whole verifier log where that fails.
fn load(prog: &Prog, maps: &[i32]) -> Result<i32, String> {
    let mut insns = prog.insns.clone();
    for i in &mut insns {
        if i.code == isa::LD_IMM64 && matches!(i.src(), PSEUDO_MAP | PSEUDO_MAP_VALUE) {
            i.imm = maps[i.imm as usize];
        }
    }
    let license = c"GPL";
    let mut log = vec![0u8; 0];
    // What the kernel has to know of global subprograms.
    #[cfg(feature = "live")]
    let funcs = match tracer_ebpf::live::funcs::needed(prog) {
        true => Some(tracer_ebpf::live::funcs::Funcs::of(prog).map_err(|e| e.to_string())?),
        false => None,
    };
    loop {
        let mut attr = [0u64; 16];
        #[cfg(feature = "live")]
        if let Some(f) = &funcs {
            use std::os::fd::AsRawFd;
            attr[9] = lo_hi(f.btf.as_raw_fd() as u32, 8);
            attr[10] = f.info.as_ptr() as u64;
            attr[11] = f.info.len() as u64;
        }
        attr[0] = lo_hi(17, insns.len() as u32);
        attr[1] = insns.as_ptr() as u64;
        attr[2] = license.as_ptr() as u64;
        if !log.is_empty() {
            attr[3] = lo_hi(1, log.len() as u32);
            attr[4] = log.as_mut_ptr() as u64;
        }
        match bpf(PROG_LOAD, &mut attr) {
            Ok(fd) => return Ok(fd as i32),
            Err(e) if log.is_empty() => {
                let _ = e;
                log = vec![0; 16 << 20];
            }
            Err(e) => {
                let end = log.iter().position(|&b| b == 0).unwrap_or(log.len());
                let text = String::from_utf8_lossy(&log[..end]);
                let tail: Vec<&str> = text.lines().rev().take(60).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                return Err(format!("{e}\n{}", tail.join("\n")));
            }
        }
    }
}

impl Loaded {
    /// Creates the maps and loads the programs.
    pub fn new(image: &Image) -> Result<Loaded, String> {
        Loaded::with(image, true)
    }

    /// The same; `chained`: programs are put where others call them.
    pub fn with(image: &Image, chained: bool) -> Result<Loaded, String> {
        let mut maps = Vec::new();
        for m in &image.maps {
            maps.push(create(m).map_err(|e| format!("map {m:?}: {e}"))?);
        }
        let mut progs = Vec::new();
        for p in &image.progs {
            let fd = load(p, &maps).map_err(|e| format!("program {}: {e}", p.name))?;
            if let Some((map, index)) = p.called.filter(|_| chained) {
                update(
                    maps[map.0 as usize],
                    &index.to_ne_bytes(),
                    &fd.to_ne_bytes(),
                )
                .map_err(|e| format!("program {} into its map: {e}", p.name))?;
            }
            progs.push((p.kind.clone(), fd));
        }
        let ring = image.ring.0 as usize;
        let size = image.maps[ring].max_entries as usize;
        assert_eq!(image.maps[ring].kind, MapKind::Ringbuf);
        Ok(Loaded {
            ring: Ring::new(maps[ring], size).map_err(|e| format!("ring: {e}"))?,
            maps,
            progs,
            drops: image.drops.0 as usize,
            state: image.state.0 as usize,
        })
    }

    pub fn phase(&self, phase: u32) {
        let mut value = [0u8; 64];
        value[..4].copy_from_slice(&phase.to_le_bytes());
        update(self.maps[self.state], &[0; 4], &value).unwrap();
    }

    /// Runs program `n` once.
    pub fn run(&self, n: usize) -> Result<(), Error> {
        let mut attr = [0u64; 16];
        attr[0] = self.progs[n].1 as u64;
        bpf(TEST_RUN, &mut attr).map(drop)
    }

    /// Takes what is in the ring.
    pub fn records(&mut self) -> Vec<Vec<u8>> {
        self.ring.take()
    }

    /// Sums of a drop counter.
    pub fn drops(&self, kind: u32, cpus: usize) -> u64 {
        let mut values = vec![0u64; cpus];
        // SAFETY: plain numbers seen as bytes.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<u8>(), cpus * 8) };
        lookup(self.maps[self.drops], &kind.to_le_bytes(), bytes).unwrap();
        values.iter().sum()
    }
}

struct Ring {
    consumer: *mut u64,
    data: *const u8,
    size: usize,
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe {
            libc::munmap(self.consumer.cast(), 4096);
            libc::munmap(self.data.sub(4096).cast_mut().cast(), 4096 + 2 * self.size);
        }
    }
}

impl Ring {
    fn new(fd: i32, size: usize) -> Result<Ring, Error> {
        let map = |len: usize, prot: i32, off: i64| {
            // SAFETY: a new mapping.
            let p =
                unsafe { libc::mmap(std::ptr::null_mut(), len, prot, libc::MAP_SHARED, fd, off) };
            if p == libc::MAP_FAILED {
                Err(Error::last_os_error())
            } else {
                Ok(p)
            }
        };
        let consumer = map(4096, libc::PROT_READ | libc::PROT_WRITE, 0)?;
        let rest = map(4096 + 2 * size, libc::PROT_READ, 4096)?;
        Ok(Ring {
            consumer: consumer.cast(),
            // SAFETY: inside the mapping.
            data: unsafe { rest.cast::<u8>().add(4096) },
            size,
        })
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        // SAFETY: positions and records as the kernel's ring buffer lays them out; no one else consumes.
        unsafe {
            let producer = self.data.sub(4096).cast::<u64>().read_volatile();
            let mut at = self.consumer.read_volatile();
            while at < producer {
                let head = self.data.add(at as usize & (self.size - 1));
                let len = head.cast::<u32>().read_volatile();
                assert_eq!(len >> 31, 0, "record still busy");
                let n = (len & 0x3fff_ffff) as usize;
                if len >> 30 & 1 == 0 {
                    out.push(std::slice::from_raw_parts(head.add(8), n).to_vec());
                }
                at += (n as u64 + 8).next_multiple_of(8);
            }
            self.consumer.write_volatile(at);
        }
        out
    }
}

/// Why the kernel can't be asked here.
pub fn no_kernel() -> Option<String> {
    // SAFETY: plain system call.
    if unsafe { libc::geteuid() } != 0 {
        return Some("not root".to_owned());
    }
    let mut attr = [0u64; 16];
    attr[0] = lo_hi(2, 4);
    attr[1] = lo_hi(8, 1);
    match bpf(MAP_CREATE, &mut attr) {
        Ok(fd) => {
            // SAFETY: just opened.
            unsafe { libc::close(fd as i32) };
            None
        }
        Err(e) => Some(format!("bpf(2): {e}")),
    }
}
