//! The assembler: DIF from text, for tests, for hand-written programs, and for replaying what a fuzzer found.
//!
//! It reads what [`super::disasm`] writes, `dtrace -S` listings included (columns and comments are skipped), and is kinder to
//! people: `setx 5, %r1` and `sets "cat", %r1` find or make the table entry, variables and subroutines go by name, branches
//! by label.
//!
//! ```text
//! .var x 0x500 global i64 i32 str    ! name, id, scope, type, types of the key
//! .ret i64                           ! i8…u64, str, bytes(N), void; i64 if absent
//! .int 0xff                          ! next entry of the integer table
//! .str "cat"                         ! next string of the string table
//!     ldgs execname, %r1
//!     sets "cat", %r2
//!     scmp %r1, %r2
//!     be   yes
//!     ret  %r0
//! yes:
//!     setx 1, %r1
//!     ret  %r1
//! ```

use std::collections::HashMap;

use crate::dif::disasm::{is_load, scope_name, sym_name};
use crate::dif::{BuiltinVar, Insn, Op, Shape, Subr};
use crate::program::{DifType, Difo, KeyType, Scope, SymKind, VarDef};

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct AsmError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

/// Assembles one DIFO and the variables that it declares. The result is not verified.
pub fn assemble(text: &str) -> Result<(Difo, Vec<VarDef>), AsmError> {
    let mut a = Asm {
        difo: Difo {
            text: Vec::new(),
            inttab: Vec::new(),
            strtab: vec![0],
            rtype: DifType::Int {
                size: 8,
                signed: true,
            },
            spans: Vec::new(),
        },
        vars: Vec::new(),
        labels: HashMap::new(),
        fixups: Vec::new(),
    };
    for (n, line) in text.lines().enumerate() {
        a.line(line, n + 1)
            .map_err(|text| AsmError { line: n + 1, text })?;
    }
    for (at, line, label) in std::mem::take(&mut a.fixups) {
        let to = a.labels.get(&label).copied();
        let to = to.ok_or(AsmError {
            line,
            text: format!("no label {label}"),
        })?;
        if let Some(word) = a.difo.text.get_mut(at) {
            *word |= to;
        }
    }
    Ok((a.difo, a.vars))
}

struct Asm {
    difo: Difo,
    vars: Vec<VarDef>,
    labels: HashMap<String, u32>,
    /// Instruction, line, label.
    fixups: Vec<(usize, usize, String)>,
}

type Res<T> = Result<T, String>;

impl Asm {
    fn line(&mut self, line: &str, n: usize) -> Res<()> {
        let mut rest = code(line).trim();
        // Headings of a listing, and its table of variables.
        if rest.starts_with("DIFO ") || rest.starts_with("OFF ") || is_var_row(rest) {
            return Ok(());
        }
        while let Some((word, tail)) = rest.split_once(':')
            && is_name(word)
        {
            if word.bytes().any(|b| !b.is_ascii_digit()) {
                let here = self.difo.text.len() as u32;
                if self.labels.insert(word.to_string(), here).is_some() {
                    return Err(format!("label {word} is there twice"));
                }
            }
            rest = tail.trim();
        }
        let (mut head, mut tail) = first_word(rest);
        if head.len() == 8 && head.bytes().all(|b| b.is_ascii_hexdigit()) {
            (head, tail) = first_word(tail);
        }
        match head {
            "" => Ok(()),
            ".var" => self.var(tail),
            ".ret" => {
                self.difo.rtype = dif_type(tail).ok_or_else(|| format!("no type {tail}"))?;
                Ok(())
            }
            ".int" => {
                self.difo.inttab.push(number(tail)?);
                Ok(())
            }
            ".str" => {
                let s = unquote(tail)?;
                self.difo.strtab.extend_from_slice(&s);
                self.difo.strtab.push(0);
                Ok(())
            }
            ".word" => {
                let w =
                    u32::try_from(number(tail)?).map_err(|_| "more than 32 bits".to_string())?;
                self.difo.text.push(w);
                Ok(())
            }
            _ => self.insn(head, tail, n),
        }
    }

