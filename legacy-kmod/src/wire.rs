//! The flat blob that the module's `ioctl` takes: maps, programs, initial data,
//! one after the other, as `kmod/dt_abi.h` says. Only writes; the one reader is
//! `kmod/load.c`, and it trusts nothing.

use tracer_ebpf::image::{Image, MapKind};

use crate::abi::{ABI_VERSION, IMAGE_MAGIC, ImageHeader, MAP_F_RDONLY, MapDef, MapType, ProgDef};

/// One instruction word in the eBPF encoding, little-endian.
pub type Insn = [u8; 8];

/// A map to be created with the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// For messages; cut at 31 bytes.
    pub name: String,
    /// What it is.
    pub kind: MapType,
    /// Bytes of a key: 4 for arrays, 0 for a ring.
    pub key_bytes: u32,
    /// Bytes of a value: 0 for a ring.
    pub value_bytes: u32,
    /// Elements; bytes for a ring.
    pub max_entries: u32,
    /// Programs may only read it.
    pub read_only: bool,
    /// Keys and values that it begins with (per-CPU: the same value on all). What
    /// is shorter than the map's sizes is filled up with zeros.
    pub initial: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Map {
    /// A map without initial entries.
    pub fn new(name: &str, kind: MapType, key_bytes: u32, value_bytes: u32, entries: u32) -> Map {
        Map {
            name: name.to_owned(),
            kind,
            key_bytes,
            value_bytes,
            max_entries: entries,
            read_only: false,
            initial: Vec::new(),
        }
    }

    /// Constant data: a one-element array that programs can't write.
    pub fn rodata(name: &str, bytes: Vec<u8>) -> Map {
        // An array's value can't be empty.
        let size = u32::try_from(bytes.len().max(1)).unwrap_or(u32::MAX);
        Map {
            read_only: true,
            initial: vec![(vec![0; 4], bytes)],
            ..Map::new(name, MapType::Array, 4, size, 1)
        }
    }
}

/// A program: its entry first, then the functions that it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// For messages; cut at 47 bytes.
    pub name: String,
    /// Maps are referred to by index (LD64 kinds 1 and 2).
    pub insns: Vec<Insn>,
}

/// An image still in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob {
    /// By index.
    pub maps: Vec<Map>,
    /// By index.
    pub programs: Vec<Program>,
}

/// What can't be put into a blob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More than the format's 32-bit sizes can say.
    #[error("the image is larger than 4 GiB, the most that the module's format can say")]
    TooLarge,
    /// An initial entry doesn't fit.
    #[error("map {map}: an initial key or value is longer than the map's")]
    Initial {
        /// The map's name.
        map: String,
    },
    /// The module has no such map.
    #[error("map {map}: the module has no {kind} maps")]
    Kind {
        /// The map's name.
        map: String,
        /// What it should be.
        kind: &'static str,
    },
}

/// The parts of a lowered image that the kernel side needs, in the module's terms.
///
/// Map and program indices stay what they are in the image.
pub fn from_image(image: &Image) -> Result<Blob, WireError> {
    let mut blob = Blob::default();
    for def in &image.maps {
        let kind = match def.kind {
            MapKind::Hash => MapType::Hash,
            MapKind::Array => MapType::Array,
            MapKind::PercpuHash => MapType::PerCpuHash,
            MapKind::PercpuArray => MapType::PerCpuArray,
            MapKind::Ringbuf => MapType::Ring,
            kind @ (MapKind::PerfEventArray | MapKind::ProgArray) => {
                return Err(WireError::Kind {
                    map: def.name.clone(),
                    kind: match kind {
                        MapKind::ProgArray => "program array",
                        _ => "perf event array",
                    },
                });
            }
        };
        // `no_prealloc` is a wish about the kernel's allocator; the module has none to ask.
        blob.maps.push(Map {
            name: def.name.clone(),
            kind,
            key_bytes: def.key_size,
            value_bytes: def.value_size,
            max_entries: def.max_entries,
            read_only: def.rodata,
            initial: def.init.clone(),
        });
    }
    for prog in &image.progs {
        let insns = prog.insns.iter().map(|i| {
            let ([o0, o1], [i0, i1, i2, i3]) = (i.off.to_le_bytes(), i.imm.to_le_bytes());
            [i.code, i.regs, o0, o1, i0, i1, i2, i3]
        });
        blob.programs.push(Program {
            name: prog.name.clone(),
            insns: insns.collect(),
        });
    }
    Ok(blob)
}

