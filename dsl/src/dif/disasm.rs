//! DIF as text: the listing that `dtrace -S` prints, in DTrace's own form, and the text that [`super::asm`] reads back.

use std::fmt::Write;

use crate::dif::op::{PUSH_STRING, VAR_USER};
use crate::dif::{BuiltinVar, Insn, Op, Shape, Subr, interp::is_string};
use crate::program::{DifType, Difo, KeyType, Scope, SymKind, VarDef};

/// The listing of one DIFO. `addr` is what stands in its heading (DTrace prints the object's address; any number that tells
/// the DIFOs of a listing apart does); `strsize` is shown as the size of strings.
pub fn listing(difo: &Difo, vars: &[VarDef], addr: u64, strsize: u32) -> String {
    let mut out = format!(
        "DIFO {addr:#x} returns {}\n",
        type_text(difo.rtype, strsize)
    );
    let _ = writeln!(out, "{:<3} {:<8}    INSTRUCTION", "OFF", "OPCODE");
    for (at, &word) in difo.text.iter().enumerate() {
        let _ = writeln!(
            out,
            "{at:02}: {word:08x}    {}",
            insn_text(word, difo, vars)
        );
    }
    let used = used_vars(difo);
    if !used.is_empty() {
        out.push('\n');
        let _ = writeln!(
            out,
            "{:<16} {:<4} {:<3} {:<3} {:<4} TYPE",
            "NAME", "ID", "KND", "SCP", "FLAG"
        );
    }
    for (id, flags) in used {
        let (name, kind, scope, ty) = describe(id, vars, strsize);
        let flags = ["", "r", "w", "r/w"].get(flags).unwrap_or(&"");
        let _ = writeln!(
            out,
            "{name:<16} {id:<4x} {kind:<3} {scope:<3} {flags:<4} {ty}"
        );
    }
    out
}

/// Text that assembles to the same DIFO and variables: directives, then the instructions.
pub fn to_asm(difo: &Difo, vars: &[VarDef]) -> String {
    let mut out = String::new();
    for v in vars {
        let scope = scope_name(v.scope);
        let _ = write!(
            out,
            ".var {} {:#x} {scope} {}",
            v.name,
            v.id,
            short_type(v.ty)
        );
        for key in &v.tuple {
            let _ = write!(out, " {}", key_text(key));
        }
        out.push('\n');
    }
    let _ = writeln!(out, ".ret {}", short_type(difo.rtype));
    for v in &difo.inttab {
        let _ = writeln!(out, ".int {v:#x}");
    }
    let body = difo.strtab.strip_suffix(&[0]).unwrap_or(&difo.strtab);
    for s in body.split(|&b| b == 0).skip(1) {
        let _ = writeln!(out, ".str {}", quote(s));
    }
    for &word in &difo.text {
        let _ = writeln!(out, "    {}", insn_text(word, difo, vars));
    }
    out
}

/// One instruction without its columns. An unknown opcode gives `.word`.
pub fn insn_text(word: u32, difo: &Difo, vars: &[VarDef]) -> String {
    let Some(i) = Insn::decode(word) else {
        return format!(".word {word:#010x}");
    };
    let (name, r1, r2, rd, imm) = (i.op.name(), i.r1, i.r2, i.rd, i.imm16());
    match i.op.shape() {
        Shape::R3 => format!("{name:<4} %r{r1}, %r{r2}, %r{rd}"),
        Shape::R2 if is_load(i.op) => format!("{name:<4} [%r{r1}], %r{rd}"),
        Shape::R2 => format!("{name:<4} %r{r1}, %r{rd}"),
        Shape::Cmp => format!("{name:<4} %r{r1}, %r{r2}"),
        Shape::Tst => format!("{name:<4} %r{r1}"),
        Shape::Store => format!("{name:<4} %r{r1}, [%r{rd}]"),
        Shape::Label => format!("{name:<4} {}", i.label()),
        Shape::Ret => format!("{name:<4} %r{rd}"),
        Shape::None => name.to_string(),
        Shape::SetX => {
            let text = format!("{name:<4} DT_INTEGER[{imm}], %r{rd}");
            match difo.inttab.get(usize::from(imm)) {
                Some(v) => format!("{text}\t\t! {v:#x}"),
                None => text,
            }
        }
        Shape::SetS => {
            let text = format!("{name:<4} DT_STRING[{imm}], %r{rd}");
            match difo
                .strtab
                .get(usize::from(imm)..)
                .and_then(|t| t.split(|&b| b == 0).next())
            {
                Some(s) => format!("{text}\t\t! {}", quote(s)),
                None => text,
            }
        }
        Shape::LoadVar => {
            format!(
                "{name:<4} DT_VAR({imm}), %r{rd}\t\t! DT_VAR({imm}) = \"{}\"",
                var_name(imm, vars)
            )
        }
        Shape::StoreVar => {
            format!(
                "{name:<4} %r{rd}, DT_VAR({imm})\t\t! DT_VAR({imm}) = \"{}\"",
                var_name(imm, vars)
            )
        }
        Shape::LoadArray => {
            let id = u16::from(r1);
            format!(
                "{name:<4} DT_VAR({id}), %r{r2}, %r{rd}\t! DT_VAR({id}) = \"{}\"",
                var_name(id, vars)
            )
        }
        Shape::Call => {
            let subr = Subr::from_num(imm).map_or("?", Subr::name);
            format!("{name:<4} DIF_SUBR({imm}), %r{rd}\t\t! {subr}")
        }
        Shape::Push => {
            let kind = if r1 == PUSH_STRING {
                "string"
            } else {
                "D type"
            };
            let size = if r2 == 0 {
                String::new()
            } else {
                format!("%r{r2}, ")
            };
            format!("{name:<4} DT_TYPE({r1}), {size}%r{rd}\t! DT_TYPE({r1}) = {kind}")
        }
        Shape::Xlate => format!("{name:<4} DT_XLREF[{imm}], %r{rd}"),
    }
}