    fn insn(&mut self, name: &str, tail: &str, line: usize) -> Res<()> {
        let op = Op::ALL.iter().copied().find(|op| op.name() == name);
        let op = op.ok_or_else(|| format!("no instruction {name}"))?;
        let args = operands(tail);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let insn = match (op.shape(), args.as_slice()) {
            (Shape::R3, [a, b, c]) => Insn::r(op, reg(a)?, reg(b)?, reg(c)?),
            (Shape::R2, [a, b]) if is_load(op) => Insn::r(op, addr(a)?, 0, reg(b)?),
            (Shape::R2, [a, b]) => Insn::r(op, reg(a)?, 0, reg(b)?),
            (Shape::Cmp, [a, b]) => Insn::r(op, reg(a)?, reg(b)?, 0),
            (Shape::Tst, [a]) => Insn::r(op, reg(a)?, 0, 0),
            (Shape::Store, [a, b]) => Insn::r(op, reg(a)?, 0, addr(b)?),
            (Shape::Label, [a]) => match a.parse::<u32>() {
                Ok(n) if n < 1 << 24 => Insn::branch(op, n),
                _ if is_name(a) => {
                    self.fixups
                        .push((self.difo.text.len(), line, a.to_string()));
                    Insn::branch(op, 0)
                }
                _ => return Err(format!("no label: {a}")),
            },
            (Shape::Ret, [a]) => Insn::r(op, 0, 0, reg(a)?),
            (Shape::None, []) => Insn::r(op, 0, 0, 0),
            (Shape::SetX, [a, b]) => Insn::wide(op, self.integer(a)?, reg(b)?),
            (Shape::SetS, [a, b]) => Insn::wide(op, self.string(a)?, reg(b)?),
            (Shape::LoadVar, [a, b]) => Insn::wide(op, self.var_id(a)?, reg(b)?),
            (Shape::StoreVar, [a, b]) => Insn::wide(op, self.var_id(b)?, reg(a)?),
            (Shape::LoadArray, [a, b, c]) => {
                let id = u8::try_from(self.var_id(a)?).map_err(|_| format!("{a} is no array"))?;
                Insn::r(op, id, reg(b)?, reg(c)?)
            }
            (Shape::Call, [a, b]) => Insn::wide(op, subr(a)?, reg(b)?),
            (Shape::Push, [a, b]) => Insn::r(op, push_type(a)?, 0, reg(b)?),
            (Shape::Push, [a, b, c]) => Insn::r(op, push_type(a)?, reg(b)?, reg(c)?),
            (Shape::Xlate, [a, b]) => Insn::wide(op, inside(a, "DT_XLREF[", "]")?, reg(b)?),
            _ => return Err(format!("{name} does not take {} operands", args.len())),
        };
        self.difo.text.push(insn.encode());
        Ok(())
    }

    fn var(&mut self, tail: &str) -> Res<()> {
        let mut words = tail.split_whitespace();
        let mut next = |what: &str| words.next().ok_or_else(|| format!(".var without {what}"));
        let name = next("name")?.to_string();
        let id = u16::try_from(number(next("id")?)?).map_err(|_| "id too large".to_string())?;
        let scope = next("scope")?;
        let scope = [Scope::Global, Scope::Thread, Scope::Clause]
            .into_iter()
            .find(|s| scope_name(*s) == scope)
            .ok_or_else(|| format!("no scope {scope}"))?;
        let ty = next("type")?;
        let ty = dif_type(ty).ok_or_else(|| format!("no type {ty}"))?;
        let tuple = words
            .map(|w| key_type(w).ok_or_else(|| format!("no type {w}")))
            .collect::<Res<Vec<_>>>()?;
        self.vars.push(VarDef {
            id,
            name,
            scope,
            tuple,
            ty,
        });
        Ok(())
    }

    /// `DT_INTEGER[n]`, or a value.
    fn integer(&mut self, s: &str) -> Res<u16> {
        if s.starts_with("DT_INTEGER[") {
            return inside(s, "DT_INTEGER[", "]");
        }
        let v = number(s)?;
        let at = self
            .difo
            .inttab
            .iter()
            .position(|&x| x == v)
            .unwrap_or_else(|| {
                self.difo.inttab.push(v);
                self.difo.inttab.len() - 1
            });
        u16::try_from(at).map_err(|_| "integer table full".to_string())
    }

    /// `DT_STRING[offset]`, or a quoted string.
    fn string(&mut self, s: &str) -> Res<u16> {
        if s.starts_with("DT_STRING[") {
            return inside(s, "DT_STRING[", "]");
        }
        let s = unquote(s)?;
        let at = intern(&mut self.difo.strtab, &s);
        u16::try_from(at).map_err(|_| "string table full".to_string())
    }

    /// `DT_VAR(n)`, a number, or a name: the text's own variables before the built-in ones.
    fn var_id(&self, s: &str) -> Res<u16> {
        if s.starts_with("DT_VAR(") {
            return inside(s, "DT_VAR(", ")");
        }
        if let Some(v) = self.vars.iter().find(|v| v.name == s) {
            return Ok(v.id);
        }
        if let Some(b) = BuiltinVar::ALL.iter().find(|b| b.name() == s) {
            return Ok(*b as u16);
        }
        number(s)
            .ok()
            .and_then(|n| u16::try_from(n).ok())
            .ok_or_else(|| format!("no variable {s}"))
    }
}

/// Offset of the string `s` in a string table, which gets it where it has none.
pub(super) fn intern(strtab: &mut Vec<u8>, s: &[u8]) -> usize {
    let mut at = 0;
    let body = strtab.strip_suffix(&[0]).unwrap_or(strtab);
    for old in body.split(|&b| b == 0) {
        if old == s {
            return at;
        }
        at += old.len() + 1;
    }
    let at = strtab.len();
    strtab.extend_from_slice(s);
    strtab.push(0);
    at
}

/// A line without its comment.
fn code(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '!' if !quoted => return line.get(..at).unwrap_or(line),
            _ => {}
        }
    }
    line
}

