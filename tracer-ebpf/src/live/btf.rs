//! The kernel's type information, read lazily.
//!
//! vmlinux's BTF here has 127,000 types in 5.5 MB. aya's parser builds all of them (25 ms of CPU time, release). A D
//! program asks for a handful, so this reader maps the file (0.06 ms; 1.5–6 ms to read, where the kernel can't map it),
//! notes where each type begins and what its name is (1–1.6 ms) and decodes a type when it is asked for. A name is
//! searched in the strings, which BTF holds once each, and then its offset among the types' (0.02–0.15 ms together, 0.45
//! if there is none): no hash table pays off at that.
//!
//! Modules have BTF of their own on top of vmlinux's: their types continue its numbers, each module anew. Here they are
//! renumbered one behind the other, so that every type has a number of its own.

use super::sys::Constant;
use dsl::kernel::{ArgInfo, ArgType, KMember, KType, KTypeId, TypeNs};
use memchr::memmem;
use std::io;
use std::sync::OnceLock;

const DIR: &str = "/sys/kernel/btf";

/// `BTF_KIND_*`.
pub mod kind {
    #![allow(missing_docs)]
    pub const INT: u8 = 1;
    pub const PTR: u8 = 2;
    pub const ARRAY: u8 = 3;
    pub const STRUCT: u8 = 4;
    pub const UNION: u8 = 5;
    pub const ENUM: u8 = 6;
    pub const FWD: u8 = 7;
    pub const TYPEDEF: u8 = 8;
    pub const VOLATILE: u8 = 9;
    pub const CONST: u8 = 10;
    pub const RESTRICT: u8 = 11;
    pub const FUNC: u8 = 12;
    pub const FUNC_PROTO: u8 = 13;
    pub const VAR: u8 = 14;
    pub const DATASEC: u8 = 15;
    pub const FLOAT: u8 = 16;
    pub const DECL_TAG: u8 = 17;
    pub const TYPE_TAG: u8 = 18;
    pub const ENUM64: u8 = 19;
}

/// Bytes behind the 12-byte head of a type.
fn extra(kind: u8, vlen: usize) -> Option<usize> {
    use kind::*;
    Some(match kind {
        INT | VAR | DECL_TAG => 4,
        ARRAY => 12,
        STRUCT | UNION | DATASEC | ENUM64 => vlen * 12,
        ENUM | FUNC_PROTO => vlen * 8,
        PTR | FWD | TYPEDEF | VOLATILE | CONST | RESTRICT | FUNC | FLOAT | TYPE_TAG => 0,
        _ => return None,
    })
}

/// One BTF file.
struct Blob {
    data: Constant,
    strings: std::ops::Range<usize>,
    /// Where each type's head is in `data`.
    at: Vec<u32>,
    /// Each type's name, as an offset into the strings of base and this together.
    names: Vec<u32>,
    kinds: Vec<u8>,
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

impl Blob {
    fn parse(data: Constant) -> Option<Blob> {
        // struct btf_header: u16 magic, u8 version, u8 flags, u32 hdr_len, type_off, type_len, str_off, str_len.
        if data.get(..3)? != [&0xeb9f_u16.to_ne_bytes()[..], &[1]].concat() {
            return None;
        }
        let field = |i: usize| word(&data, i * 4).map(|w| w as usize);
        let header = field(1)?;
        let types = header.checked_add(field(2)?)?;
        let types_end = types.checked_add(field(3)?)?;
        let strings = header.checked_add(field(4)?)?;
        let strings = strings..strings.checked_add(field(5)?)?;
        data.get(strings.clone())?;
        data.get(types..types_end)?;
        let count = field(3)? / 16;
        let (mut at, mut names, mut kinds) = (
            Vec::with_capacity(count),
            Vec::with_capacity(count),
            Vec::with_capacity(count),
        );
        let mut pos = types;
        while pos < types_end {
            let info = word(&data, pos + 4)?;
            let kind = (info >> 24 & 0x1f) as u8;
            at.push(u32::try_from(pos).ok()?);
            names.push(word(&data, pos)?);
            kinds.push(kind);
            pos += 12 + extra(kind, (info & 0xffff) as usize)?;
        }
        Some(Blob {
            data,
            strings,
            at,
            names,
            kinds,
        })
    }

