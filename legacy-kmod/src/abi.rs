//! `kmod/dt_abi.h` in Rust: sizes, numbers, codes. Nothing here is computed;
//! what can be checked at compile time is, the rest is by `tests/abi.rs`.

use std::mem::{offset_of, size_of};

/// First word of an image, "DTIM".
pub const IMAGE_MAGIC: u32 = 0x4d49_5444;
/// Version of everything in this file.
pub const ABI_VERSION: u16 = 4;
/// Index fields of a [`Report`] that point nowhere.
pub const NOWHERE: u32 = u32::MAX;

/// Programs may not store into this map's values.
pub const MAP_F_RDONLY: u32 = 0x80;

/// Map types, with the numbers of the kernel's `enum bpf_map_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum MapType {
    /// Any key, preallocated.
    Hash = 1,
    /// Index 0.. as a 4-byte key.
    Array = 2,
    /// A hash with a value per CPU.
    PerCpuHash = 5,
    /// An array with a value per CPU.
    PerCpuArray = 6,
    /// Records for the consumer; `max_entries` is its size in bytes.
    Ring = 27,
}

/// `struct dt_image_header`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ImageHeader {
    /// [`IMAGE_MAGIC`].
    pub magic: u32,
    /// [`ABI_VERSION`].
    pub abi_version: u16,
    /// Size of this header.
    pub header_bytes: u16,
    /// Size of the image, this header included.
    pub total_bytes: u32,
    /// Number of [`MapDef`]s.
    pub map_count: u32,
    /// Number of [`ProgDef`]s.
    pub prog_count: u32,
    /// Number of 8-byte instruction words.
    pub insn_count: u32,
    /// Bytes of initial data.
    pub data_bytes: u32,
    /// None defined.
    pub flags: u32,
}

/// `struct dt_map_def`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct MapDef {
    /// A [`MapType`].
    pub map_type: u32,
    /// Arrays: 4; ring: 0.
    pub key_bytes: u32,
    /// Ring: 0.
    pub value_bytes: u32,
    /// Ring: bytes, a power of two.
    pub max_entries: u32,
    /// `MAP_F_*`.
    pub flags: u32,
    /// Into the initial data, bytes.
    pub init_offset: u32,
    /// Entries there: key and value each.
    pub init_count: u32,
    /// Zero.
    pub reserved: u32,
    /// NUL-terminated.
    pub name: [u8; 32],
}

/// `struct dt_prog_def`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ProgDef {
    /// Index of an instruction word.
    pub first_insn: u32,
    /// Subprograms included.
    pub insn_count: u32,
    /// None defined.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// NUL-terminated.
    pub name: [u8; 48],
}

/// `struct dt_report`: where loading failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Report {
    /// A [`Code`].
    pub code: u32,
    /// Negative errno.
    pub error: i32,
    /// Map or program concerned, or [`NOWHERE`].
    pub index: u32,
    /// Instruction word within that program, or [`NOWHERE`].
    pub insn: u32,
}

const _: () = {
    assert!(size_of::<ImageHeader>() == 32);
    assert!(offset_of!(ImageHeader, header_bytes) == 6);
    assert!(offset_of!(ImageHeader, map_count) == 12);
    assert!(offset_of!(ImageHeader, flags) == 28);
    assert!(size_of::<MapDef>() == 64);
    assert!(offset_of!(MapDef, init_offset) == 20);
    assert!(offset_of!(MapDef, name) == 32);
    assert!(size_of::<ProgDef>() == 64);
    assert!(offset_of!(ProgDef, name) == 16);
    assert!(size_of::<Report>() == 16);
    assert!(offset_of!(Report, insn) == 12);
};

const EIO: i32 = 5;
const E2BIG: i32 = 7;
const ENOMEM: i32 = 12;
const EACCES: i32 = 13;
const EFAULT: i32 = 14;
const EBUSY: i32 = 16;
const EINVAL: i32 = 22;
const ENOSYS: i32 = 38;
const ETIME: i32 = 62;
const EPROTO: i32 = 71;
const EOVERFLOW: i32 = 75;

macro_rules! codes {
    ($($number:literal $name:ident $errno:ident $text:literal;)*) => {
        /// `enum dt_code`: why an image was refused or a firing ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Code { $(#[doc = $text] $name = $number,)* }

        impl Code {
            /// All, by number.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The errno of its class.
            pub fn errno(self) -> i32 {
                match self { $(Code::$name => $errno,)* }
            }

            /// One sentence.
            pub fn text(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

const NONE: i32 = 0;
codes! {
    0 Ok NONE "success";
    1 BlobShort EINVAL "the image is shorter than it says";
    2 BlobLong EINVAL "the image is longer than it says";
    3 Magic EINVAL "this is not an image";
    4 Version EPROTO "the image has another ABI version";
    5 Header EINVAL "a reserved field of the image is set";
    6 Limit E2BIG "the image asks for more maps, programs, instructions or data than allowed";
    7 MapType EINVAL "unknown map type";
    8 MapKey EINVAL "key size not possible for this map type";
    9 MapValue EINVAL "value size not possible for this map type";
    10 MapEntries EINVAL "number of entries not possible for this map type";
    11 MapFlags EINVAL "map flags not possible for this map type";
    12 MapBytes E2BIG "the map is larger than allowed";
    13 MapInit EINVAL "initial data of the map out of range";
    14 NoMem ENOMEM "out of memory";
    15 ProgRange EINVAL "the program lies outside the instructions";
    16 Opcode EINVAL "unknown opcode";
    17 Register EINVAL "register number above r10";
    18 R10Write EACCES "r10 is read-only";
    19 Reserved EINVAL "a field that this opcode doesn't use is set";
    20 Shift EINVAL "shift by the operand's width or more";
    21 DivZero EINVAL "division by the constant zero";
    22 Width EINVAL "no such operand width";
    23 Atomic EINVAL "unknown atomic operation";
    24 Ld64Half EINVAL "the second half of a 64-bit load is missing or malformed";
    25 Ld64Kind EINVAL "unknown kind of 64-bit load";
    26 MapIndex EINVAL "no such map";
    27 MapDirect EINVAL "only the value of a one-element array has an address";
    28 MapOffset EINVAL "offset beyond the map's value";
    29 JumpRange EINVAL "jump out of the function";
    30 JumpMiddle EINVAL "jump into the middle of a 64-bit load";
    31 CallKind EINVAL "unknown kind of call";
    32 CallTarget EINVAL "call to what is not an instruction of this program";
    33 Service ENOSYS "unknown service (helper) number";
    34 FallOff EINVAL "control runs off the end of a function";
    35 Unreachable EINVAL "unreachable instruction";
    36 Load EFAULT "load outside the program's memory";
    37 Store EFAULT "store outside the program's memory";
    38 RdOnly EACCES "store to read-only data";
    39 Align EFAULT "misaligned atomic operation";
    40 Steps ETIME "the step budget is used up";
    41 Depth EOVERFLOW "calls nested too deeply";
    42 ArgMap EINVAL "a service was called with something that is not a suitable map";
    43 ArgMemory EFAULT "a service was called with a buffer outside the program's memory";
    44 ArgFunction EINVAL "a service was called with something that is not a function";
    45 Nested EBUSY "this CPU is inside too many firings already";
    46 BadProg EINVAL "no such program";
    47 Broken EIO "the virtual machine met an instruction that was never verified";
}

impl Code {
    /// The code with this number, if there is one.
    pub fn from_number(number: u32) -> Option<Code> {
        Code::ALL.get(usize::try_from(number).ok()?).copied()
    }
}
