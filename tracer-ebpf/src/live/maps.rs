//! An image's maps: made, filled, and read back.

use super::sys::{self, Sizes};
use crate::backend::{BackendError, Buffer};
use crate::image::{Image, Insn, MapDef, MapIx, MapKind, PSEUDO_MAP, PSEUDO_MAP_VALUE};
use aya::maps::{Map, MapData, MapError, RingBuf};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

const BPF_F_NO_PREALLOC: u32 = 1;
const BPF_F_RDONLY_PROG: u32 = 1 << 7;
const BPF_F_MMAPABLE: u32 = 1 << 10;
/// Bytes of a key that every kernel takes; newer ones take more.
const OLD_KEY: u32 = 512;
/// `ld_imm64`, first half.
const LD_IMM64: u8 = 0x18;

/// A map, or the reader that aya makes of it.
enum Handle {
    Plain(MapData),
    Ring(RingBuf<MapData>),
}

/// The maps of an enabling.
pub struct Maps {
    maps: Vec<(Handle, Sizes)>,
}

impl Maps {
    /// Makes and fills them.
    pub fn create(image: &Image) -> Result<Maps, BackendError> {
        let cpus = aya::util::nr_cpus().map_err(|(path, cause)| BackendError::Io {
            what: path.to_owned(),
            cause,
        })?;
        let mut maps = Vec::with_capacity(image.maps.len());
        for (i, def) in image.maps.iter().enumerate() {
            let shared = MapIx(i as u32) == image.state;
            maps.push(create(def, shared, cpus)?);
        }
        Ok(Maps { maps })
    }

    /// Descriptor and sizes.
    pub fn get(&self, map: MapIx) -> Result<(BorrowedFd<'_>, Sizes), BackendError> {
        let (handle, sizes) = self
            .maps
            .get(map.0 as usize)
            .ok_or_else(|| BackendError::Other(format!("the image has no map {}", map.0)))?;
        Ok((handle.fd(), *sizes))
    }

    /// The reader of a ring.
    pub fn ring(&mut self, map: MapIx) -> Result<&mut RingBuf<MapData>, BackendError> {
        match self.maps.get_mut(map.0 as usize) {
            Some((Handle::Ring(ring), _)) => Ok(ring),
            _ => Err(BackendError::Other(format!("map {} is not a ring", map.0))),
        }
    }

    /// The code with map indices replaced by descriptors.
    pub fn bake(&self, insns: &[Insn]) -> Result<Vec<Insn>, BackendError> {
        let mut out = insns.to_vec();
        for insn in &mut out {
            if insn.code == LD_IMM64 && [PSEUDO_MAP, PSEUDO_MAP_VALUE].contains(&(insn.regs >> 4)) {
                insn.imm = self.get(MapIx(insn.imm as u32))?.0.as_raw_fd();
            }
        }
        Ok(out)
    }
}

/// A map for one program, which none has been put into.
pub fn prog_array() -> io::Result<MapData> {
    let params = aya_obj::Map::new_from_params(MapKind::ProgArray as u32, 4, 4, 1, 0);
    MapData::create(params, "try", None).map_err(io::Error::other)
}

impl Handle {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Handle::Plain(m) => m.fd().as_fd(),
            Handle::Ring(r) => r.as_fd(),
        }
    }
}

fn create(def: &MapDef, shared: bool, cpus: usize) -> Result<(Handle, Sizes), BackendError> {
    let failed = |cause: io::Error| {
        let what = format!(
            "making the map {} ({} entries of {} + {} bytes)",
            def.name, def.max_entries, def.key_size, def.value_size
        );
        if cause.raw_os_error() == Some(libc::E2BIG) && def.key_size > OLD_KEY {
            return BackendError::Unsupported(format!(
                "keys of {} bytes are too long for this kernel, which takes {OLD_KEY} (use shorter strings in them: -x strsize)",
                def.key_size
            ));
        }
        let buffer = match def.kind {
            MapKind::Ringbuf => Some(Buffer::Records),
            MapKind::PercpuHash => Some(Buffer::Aggregations),
            MapKind::Hash => Some(Buffer::Variables),
            MapKind::Array
            | MapKind::PercpuArray
            | MapKind::ProgArray
            | MapKind::PerfEventArray => None,
        };
        match (buffer, cause.raw_os_error()) {
            (Some(buffer), Some(libc::ENOMEM)) => BackendError::NoRoom {
                buffer,
                what,
                cause,
            },
            _ => BackendError::Io { what, cause },
        }
    };
    let per_cpu = match def.kind {
        MapKind::PercpuHash | MapKind::PercpuArray => true,
        MapKind::Hash | MapKind::Array | MapKind::ProgArray | MapKind::Ringbuf => false,
        MapKind::PerfEventArray => {
            return Err(BackendError::Unsupported(
                "this kernel has no BPF ring buffer (Linux 5.8 has), and per-CPU perf buffers are not done yet".to_owned(),
            ));
        }
    };
    let mut flags = 0;
    if def.no_prealloc {
        flags |= BPF_F_NO_PREALLOC;
    }
    if def.rodata {
        flags |= BPF_F_RDONLY_PROG;
    }
    let make = |flags| {
        let params = aya_obj::Map::new_from_params(
            def.kind as u32,
            def.key_size,
            def.value_size,
            def.max_entries,
            flags,
        );
        MapData::create(params, &def.name, None).map_err(|e| match e {
            MapError::CreateError { io_error, .. } => io_error,
            e => io::Error::other(e),
        })
    };
    // Kernels before 5.5 can't map an array; then the phase is written through bpf(2).
    let map = match shared {
        true => make(flags | BPF_F_MMAPABLE).or_else(|_| make(flags)),
        false => make(flags),
    }
    .map_err(failed)?;
    let value = def.value_size as usize;
    let copies = if per_cpu { cpus } else { 1 };
    let sizes = Sizes {
        key: def.key_size as usize,
        value: match per_cpu {
            true => value.next_multiple_of(8) * cpus,
            false => value,
        },
    };
    for (key, initial) in &def.init {
        let one = match per_cpu {
            true => initial
                .iter()
                .copied()
                .chain(std::iter::repeat(0))
                .take(value.next_multiple_of(8))
                .collect(),
            false => initial.clone(),
        };
        sys::map_update(map.fd().as_fd(), sizes, key, &one.repeat(copies)).map_err(failed)?;
    }
    if def.rodata {
        // Not there before 5.2; then the programs' side is still read-only.
        let _ = sys::map_freeze(map.fd().as_fd());
    }
    let handle = match def.kind {
        MapKind::Ringbuf => {
            let map = Map::from_map_data(map).map_err(|e| failed(io::Error::other(e)))?;
            Handle::Ring(RingBuf::try_from(map).map_err(|e| failed(io::Error::other(e)))?)
        }
        _ => Handle::Plain(map),
    };
    Ok((handle, sizes))
}