/// The part after the opcode, at its commas.
fn operands(s: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in s.chars() {
        match c {
            ',' if !quoted => {
                out.push(String::new());
                continue;
            }
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    if s.trim().is_empty() {
        return Vec::new();
    }
    out.iter().map(|s| s.trim().to_string()).collect()
}

fn first_word(s: &str) -> (&str, &str) {
    let s = s.trim();
    match s.split_once(char::is_whitespace) {
        Some((a, b)) => (a, b.trim()),
        None => (s, ""),
    }
}

fn is_name(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A row of a listing's variable table: NAME ID KND SCP FLAG TYPE.
fn is_var_row(s: &str) -> bool {
    let words: Vec<&str> = s.split_whitespace().collect();
    matches!(
        words.as_slice(),
        [
            _,
            _,
            "KND" | "arr" | "scl",
            "SCP" | "glb" | "tls" | "loc",
            ..
        ]
    )
}

fn reg(s: &str) -> Res<u8> {
    let n = s.strip_prefix("%r").and_then(|n| n.parse().ok());
    n.ok_or_else(|| format!("no register: {s}"))
}

fn addr(s: &str) -> Res<u8> {
    let inner = s.strip_prefix('[').and_then(|s| s.strip_suffix(']'));
    reg(inner.ok_or_else(|| format!("not an address: {s}"))?.trim())
}

fn inside(s: &str, before: &str, after: &str) -> Res<u16> {
    let n = s.strip_prefix(before).and_then(|s| s.strip_suffix(after));
    n.and_then(|n| n.parse().ok())
        .ok_or_else(|| format!("malformed: {s}"))
}

fn push_type(s: &str) -> Res<u8> {
    match s {
        "int" => return Ok(crate::dif::op::PUSH_INT),
        "str" => return Ok(crate::dif::op::PUSH_STRING),
        _ => {}
    }
    u8::try_from(inside(s, "DT_TYPE(", ")")?).map_err(|_| format!("no type: {s}"))
}

fn subr(s: &str) -> Res<u16> {
    if s.starts_with("DIF_SUBR(") {
        return inside(s, "DIF_SUBR(", ")");
    }
    if let Some(subr) = Subr::ALL.iter().find(|x| x.name() == s) {
        return Ok(*subr as u16);
    }
    s.parse().map_err(|_| format!("no subroutine {s}"))
}

/// Decimal or `0x`; a minus gives the two's complement.
fn number(s: &str) -> Res<u64> {
    let s = s.trim();
    let (neg, digits) = match s.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, s),
    };
    let v = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse::<u64>(),
    };
    let v = v.map_err(|_| format!("no number: {s}"))?;
    Ok(if neg { v.wrapping_neg() } else { v })
}

/// `name(N)`.
fn sized<T: std::str::FromStr>(s: &str, name: &str) -> Option<T> {
    s.strip_prefix(name)?
        .strip_prefix('(')?
        .strip_suffix(')')?
        .parse()
        .ok()
}

fn int_type(s: &str) -> Option<(u8, bool)> {
    let signed = s.starts_with('i');
    let bits: u8 = s.strip_prefix(['i', 'u'])?.parse().ok()?;
    matches!(bits, 8 | 16 | 32 | 64).then_some((bits / 8, signed))
}

fn dif_type(s: &str) -> Option<DifType> {
    match s {
        "str" => Some(DifType::Str),
        "void" => Some(DifType::Void),
        _ => sized(s, "bytes")
            .map(|size| DifType::Bytes { size })
            .or_else(|| int_type(s).map(|(size, signed)| DifType::Int { size, signed })),
    }
}

fn key_type(s: &str) -> Option<KeyType> {
    use SymKind::*;
    if let Some(kind) = [Sym, Mod, Usym, Umod, Uaddr]
        .into_iter()
        .find(|k| sym_name(*k) == s)
    {
        return Some(KeyType::Sym(kind));
    }
    if s == "str" {
        return Some(KeyType::Str);
    }
    sized(s, "bytes")
        .map(|size| KeyType::Bytes { size })
        .or_else(|| sized(s, "stack").map(|frames| KeyType::Stack { frames }))
        .or_else(|| sized(s, "ustack").map(|frames| KeyType::Ustack { frames }))
        .or_else(|| int_type(s).map(|(size, signed)| KeyType::Int { size, signed }))
}

/// A quoted string: `\n \t \\ \" \xNN`; no NUL.
fn unquote(s: &str) -> Res<Vec<u8>> {
    let inner = s.trim().strip_prefix('"').and_then(|s| s.strip_suffix('"'));
    let inner = inner.ok_or_else(|| format!("no string: {s}"))?;
    let mut out = Vec::new();
    let mut bytes = inner.bytes();
    while let Some(b) = bytes.next() {
        let b = match b {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'x') => {
                    let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                    match (digit(), digit()) {
                        (Some(hi), Some(lo)) => (hi * 16 + lo) as u8,
                        _ => return Err("malformed \\x".to_string()),
                    }
                }
                Some(c @ (b'"' | b'\\')) => c,
                _ => return Err("unknown escape".to_string()),
            },
            b => b,
        };
        if b == 0 {
            return Err("a string can't hold a NUL".to_string());
        }
        out.push(b);
    }
    Ok(out)
}
