//! The ELF object that aya's loader wants, made in memory from an image's programs.
//!
//! Each program has a section of its own, named after its type; its subprograms are in `.text`, because aya takes every
//! function outside it for a program. Calls and references from one to the other are relocations. Map descriptors are in
//! the code already, so the object has no maps and no relocations for them.

use super::funcs::{self, Types};
use crate::image::{Insn, PSEUDO_CALL, PSEUDO_FUNC, Prog, ProgKind};
use aya_obj::btf::Btf;
use object::write::{Object, Relocation, StandardSection, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope,
};
use std::collections::BTreeMap;

/// `call`.
const CALL: u8 = 0x85;
/// `ld_imm64`, first half.
const LD_IMM64: u8 = 0x18;
/// Relocations: of an address in a pair of instructions, of a call.
const R_BPF_64_64: u32 = 1;
const R_BPF_64_32: u32 = 10;

/// The section names that tell aya the type of a program. `None`: not loaded from an ELF.
fn section_type(kind: &ProgKind) -> Option<&'static str> {
    Some(match kind {
        ProgKind::TestRun { .. } => return None,
        ProgKind::RawTracepoint { .. } => "raw_tp",
        ProgKind::BtfTracepoint { .. } => "tp_btf",
        ProgKind::Kprobe { ret: false, .. } => "kprobe",
        ProgKind::Kprobe { ret: true, .. } => "kretprobe",
        // aya has no type for it: loaded by hand.
        ProgKind::KprobeMulti { .. } => return None,
        ProgKind::Fentry { ret: false, .. } => "fentry",
        ProgKind::Fentry { ret: true, .. } => "fexit",
        ProgKind::Timer { .. } => "perf_event",
    })
}

/// Writes the object. `progs` are the programs that go into it, with names that differ and code that names map
/// descriptors.
pub fn write(progs: &[(&str, &Prog, &[Insn])]) -> Result<Vec<u8>, String> {
    let mut obj = Object::new(
        BinaryFormat::Elf,
        Architecture::Bpf,
        match cfg!(target_endian = "big") {
            true => Endianness::Big,
            false => Endianness::Little,
        },
    );
    let license = obj.add_section(Vec::new(), b"license".to_vec(), SectionKind::Data);
    obj.append_section_data(license, b"GPL\0", 1);
    let text = obj.section_id(StandardSection::Text);
    let mut types = progs
        .iter()
        .any(|(_, prog, _)| funcs::needed(prog))
        .then(Types::new);
    let mut infos = BTreeMap::new();
    for (name, prog, insns) in progs {
        let Some(ty) = section_type(&prog.kind) else {
            continue;
        };
        let functions = functions(prog, insns.len());
        let (_, main_end) = functions.first().copied().unwrap_or((0, insns.len()));
        let (main, subs) = insns
            .split_at_checked(main_end)
            .ok_or("a subprogram beyond the end")?;
        let section_name = format!("{ty}/{name}");
        let section = obj.add_section(
            Vec::new(),
            section_name.clone().into_bytes(),
            SectionKind::Text,
        );
        obj.append_section_data(section, &bytes(main), 8);
        let sub_base = obj.append_section_data(text, &bytes(subs), 8);
        let types = types.as_mut().map_or(Vec::new(), |t| t.of(prog));
        let mut symbols = Vec::new();
        for (i, &(start, end)) in functions.iter().enumerate() {
            let (name, section, value) = match i {
                0 => ((*name).to_owned(), section, 0),
                _ => {
                    let at = start
                        .checked_sub(main_end)
                        .ok_or("subprograms out of order")?;
                    (format!("{name}.{i}"), text, sub_base + at as u64 * 8)
                }
            };
            if let Some(&ty) = types.get(i) {
                let section = match i {
                    0 => section_name.clone(),
                    _ => ".text".to_owned(),
                };
                let infos: &mut Vec<[u32; 2]> = infos.entry(section).or_default();
                infos.push([value as u32, ty]);
            }
            symbols.push(obj.add_symbol(Symbol {
                name: name.into_bytes(),
                value,
                size: end.saturating_sub(start) as u64 * 8,
                kind: SymbolKind::Text,
                scope: SymbolScope::Dynamic,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            }));
        }
        for (at, insn) in insns.iter().enumerate() {
            let Some(r_type) = reference(insn) else {
                continue;
            };
            let target = callee(prog, at, insn).ok_or("a reference to no subprogram")?;
            let symbol = *symbols
                .get(target + 1)
                .ok_or("a reference to no subprogram")?;
            let (section, offset) = match at.checked_sub(main_end) {
                None => (section, at as u64 * 8),
                Some(at) => (text, sub_base + at as u64 * 8),
            };
            obj.add_relocation(
                section,
                Relocation {
                    offset,
                    symbol,
                    addend: 0,
                    flags: RelocationFlags::Elf { r_type },
                },
            )
            .map_err(|e| e.to_string())?;
        }
    }
    if let Some(mut types) = types {
        let ext = func_info(&mut types.btf, &infos);
        for (name, bytes) in [(".BTF", types.btf.to_bytes()), (".BTF.ext", ext)] {
            let section = obj.add_section(Vec::new(), name.into(), SectionKind::Other);
            obj.append_section_data(section, &bytes, 4);
        }
    }
    obj.write().map_err(|e| e.to_string())
}