    fn strings(&self) -> &[u8] {
        self.data.get(self.strings.clone()).unwrap_or(&[])
    }

    /// The offset of a string among this blob's own.
    fn find_string(&self, name: &str) -> Option<u32> {
        let strings = self.strings();
        let needle = [name.as_bytes(), b"\0"].concat();
        memmem::find_iter(strings, &needle)
            .find(|&i| i > 0 && strings.get(i - 1) == Some(&0))
            .and_then(|i| u32::try_from(i).ok())
    }

    fn string(&self, at: u32) -> Option<String> {
        let rest = self.strings().get(at as usize..)?;
        let end = memchr::memchr(0, rest)?;
        Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
    }
}

/// A module's blob.
struct Module {
    name: String,
    blob: Blob,
    /// Our number of its first own type.
    first: u32,
}

/// vmlinux's types and, once they are needed, the modules'.
pub struct Btf {
    base: Blob,
    modules: OnceLock<Vec<Module>>,
}

/// A type's head and what it refers to.
struct Raw<'a> {
    data: &'a [u8],
    at: usize,
    kind: u8,
    vlen: usize,
    /// Bit-fields are encoded in member offsets; an enum is signed.
    flag: bool,
    size_or_type: u32,
    module: Option<&'a Module>,
}

impl Raw<'_> {
    fn word(&self, i: usize) -> Option<u32> {
        word(self.data, self.at + 12 + 4 * i)
    }
}