impl Blob {
    /// The bytes to hand over.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WireError> {
        let (mut maps, mut progs) = (Writer::default(), Writer::default());
        let (mut insns, mut data) = (Vec::new(), Vec::new());
        for map in &self.maps {
            maps.map_def(&MapDef {
                map_type: map.kind as u32,
                key_bytes: map.key_bytes,
                value_bytes: map.value_bytes,
                max_entries: map.max_entries,
                flags: if map.read_only { MAP_F_RDONLY } else { 0 },
                init_offset: size(data.len())?,
                init_count: size(map.initial.len())?,
                reserved: 0,
                name: name_field(&map.name),
            });
            for (key, value) in &map.initial {
                put_padded(&mut data, key, map.key_bytes, map)?;
                put_padded(&mut data, value, map.value_bytes, map)?;
            }
        }
        for program in &self.programs {
            progs.prog_def(&ProgDef {
                first_insn: size(insns.len())?,
                insn_count: size(program.insns.len())?,
                flags: 0,
                reserved: 0,
                name: name_field(&program.name),
            });
            insns.extend_from_slice(&program.insns);
        }
        let insn_count = size(insns.len())?;
        let insns = insns.as_flattened();
        let header_bytes = size_of::<ImageHeader>();
        let total = header_bytes + maps.0.len() + progs.0.len() + insns.len() + data.len();
        let mut out = Writer::default();
        out.header(&ImageHeader {
            magic: IMAGE_MAGIC,
            abi_version: ABI_VERSION,
            header_bytes: header_bytes as u16,
            total_bytes: size(total)?,
            map_count: size(self.maps.len())?,
            prog_count: size(self.programs.len())?,
            insn_count,
            data_bytes: size(data.len())?,
            flags: 0,
        });
        let mut out = out.0;
        out.extend(maps.0);
        out.extend(progs.0);
        out.extend(insns);
        out.extend(data);
        Ok(out)
    }
}

fn size(n: usize) -> Result<u32, WireError> {
    u32::try_from(n).map_err(|_| WireError::TooLarge)
}

fn put_padded(to: &mut Vec<u8>, bytes: &[u8], length: u32, map: &Map) -> Result<(), WireError> {
    let missing = (length as usize).checked_sub(bytes.len());
    let Some(missing) = missing else {
        return Err(WireError::Initial {
            map: map.name.clone(),
        });
    };
    to.extend(bytes);
    to.resize(to.len() + missing, 0);
    Ok(())
}

/// As much of a name as fits, the last byte left zero.
fn name_field<const N: usize>(name: &str) -> [u8; N] {
    let mut field = [0; N];
    let room = field.len().saturating_sub(1);
    for (to, from) in field.iter_mut().take(room).zip(name.bytes()) {
        *to = from;
    }
    field
}

/// Writes each field in the order of the C structure; none has padding, which
/// the sizes asserted in `abi` and by the tests prove.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u32s(&mut self, words: &[u32]) {
        for word in words {
            self.0.extend(word.to_le_bytes());
        }
    }

    fn header(&mut self, h: &ImageHeader) {
        self.u32s(&[h.magic]);
        self.0.extend(h.abi_version.to_le_bytes());
        self.0.extend(h.header_bytes.to_le_bytes());
        self.u32s(&[h.total_bytes, h.map_count, h.prog_count]);
        self.u32s(&[h.insn_count, h.data_bytes, h.flags]);
    }

    fn map_def(&mut self, d: &MapDef) {
        self.u32s(&[d.map_type, d.key_bytes, d.value_bytes, d.max_entries]);
        self.u32s(&[d.flags, d.init_offset, d.init_count, d.reserved]);
        self.0.extend(d.name);
    }

    fn prog_def(&mut self, d: &ProgDef) {
        self.u32s(&[d.first_insn, d.insn_count, d.flags, d.reserved]);
        self.0.extend(d.name);
    }
}
