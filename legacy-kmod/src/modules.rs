//! Text of the modules that are loaded: where each has its own, and what of it must not be probed.
//!
//! The kernel lists modules' symbols with its own; where their text ends and where their exception tables are, the device
//! knows. A module may go at any time: what is planned here is planted only if it has not gone since the symbols were read.

use crate::device::Device;
use crate::x86::Bits;
use crate::{deny, module};
use std::ops::Range;
use std::sync::Arc;
use tracer_ebpf::live::kallsyms::{Kallsyms, is_function};

/// A module's text.
#[derive(Clone, Debug)]
pub struct ModuleText {
    /// Of the module.
    pub name: Arc<str>,
    /// Without that of its start-up, which is gone.
    pub text: Range<u64>,
    /// Its exception table.
    pub fixups: Range<u64>,
}

/// Symbols of a module that are asked about before it is given up: one in text that went after start-up is in no text.
const TRIES: usize = 8;

/// All modules but our own, by address. What the symbol table has as modules that are none (`bpf`) is in no module's text.
pub fn loaded(device: &Device, symbols: &Kallsyms) -> Vec<ModuleText> {
    let mut found: Vec<ModuleText> = Vec::new();
    let (mut of, mut tries) = ("vmlinux", 0);
    // A module's symbols stand together.
    for e in symbols.entries().filter(|e| e.module != "vmlinux") {
        if e.module != of {
            (of, tries) = (e.module, TRIES);
        }
        if tries == 0 || !is_function(&e) || of == module::NAME {
            continue;
        }
        tries -= 1;
        if let Ok((text, fixups)) = device.module(e.addr) {
            tries = 0;
            let name = of.into();
            found.push(ModuleText { name, text, fixups });
        }
    }
    found.sort_by_key(|m| m.text.start);
    found
}

/// Sections of a module's text where no breakpoint may be, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        ".kprobes.text",
        "its module marks it as not to be probed (__kprobes)",
    ),
    (
        ".noinstr.text",
        "its module marks it as not to be probed (noinstr)",
    ),
    (".entry.text", "it is how the kernel is entered"),
];

/// Parts of a module's text that must not be probed, each with the reason; and why all of it must not, if that is so.
pub fn forbidden(
    device: &Device,
    bits: Bits,
    of: &ModuleText,
    handlers: &[(u64, &str)],
) -> Vec<(Range<u64>, String)> {
    let mut body = vec![0; (of.text.end - of.text.start) as usize];
    if device.read(of.text.start, &mut body).is_err() {
        return vec![(of.text.clone(), "its text can't be read".to_owned())];
    }
    if let Some(handler) = calls_any(bits, &body, of.text.start, handlers) {
        let why =
            format!("its module calls {handler}: it may have code where no breakpoint may be");
        return vec![(of.text.clone(), why)];
    }
    let marked = FORBIDDEN.iter().filter_map(|(section, why)| {
        let range = section_of(&of.name, section, of.text.end)?;
        Some((range, (*why).to_owned()))
    });
    marked.collect()
}

/// The addresses of what [`deny::HANDLERS`] names.
pub fn handlers(symbols: &Kallsyms) -> Vec<(u64, &'static str)> {
    let at = |name: &&'static str| Some((symbols.find(Some("vmlinux"), name)?.addr, *name));
    deny::HANDLERS.iter().filter_map(at).collect()
}

/// Which of these is called, or jumped to, by what may be an instruction. Looked for byte by byte: decoding all text of all
/// modules would take too long, and what only looks like a call to one of a few addresses is one in a billion.
fn calls_any<'a>(bits: Bits, body: &[u8], at: u64, targets: &[(u64, &'a str)]) -> Option<&'a str> {
    body.windows(5).zip(at..).find_map(|(w, ip)| {
        let [0xe8 | 0xe9, a, b, c, d] = *w else {
            return None;
        };
        let offset = i64::from(i32::from_le_bytes([a, b, c, d]));
        let to = ip.wrapping_add(5).wrapping_add_signed(offset) & bits.mask();
        targets.iter().find(|t| t.0 == to).map(|t| t.1)
    })
}

/// A section of a module: the next one ends it.
fn section_of(name: &str, section: &str, end: u64) -> Option<Range<u64>> {
    let folder = format!("/sys/module/{name}/sections");
    let address = |section: &str| {
        let text = std::fs::read_to_string(format!("{folder}/{section}")).ok()?;
        u64::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
    };
    let start = address(section).filter(|a| *a != 0)?;
    let others = std::fs::read_dir(&folder).ok()?.flatten();
    let later = others.filter_map(|o| address(o.file_name().to_str()?));
    Some(start..later.filter(|a| *a > start).chain([end]).min()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_to_handlers_are_seen() {
        const AT: u64 = 0xffff_ffff_a000_0000;
        let target = 0xffff_ffff_8100_1234_u64;
        let call = |opcode: u8, at: u64| {
            let mut code = vec![0x55, opcode];
            code.extend((target.wrapping_sub(at + 6) as i32).to_le_bytes());
            code.push(0xc3);
            code
        };
        let targets = [(1, "nobody"), (target, "register_kprobe")];
        let found = |code: &[u8]| calls_any(Bits::Bits64, code, AT, &targets);
        assert_eq!(found(&call(0xe8, AT)), Some("register_kprobe"));
        assert_eq!(found(&call(0xe9, AT)), Some("register_kprobe"));
        // Another instruction with the same operand, and a call of something else.
        assert_eq!(found(&call(0x68, AT)), None);
        assert_eq!(found(&call(0xe8, AT + 1)), None);
        // Addresses of 32 bits wrap.
        let code = [0xe8, 0x00, 0x00, 0x00, 0x10];
        let wrapped = [(5, "low")];
        assert_eq!(
            calls_any(Bits::Bits32, &code, 0xf000_0000, &wrapped),
            Some("low")
        );
    }
}