/// `.BTF.ext` (Documentation/bpf/btf.rst, 4.2): for each section the functions in it, by their offset in bytes, with their types.
fn func_info(btf: &mut Btf, infos: &BTreeMap<String, Vec<[u32; 2]>>) -> Vec<u8> {
    const HEADER: u32 = 24;
    let mut records = vec![size_of::<[u32; 2]>() as u32];
    for (section, infos) in infos {
        records.extend([btf.add_string(section), infos.len() as u32]);
        records.extend(infos.iter().flatten());
    }
    let len = records.len() as u32 * 4;
    let mut out = Vec::new();
    // Magic, version, flags.
    out.extend(0xeb9f_u16.to_ne_bytes());
    out.extend([1, 0]);
    // The header's length, then where functions and lines are, behind it. There are no lines.
    for word in [HEADER, 0, len, len, 0].iter().chain(&records) {
        out.extend(word.to_ne_bytes());
    }
    out
}

/// Code as bytes.
pub fn bytes(insns: &[Insn]) -> Vec<u8> {
    let mut out = Vec::with_capacity(insns.len() * 8);
    for i in insns {
        out.extend([i.code, i.regs]);
        out.extend(i.off.to_ne_bytes());
        out.extend(i.imm.to_ne_bytes());
    }
    out
}

/// Where each function begins and ends: the main program, then the subprograms.
fn functions(prog: &Prog, len: usize) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    starts.extend(prog.subprogs.iter().map(|s| s.start as usize));
    let ends = starts.iter().skip(1).copied().chain([len]);
    starts.iter().copied().zip(ends).collect()
}

/// The relocation that an instruction needs, if it calls a subprogram or takes its address.
fn reference(insn: &Insn) -> Option<u32> {
    match (insn.code, insn.regs >> 4) {
        (CALL, PSEUDO_CALL) => Some(R_BPF_64_32),
        (LD_IMM64, PSEUDO_FUNC) => Some(R_BPF_64_64),
        _ => None,
    }
}

/// The subprogram that an instruction calls or refers to, as an index into `Prog::subprogs`.
fn callee(prog: &Prog, at: usize, insn: &Insn) -> Option<usize> {
    let refers = reference(insn).is_some();
    let target = (at as i64)
        .checked_add(1)?
        .checked_add(i64::from(insn.imm))?;
    refers
        .then(|| {
            prog.subprogs
                .iter()
                .position(|s| i64::from(s.start) == target)
        })
        .flatten()
}

/// Our instruction for each one that the kernel saw. aya puts subprograms behind the main program in the order in which
/// calls first meet them, which need not be ours.
pub fn kernel_order(prog: &Prog, insns: &[Insn]) -> Vec<usize> {
    let functions = functions(prog, insns.len());
    let mut order = Vec::new();
    let mut linked = vec![false; functions.len()];
    link(prog, insns, &functions, 0, &mut linked, &mut order);
    order
}

fn link(
    prog: &Prog,
    insns: &[Insn],
    functions: &[(usize, usize)],
    which: usize,
    linked: &mut [bool],
    order: &mut Vec<usize>,
) {
    let (Some(&(start, end)), Some(seen)) = (functions.get(which), linked.get_mut(which)) else {
        return;
    };
    if std::mem::replace(seen, true) {
        return;
    }
    order.extend(start..end);
    for at in start..end {
        if let Some(c) = insns.get(at).and_then(|i| callee(prog, at, i)) {
            link(prog, insns, functions, c + 1, linked, order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Subprog;

    fn insn(code: u8, regs: u8, imm: i32) -> Insn {
        Insn {
            code,
            regs,
            off: 0,
            imm,
        }
    }

    /// main: call b; call a; exit. a: exit. b: call a; exit.
    fn sample() -> Prog {
        Prog {
            name: "t".to_owned(),
            kind: ProgKind::RawTracepoint {
                name: "sys_enter".to_owned(),
            },
            probes: vec![0],
            insns: vec![
                insn(CALL, 0x10, 3),
                insn(CALL, 0x10, 1),
                insn(0x95, 0, 0),
                insn(0x95, 0, 0),
                insn(CALL, 0x10, -2),
                insn(0x95, 0, 0),
            ],
            subprogs: [(3, "a"), (4, "b")]
                .map(|(start, name)| Subprog {
                    start,
                    name: name.to_owned(),
                    global: name == "b",
                })
                .to_vec(),
            called: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn aya_links_in_the_order_that_we_say() {
        let prog = sample();
        let elf = write(&[("t", &prog, &prog.insns)]).unwrap();
        let mut obj = aya_obj::Object::parse(&elf).unwrap();
        let sections = obj.functions.keys().map(|(s, _)| *s).collect();
        obj.relocate_calls(&sections).unwrap();
        assert!(obj.programs.contains_key("t"));
        let p = &obj.programs["t"];
        let linked = &obj.functions[&p.function_key()].instructions;
        assert_eq!(kernel_order(&prog, &prog.insns), [0, 1, 2, 4, 5, 3]);
        let calls: Vec<i32> = linked.iter().map(|i| i.imm).collect();
        // b is at 3, a at 5.
        assert_eq!(calls, [2, 3, 0, 1, 0, 0]);
        // So do the types.
        let p = &obj.functions[&obj.programs["t"].function_key()];
        let starts: Vec<u32> = p.func_info.func_info.iter().map(|i| i.insn_off).collect();
        assert_eq!(starts, [0, 3, 5]);
    }
}
