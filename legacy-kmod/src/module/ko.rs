//! Module files, as far as they must be looked into: 64-bit ELF, little-endian, relocatable.

const PLT32: u32 = 4;
const PC32: u32 = 2;
const SHT_RELA: u32 = 4;
const RELA: usize = 24;

fn half(file: &[u8], at: usize) -> Option<usize> {
    let b = file.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(b.try_into().ok()?).into())
}

fn word(file: &[u8], at: usize) -> Option<u32> {
    let b = file.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(b.try_into().ok()?))
}

fn long(file: &[u8], at: usize) -> Option<usize> {
    let b = file.get(at..at.checked_add(8)?)?;
    usize::try_from(u64::from_le_bytes(b.try_into().ok()?)).ok()
}

/// Where the relocations' types are: of `Elf64_Rela`, the low half of `r_info`.
fn types(file: &[u8]) -> Option<Vec<usize>> {
    if file.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let (table, size, count) = (long(file, 0x28)?, half(file, 0x3a)?, half(file, 0x3c)?);
    let mut found = Vec::new();
    for n in 0..count {
        let head = table.checked_add(n.checked_mul(size)?)?;
        if word(file, head.checked_add(4)?)? != SHT_RELA {
            continue;
        }
        let (at, bytes) = (
            long(file, head.checked_add(0x18)?)?,
            long(file, head.checked_add(0x20)?)?,
        );
        file.get(at..at.checked_add(bytes)?)?;
        found.extend((at..at + bytes).step_by(RELA).map(|r| r + 8));
    }
    Some(found)
}

/// The module with `R_X86_64_PC32` wherever it has `R_X86_64_PLT32`, and how many that were. In a module they mean the same:
/// there is no PLT. `None`: it has none, or is no such file.
pub fn without_plt32(file: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut changed = file.to_vec();
    let mut count = 0;
    for at in types(file)? {
        if word(file, at)? == PLT32 {
            changed
                .get_mut(at..at + 4)?
                .copy_from_slice(&PC32.to_le_bytes());
            count += 1;
        }
    }
    (count > 0).then_some((changed, count))
}

/// A field of the module's `.modinfo`: `vermagic`, say.
pub fn info(file: &[u8], field: &str) -> Option<String> {
    let needle = format!("\0{field}=");
    let at = memchr::memmem::find(file, needle.as_bytes())? + needle.len();
    let rest = file.get(at..)?;
    let end = memchr::memchr(0, rest)?;
    Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one section of these relocations.
    fn file(kinds: &[u32]) -> Vec<u8> {
        let mut f = vec![0; 64];
        f[..6].copy_from_slice(b"\x7fELF\x02\x01");
        for kind in kinds {
            f.extend([0; 8]);
            f.extend(kind.to_le_bytes());
            f.extend([7, 0, 0, 0]);
            f.extend((-4_i64).to_le_bytes());
        }
        let table = f.len() as u64;
        f[0x28..0x30].copy_from_slice(&table.to_le_bytes());
        f[0x3a..0x3c].copy_from_slice(&64_u16.to_le_bytes());
        f[0x3c..0x3e].copy_from_slice(&2_u16.to_le_bytes());
        f.extend([0; 64]);
        let mut head = [0; 64];
        head[4..8].copy_from_slice(&SHT_RELA.to_le_bytes());
        head[0x18..0x20].copy_from_slice(&64_u64.to_le_bytes());
        head[0x20..0x28].copy_from_slice(&(24 * kinds.len() as u64).to_le_bytes());
        f.extend(head);
        f
    }

    #[test]
    fn only_plt32_changes() {
        let (changed, count) = without_plt32(&file(&[PLT32, 1, PC32, PLT32, 11])).unwrap();
        assert_eq!(count, 2);
        assert_eq!(changed, file(&[PC32, 1, PC32, PC32, 11]));
        assert_eq!(without_plt32(&changed), None);
    }

    #[test]
    fn what_is_no_module_is_left_alone() {
        let whole = file(&[PLT32; 3]);
        for cut in 0..whole.len() {
            // Nothing of this may panic.
            let _ = without_plt32(&whole[..cut]);
        }
        assert_eq!(without_plt32(b"#!/bin/sh\n"), None);
        let mut far = whole.clone();
        far[0x28..0x30].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(without_plt32(&far), None);
    }

    #[test]
    fn modinfo() {
        let text = b"x\0license=GPL\0vermagic=6.1 SMP mod_unload \0";
        assert_eq!(info(text, "vermagic").unwrap(), "6.1 SMP mod_unload ");
        assert_eq!(info(text, "magic"), None);
    }
}