impl Btf {
    /// The running kernel's.
    pub fn open() -> io::Result<Btf> {
        Btf::of(Constant::btf("vmlinux")?)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "vmlinux's BTF is not valid"))
    }

    /// Reads a file that stands for vmlinux's.
    pub fn parse(data: Vec<u8>) -> Option<Btf> {
        Btf::of(Constant::Read(data))
    }

    fn of(data: Constant) -> Option<Btf> {
        Some(Btf {
            base: Blob::parse(data)?,
            modules: OnceLock::new(),
        })
    }

    /// How many types vmlinux has, `void` (0) counted.
    fn base_count(&self) -> u32 {
        self.base.at.len() as u32 + 1
    }

    /// Modules whose BTF can't be read are left out.
    fn modules(&self) -> &[Module] {
        self.modules.get_or_init(|| {
            let mut names: Vec<String> = std::fs::read_dir(DIR)
                .into_iter()
                .flatten()
                .filter_map(|e| e.ok()?.file_name().into_string().ok())
                .filter(|n| n != "vmlinux")
                .collect();
            names.sort();
            let mut first = self.base_count();
            let mut modules = Vec::new();
            for name in names {
                let data = Constant::btf(&name).ok();
                if let Some(blob) = data.and_then(Blob::parse) {
                    let count = blob.at.len() as u32;
                    modules.push(Module { name, blob, first });
                    first = first.saturating_add(count);
                }
            }
            modules
        })
    }

    fn module_of(&self, id: u32) -> Option<&Module> {
        let modules = self.modules();
        let i = modules.partition_point(|m| m.first <= id).checked_sub(1)?;
        modules.get(i)
    }

    fn raw(&self, id: u32) -> Option<Raw<'_>> {
        let own = id.checked_sub(1)?;
        let (blob, index, module) = match self.base.at.get(own as usize) {
            Some(_) => (&self.base, own, None),
            None => {
                let m = self.module_of(id)?;
                (&m.blob, id - m.first, Some(m))
            }
        };
        let at = *blob.at.get(index as usize)? as usize;
        let info = word(&blob.data, at + 4)?;
        Some(Raw {
            data: &blob.data,
            at,
            kind: (info >> 24 & 0x1f) as u8,
            vlen: (info & 0xffff) as usize,
            flag: info >> 31 != 0,
            size_or_type: word(&blob.data, at + 8)?,
            module,
        })
    }

    /// Our number of a type that `raw` refers to.
    fn refer(&self, raw: &Raw<'_>, id: u32) -> KTypeId {
        KTypeId(match raw.module {
            Some(m) if id >= self.base_count() => m.first.saturating_add(id - self.base_count()),
            _ => id,
        })
    }

    fn string(&self, raw: &Raw<'_>, at: u32) -> Option<String> {
        let base_len = self.base.strings.len() as u32;
        match raw.module {
            Some(m) if at >= base_len => m.blob.string(at - base_len),
            _ => self.base.string(at),
        }
    }

    fn name(&self, raw: &Raw<'_>) -> Option<String> {
        self.string(raw, word(raw.data, raw.at)?)
    }

    /// The first type of that name whose kind is `wanted`, in vmlinux, then in the modules. `module` narrows it.
    pub fn find(&self, module: Option<&str>, name: &str, wanted: &[u8]) -> Option<u32> {
        if module.is_none_or(|m| m == "vmlinux")
            && let Some(at) = self.base.find_string(name)
            && let Some(i) = position(&self.base, at, wanted)
        {
            return Some(i + 1);
        }
        let base_len = self.base.strings.len() as u32;
        self.modules()
            .iter()
            .filter(|m| module.is_none_or(|wanted| wanted == m.name))
            .find_map(|m| {
                // A module's own types may have names that vmlinux's strings hold already.
                let own = m.blob.find_string(name).map(|s| s + base_len);
                let at = own.or_else(|| self.base.find_string(name))?;
                Some(m.first + position(&m.blob, at, wanted)?)
            })
    }

    /// By C's name spaces.
    pub fn type_by_name(&self, module: Option<&str>, ns: TypeNs, name: &str) -> Option<KTypeId> {
        use kind::*;
        let wanted: &[u8] = match ns {
            TypeNs::Struct => &[STRUCT],
            TypeNs::Union => &[UNION],
            TypeNs::Enum => &[ENUM, ENUM64],
            TypeNs::Plain => &[TYPEDEF, INT, FLOAT],
        };
        self.find(module, name, wanted).map(KTypeId)
    }

    /// One level of a type.
    pub fn ktype(&self, id: KTypeId) -> Option<KType> {
        use kind::*;
        if id.0 == 0 {
            return Some(KType::Void);
        }
        let t = self.raw(id.0)?;
        let name = self.name(&t)?;
        let size = t.size_or_type;
        let target = self.refer(&t, t.size_or_type);
        Some(match t.kind {
            INT => {
                let encoding = t.word(0)? >> 24 & 0xf;
                KType::Int {
                    size,
                    signed: encoding & 1 != 0,
                    // gcc's char has no char encoding.
                    char_: encoding & 2 != 0
                        || ["char", "signed char", "unsigned char"].contains(&name.as_str()),
                    bool_: encoding & 4 != 0,
                    name,
                }
            }
            FLOAT => KType::Float { name, size },
            PTR => KType::Ptr(target),
            ARRAY => KType::Array {
                elem: self.refer(&t, t.word(0)?),
                len: t.word(2)?,
            },
            STRUCT => KType::Struct {
                name,
                size,
                members: self.members(&t)?,
            },
            UNION => KType::Union {
                name,
                size,
                members: self.members(&t)?,
            },
            ENUM | ENUM64 => KType::Enum {
                name,
                size,
                signed: t.flag,
                values: self.enumerators(&t)?,
            },
            FWD => KType::Forward { name },
            TYPEDEF => KType::Typedef { name, target },
            VOLATILE => KType::Volatile(target),
            CONST => KType::Const(target),
            RESTRICT | TYPE_TAG | VAR => KType::Transparent(target),
            FUNC => self
                .ktype(target)
                .filter(|t| matches!(t, KType::Func { .. }))?,
            FUNC_PROTO => KType::Func {
                ret: target,
                params: (0..t.vlen)
                    .map(|i| {
                        let name = self.string(&t, t.word(2 * i)?)?;
                        Some((name, self.refer(&t, t.word(2 * i + 1)?)))
                    })
                    .collect::<Option<Vec<_>>>()?,
            },
            _ => return None,
        })
    }

    fn members(&self, t: &Raw<'_>) -> Option<Vec<KMember>> {
        (0..t.vlen)
            .map(|i| {
                let offset = t.word(3 * i + 2)?;
                Some(KMember {
                    name: self.string(t, t.word(3 * i)?)?,
                    ty: self.refer(t, t.word(3 * i + 1)?),
                    bit_offset: if t.flag { offset & 0xff_ffff } else { offset },
                    bit_size: if t.flag { offset >> 24 } else { 0 },
                })
            })
            .collect()
    }

    fn enumerators(&self, t: &Raw<'_>) -> Option<Vec<(String, i64)>> {
        (0..t.vlen)
            .map(|i| {
                let (name, value) = enumerator(t, i)?;
                Some((self.string(t, name)?, value))
            })
            .collect()
    }

    /// The value of an enumerator of any enum of vmlinux or, if it has none, of a module.
    pub fn enumerator(&self, name: &str) -> Option<i64> {
        let base_len = self.base.strings.len() as u32;
        let in_base = self.base.find_string(name);
        let found = in_base.and_then(|at| self.find_enumerator(&self.base, 1, at));
        found.or_else(|| {
            self.modules().iter().find_map(|m| {
                let own = m.blob.find_string(name).map(|s| s + base_len);
                self.find_enumerator(&m.blob, m.first, own.or(in_base)?)
            })
        })
    }

    fn find_enumerator(&self, blob: &Blob, first: u32, name: u32) -> Option<i64> {
        let enums = (first..).zip(&blob.kinds);
        enums
            .filter(|(_, k)| matches!(**k, kind::ENUM | kind::ENUM64))
            .filter_map(|(id, _)| self.raw(id))
            .find_map(|t| {
                (0..t.vlen)
                    .filter_map(|i| enumerator(&t, i))
                    .find(|&(n, _)| n == name)
                    .map(|(_, v)| v)
            })
    }

    /// What a function, or a pointer to one, takes and returns.
    pub fn signature(&self, id: KTypeId) -> Option<(Vec<(String, KTypeId)>, KTypeId)> {
        match self.ktype(id)? {
            KType::Func { ret, params } => Some((params, ret)),
            KType::Ptr(t) | KType::Typedef { target: t, .. } => self.signature(t),
            _ => None,
        }
    }

    /// Where a tracepoint's typed program attaches: the id within its BTF of the typedef `btf_trace_NAME`, and the module
    /// that has it, if vmlinux has not.
    pub fn tracepoint(&self, name: &str) -> Option<(u32, Option<&str>)> {
        self.target(None, &format!("btf_trace_{name}"), kind::TYPEDEF)
    }

    /// Where fentry and fexit programs of a function attach: as for a tracepoint.
    pub fn function(&self, module: Option<&str>, name: &str) -> Option<(u32, Option<&str>)> {
        self.target(module, name, kind::FUNC)
    }

    fn target(&self, module: Option<&str>, name: &str, kind: u8) -> Option<(u32, Option<&str>)> {
        let id = self.find(module, name, &[kind])?;
        match self.raw(id)?.module {
            None => Some((id, None)),
            Some(m) => Some((self.base_count() + (id - m.first), Some(&m.name))),
        }
    }

    /// Arguments of a tracepoint: those of its typedef's function behind the registration's own pointer, named as in the
    /// function that calls the probes.
    pub fn tracepoint_args(&self, name: &str) -> Option<Vec<(String, KTypeId)>> {
        let typedef = self.find(None, &format!("btf_trace_{name}"), &[kind::TYPEDEF])?;
        let (params, _) = self.signature(KTypeId(typedef))?;
        let named = self
            .find(None, &format!("__traceiter_{name}"), &[kind::FUNC])
            .and_then(|f| self.signature(KTypeId(f)))
            .map(|(p, _)| p)
            .filter(|p| p.len() == params.len());
        Some(named.unwrap_or(params).into_iter().skip(1).collect())
    }

    /// Offset in bytes of a member, by path (`se.sum_exec_runtime`); anonymous structs and unions are looked into.
    pub fn offset(&self, structure: &str, path: &str) -> Option<u32> {
        let mut ty = self.type_by_name(Some("vmlinux"), TypeNs::Struct, structure)?;
        let mut bits = 0;
        for name in path.split('.') {
            let (at, member) = self.member(ty, name, 0)?;
            bits += at;
            ty = member;
        }
        Some(bits / 8)
    }

    fn member(&self, ty: KTypeId, name: &str, depth: u32) -> Option<(u32, KTypeId)> {
        let members = match self.ktype(ty)? {
            KType::Struct { members, .. } | KType::Union { members, .. } => members,
            // No loop without end in broken data.
            KType::Const(t)
            | KType::Volatile(t)
            | KType::Transparent(t)
            | KType::Typedef { target: t, .. }
                if depth < 16 =>
            {
                return self.member(t, name, depth + 1);
            }
            _ => return None,
        };
        members.iter().find_map(|m| match m.name.as_str() {
            n if n == name => Some((m.bit_offset, m.ty)),
            "" if depth < 16 => {
                let (at, ty) = self.member(m.ty, name, depth + 1)?;
                Some((m.bit_offset + at, ty))
            }
            _ => None,
        })
    }

    /// The type of a variable.
    pub fn variable(&self, module: Option<&str>, name: &str) -> Option<KTypeId> {
        let id = self.find(module, name, &[kind::VAR])?;
        let raw = self.raw(id)?;
        Some(self.refer(&raw, raw.size_or_type))
    }

    /// The type of a symbol, a variable's or a function's.
    pub fn symbol(&self, module: &str, name: &str) -> Option<KTypeId> {
        let function = || self.find(Some(module), name, &[kind::FUNC]).map(KTypeId);
        self.variable(Some(module), name).or_else(function)
    }

    /// The arguments of a function's probes: its parameters, or the offset of the return and the value.
    pub fn function_args(&self, f: &str, module: &str, ret: bool) -> Option<Vec<ArgInfo>> {
        let id = self.find(Some(module), f, &[kind::FUNC])?;
        self.signature_args(KTypeId(id), ret)
    }

    /// The same of a function's type.
    pub fn signature_args(&self, function: KTypeId, ret: bool) -> Option<Vec<ArgInfo>> {
        let typed = |(name, ty)| ArgInfo {
            name,
            ty: ArgType::Kernel(ty),
        };
        let (params, value) = self.signature(function)?;
        if !ret {
            return Some(params.into_iter().map(typed).collect());
        }
        let mut args = vec![ArgInfo {
            name: "offset".to_owned(),
            ty: ArgType::C("unsigned long".to_owned()),
        }];
        if value != KTypeId(0) {
            args.push(typed(("ret".to_owned(), value)));
        }
        Some(args)
    }

    /// Names of vmlinux's functions.
    pub fn functions(&self) -> std::collections::HashSet<String> {
        let names = self.base.names.iter().zip(&self.base.kinds);
        names
            .filter(|(_, k)| **k == kind::FUNC)
            .filter_map(|(n, _)| self.base.string(*n))
            .collect()
    }
}

