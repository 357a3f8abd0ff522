//! Kernel memory before the module came and now, byte for byte.

use crate::other;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};

/// Memory of the kernel's that must not change.
struct Region {
    name: String,
    address: u64,
    before: Vec<u8>,
}

/// All of it, as it was before the module came.
pub struct Audit {
    regions: Vec<Region>,
}

impl Audit {
    /// Reads what is to be compared later. Through `/proc/kcore`: no part of ours has a hand in it.
    pub fn new() -> io::Result<Audit> {
        let text = fs::read_to_string("/proc/kallsyms")?;
        let mut symbols: Vec<(u64, &str)> = text
            .lines()
            .filter(|l| !l.contains('['))
            .filter_map(|l| {
                let mut words = l.split_whitespace();
                let address = u64::from_str_radix(words.next()?, 16).ok()?;
                Some((address, words.nth(1)?))
            })
            .collect();
        symbols.sort_unstable();
        let find = |name: &str| symbols.iter().find(|s| s.1 == name).map(|s| s.0);
        let need = |name: &str| find(name).ok_or_else(|| other(format!("no {name} in kallsyms")));
        let mut wanted = vec![("text", need("_stext")?, need("_etext")?)];
        for name in ["sys_call_table", "ia32_sys_call_table", "idt_table"] {
            let Some(at) = find(name) else { continue };
            let next = symbols.iter().map(|s| s.0).find(|&a| a > at);
            wanted.push((name, at, next.unwrap_or(at).min(at + 4096)));
        }
        let mut regions = Vec::new();
        for (name, from, to) in wanted {
            regions.push(Region {
                name: name.to_owned(),
                address: from,
                before: kernel_memory(from, (to - from) as usize)?,
            });
        }
        Ok(Audit { regions })
    }

    pub fn describe(&self) -> String {
        let parts = self
            .regions
            .iter()
            .map(|r| format!("{} {} bytes", r.name, r.before.len()));
        parts.collect::<Vec<_>>().join(", ")
    }

    /// An error tells of the first byte that differs.
    pub fn check(&self) -> io::Result<()> {
        for r in &self.regions {
            let now = kernel_memory(r.address, r.before.len())?;
            let mut differ = now.iter().zip(&r.before).enumerate();
            if let Some((at, (new, old))) = differ.find(|(_, (a, b))| a != b) {
                let count = now.iter().zip(&r.before).filter(|(a, b)| a != b).count();
                return Err(other(format!(
                    "audit: {} bytes of {} differ, the first at {:#x}: {new:#04x}, not {old:#04x}",
                    count,
                    r.name,
                    r.address + at as u64
                )));
            }
        }
        Ok(())
    }
}

/// Kernel memory, found in the ELF file that `/proc/kcore` pretends to be.
fn kernel_memory(address: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut core = File::open("/proc/kcore")?;
    let mut head = vec![0; 8192];
    let mut got = 0;
    while got < head.len() {
        match core.read(head.get_mut(got..).unwrap_or_default())? {
            0 => break,
            n => got += n,
        }
    }
    let wide = head.get(4) == Some(&2);
    let number = |at: usize, bytes: usize| {
        let field = head.get(at..at + bytes).unwrap_or_default();
        field
            .iter()
            .rev()
            .fold(0_u64, |n, b| n << 8 | u64::from(*b))
    };
    // e_phoff and e_phnum; of each header p_offset, p_vaddr and p_filesz.
    let (table, count, each) = match wide {
        true => (number(0x20, 8), number(0x38, 2), 56),
        false => (number(0x1c, 4), number(0x2c, 2), 32),
    };
    for n in 0..count {
        let at = (table + n * each) as usize;
        let (offset, from, size) = match wide {
            true => (number(at + 8, 8), number(at + 16, 8), number(at + 32, 8)),
            false => (number(at + 4, 4), number(at + 8, 4), number(at + 16, 4)),
        };
        if number(at, 4) == 1 && address >= from && address - from + bytes as u64 <= size {
            core.seek(SeekFrom::Start(offset + (address - from)))?;
            let mut memory = vec![0; bytes];
            core.read_exact(&mut memory)?;
            return Ok(memory);
        }
    }
    Err(other(format!("/proc/kcore does not have {address:#x}")))
}