/// Whether the source operand is written as an address.
pub(super) fn is_load(op: Op) -> bool {
    op.shape() == Shape::R2 && !matches!(op, Op::Not | Op::Mov | Op::Allocs)
}

/// The variables that the code names, by id; bit 0 loaded, bit 1 stored.
fn used_vars(difo: &Difo) -> Vec<(u16, usize)> {
    let mut used = std::collections::BTreeMap::new();
    for i in difo.text.iter().filter_map(|&w| Insn::decode(w)) {
        match i.op.shape() {
            Shape::LoadVar => *used.entry(i.imm16()).or_default() |= 1,
            Shape::StoreVar => *used.entry(i.imm16()).or_default() |= 2,
            Shape::LoadArray => *used.entry(u16::from(i.r1)).or_default() |= 1,
            _ => {}
        }
    }
    used.into_iter().collect()
}

fn var_name(id: u16, vars: &[VarDef]) -> &str {
    match BuiltinVar::from_num(id) {
        Some(b) => b.name(),
        None => vars.iter().find(|v| v.id == id).map_or("?", |v| &v.name),
    }
}

fn describe(
    id: u16,
    vars: &[VarDef],
    strsize: u32,
) -> (String, &'static str, &'static str, String) {
    let name = var_name(id, vars).to_string();
    if let Some(v) = vars.iter().find(|v| v.id == id && id >= VAR_USER) {
        let kind = if v.tuple.is_empty() { "scl" } else { "arr" };
        let scope = match v.scope {
            Scope::Global => "glb",
            Scope::Thread => "tls",
            Scope::Clause => "loc",
        };
        return (name, kind, scope, type_text(v.ty, strsize));
    }
    let kind = if id < 0x100 { "arr" } else { "scl" };
    let ty = match BuiltinVar::from_num(id) {
        Some(b) if is_string(b) => type_text(DifType::Str, strsize),
        Some(b) => builtin_type(b).to_string(),
        None => "D type (unknown) (size 0)".to_string(),
    };
    (name, kind, "glb", ty)
}

fn builtin_type(b: BuiltinVar) -> &'static str {
    use BuiltinVar::*;
    match b {
        Args => "D type (unknown) (size 0)",
        Curthread => "D type (pointer) (size 8)",
        Ipl | Epid | Id | Stackdepth | Ustackdepth | Pid | Tid | Ppid | Uid | Gid | Errno | Cpu => {
            "D type (integer) (size 4)"
        }
        _ => "D type (integer) (size 8)",
    }
}

fn type_text(ty: DifType, strsize: u32) -> String {
    match ty {
        DifType::Int { size, .. } => format!("D type (integer) (size {size})"),
        DifType::Str => format!("string (unknown) by ref (size {strsize})"),
        DifType::Bytes { size } => format!("D type (unknown) by ref (size {size})"),
        DifType::Void => "D type (integer) (size 0)".to_string(),
    }
}

pub(super) fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "global",
        Scope::Thread => "thread",
        Scope::Clause => "clause",
    }
}

/// The assembler's name of a type: `i32`, `u8`, `str`, `bytes(16)`, `void`.
fn short_type(ty: DifType) -> String {
    match ty {
        DifType::Int { size, signed } => int_text(size, signed),
        DifType::Str => "str".to_string(),
        DifType::Bytes { size } => format!("bytes({size})"),
        DifType::Void => "void".to_string(),
    }
}

fn int_text(size: u8, signed: bool) -> String {
    format!("{}{}", if signed { 'i' } else { 'u' }, u32::from(size) * 8)
}

fn key_text(key: &KeyType) -> String {
    match key {
        KeyType::Int { size, signed } => int_text(*size, *signed),
        KeyType::Str => "str".to_string(),
        KeyType::Bytes { size } => format!("bytes({size})"),
        KeyType::Stack { frames } => format!("stack({frames})"),
        KeyType::Ustack { frames } => format!("ustack({frames})"),
        KeyType::Sym(kind) => sym_name(*kind).to_string(),
    }
}

pub(super) fn sym_name(kind: SymKind) -> &'static str {
    match kind {
        SymKind::Sym => "sym",
        SymKind::Mod => "mod",
        SymKind::Usym => "usym",
        SymKind::Umod => "umod",
        SymKind::Uaddr => "uaddr",
    }
}

/// A string with what is not printable escaped, as the assembler reads it.
fn quote(s: &[u8]) -> String {
    let mut out = String::from("\"");
    for &b in s {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(b));
            }
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(b)),
            _ => {
                let _ = write!(out, "\\x{b:02x}");
            }
        }
    }
    out.push('"');
    out
}