fn position(blob: &Blob, name: u32, wanted: &[u8]) -> Option<u32> {
    let all = blob.names.iter().zip(&blob.kinds);
    (0..)
        .zip(all)
        .find(|(_, (n, k))| **n == name && wanted.contains(k))
        .map(|(i, _)| i)
}

fn enumerator(t: &Raw<'_>, i: usize) -> Option<(u32, i64)> {
    Some(match t.kind {
        kind::ENUM64 => {
            let (low, high) = (t.word(3 * i + 1)?, t.word(3 * i + 2)?);
            (
                t.word(3 * i)?,
                (u64::from(high) << 32 | u64::from(low)) as i64,
            )
        }
        _ => {
            let value = t.word(2 * i + 1)?;
            let value = match t.flag {
                true => i64::from(value as i32),
                false => i64::from(value),
            };
            (t.word(2 * i)?, value)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Option<Btf> {
        Btf::open()
            .inspect_err(|e| println!("SKIP btf: no /sys/kernel/btf/vmlinux: {e}"))
            .ok()
    }

    #[test]
    fn agrees_with_ayas_parser() {
        let Some(btf) = host() else { return };
        use aya_obj::btf::{Btf as Aya, BtfKind};
        let aya = Aya::from_sys_fs().unwrap();
        let mut seen = 0;
        for (name, ours, theirs) in [
            ("task_struct", kind::STRUCT, BtfKind::Struct),
            ("file", kind::STRUCT, BtfKind::Struct),
            ("dentry", kind::STRUCT, BtfKind::Struct),
            ("sk_buff", kind::STRUCT, BtfKind::Struct),
            ("sigval", kind::UNION, BtfKind::Union),
            ("pid_type", kind::ENUM, BtfKind::Enum),
            ("pid_t", kind::TYPEDEF, BtfKind::Typedef),
            ("u64", kind::TYPEDEF, BtfKind::Typedef),
            ("btf_trace_sched_switch", kind::TYPEDEF, BtfKind::Typedef),
            ("vfs_read", kind::FUNC, BtfKind::Func),
            ("do_exit", kind::FUNC, BtfKind::Func),
            ("int", kind::INT, BtfKind::Int),
            ("unsigned long", kind::INT, BtfKind::Int),
            ("runqueues", kind::VAR, BtfKind::Var),
        ] {
            let want = aya.id_by_type_name_kind(name, theirs).ok();
            assert_eq!(btf.find(Some("vmlinux"), name, &[ours]), want, "{name}");
            seen += u32::from(want.is_some());
        }
        assert!(seen >= 12, "only {seen} of the sample are in this kernel");
    }

    #[test]
    fn types_of_this_kernel() {
        let Some(btf) = host() else { return };
        let task = btf
            .type_by_name(None, TypeNs::Struct, "task_struct")
            .unwrap();
        let Some(KType::Struct { members, size, .. }) = btf.ktype(task) else {
            panic!("not a struct")
        };
        let comm = members.iter().find(|m| m.name == "comm").unwrap();
        assert_eq!(btf.offset("task_struct", "comm"), Some(comm.bit_offset / 8));
        let Some(KType::Array { len: 16, elem }) = btf.ktype(comm.ty) else {
            panic!("comm is not char[16]")
        };
        assert!(matches!(
            btf.ktype(elem),
            Some(KType::Int {
                size: 1,
                char_: true,
                ..
            })
        ));
        assert!(btf.offset("task_struct", "se.sum_exec_runtime").unwrap() < size);
        assert_eq!(
            btf.offset("task_struct", "thread_info.status")
                .map(|o| o < 32),
            Some(true)
        );
        assert_eq!(btf.offset("task_struct", "no_such"), None);
        assert_eq!(btf.enumerator("PIDTYPE_TGID"), Some(1));
        assert_eq!(btf.enumerator("no_such_enumerator"), None);
        let args = btf.tracepoint_args("sched_switch").unwrap();
        assert!(args.len() >= 3);
        assert_eq!(args[1].0, "prev");
        let Some(KType::Ptr(t)) = btf.ktype(args[1].1) else {
            panic!("prev is no pointer")
        };
        assert_eq!(t, task);
        let (params, _) = btf
            .signature(KTypeId(btf.function(None, "vfs_read").unwrap().0))
            .unwrap();
        assert_eq!(params[0].0, "file");
    }

    #[test]
    fn every_type_decodes() {
        let Some(btf) = host() else { return };
        let start = std::time::Instant::now();
        let mut undecoded = 0;
        for id in 1..btf.base_count() {
            let other = matches!(
                btf.base.kinds[id as usize - 1],
                kind::DATASEC | kind::DECL_TAG
            );
            undecoded += u32::from(btf.ktype(KTypeId(id)).is_none() && !other);
        }
        println!("{} types in {:?}", btf.base_count(), start.elapsed());
        assert_eq!(undecoded, 0);
        assert_eq!(btf.ktype(KTypeId(u32::MAX)), None);
    }

    #[test]
    fn broken_data_is_refused() {
        assert!(Btf::parse(Vec::new()).is_none());
        let mut data = vec![0; 24];
        data[..2].copy_from_slice(&0xeb9f_u16.to_ne_bytes());
        data[2] = 1;
        data[4] = 24;
        assert!(Btf::parse(data.clone()).is_some());
        for i in 4..24 {
            let mut bad = data.clone();
            bad[i] = 0xff;
            if let Some(btf) = Btf::parse(bad) {
                btf.ktype(KTypeId(1));
                btf.find(None, "x", &[kind::INT]);
            }
        }
    }
}
