//! The kernel's symbol table, `/proc/kallsyms`: 5 MB of text that takes 50 ms to read, so nothing here is read before it
//! is asked for, and a single name is searched in the text without splitting it.

use memchr::memmem;

/// The table's text.
pub struct Kallsyms {
    text: Vec<u8>,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// 0 where the reader lacks the privilege to see addresses.
    pub addr: u64,
    /// As `nm` has it.
    pub kind: char,
    /// Symbol.
    pub name: &'a str,
    /// `vmlinux` for the kernel proper.
    pub module: &'a str,
}

impl Kallsyms {
    /// Reads it. Empty where there is none.
    pub fn open() -> Kallsyms {
        Kallsyms {
            text: std::fs::read("/proc/kallsyms").unwrap_or_default(),
        }
    }

    fn entry(line: &[u8]) -> Option<Entry<'_>> {
        let line = std::str::from_utf8(line).ok()?;
        let (addr, rest) = line.split_once(' ')?;
        let (kind, rest) = rest.split_once(' ')?;
        let (name, module) = match rest.split_once('\t') {
            Some((name, module)) => (name, module.trim_matches(['[', ']'])),
            None => (rest, "vmlinux"),
        };
        Some(Entry {
            addr: u64::from_str_radix(addr, 16).ok()?,
            kind: kind.chars().next()?,
            name,
            module,
        })
    }

    /// Every symbol, in the table's order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.text.split(|&b| b == b'\n').filter_map(Self::entry)
    }

    /// The first symbol of that name. `module` narrows it.
    pub fn find(&self, module: Option<&str>, name: &str) -> Option<Entry<'_>> {
        let needle = format!(" {name}");
        memmem::find_iter(&self.text, needle.as_bytes())
            .filter(|&at| {
                let end = self.text.get(at + needle.len());
                matches!(end, None | Some(b'\n' | b'\t'))
            })
            .filter_map(|at| {
                let start = memchr::memrchr(b'\n', self.text.get(..at)?).map_or(0, |i| i + 1);
                let rest = self.text.get(start..)?;
                let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                Self::entry(rest.get(..end)?)
            })
            .find(|e| e.name == name && module.is_none_or(|m| m == e.module))
    }

    /// Functions: position among all of the table's text symbols, name, module.
    pub fn functions(&self) -> impl Iterator<Item = (u32, Entry<'_>)> {
        (0..).zip(self.entries().filter(is_function))
    }
}

/// Whether it is in the kernel's text.
pub fn is_function(e: &Entry<'_>) -> bool {
    matches!(e.kind, 't' | 'T' | 'w' | 'W')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let k = Kallsyms {
            text: b"ffffffff81000000 T _stext\nffffffff81000010 t vfs_read_x\nffffffff81000020 T vfs_read\n\
                ffffffffc0000000 t vfs_read\t[ext9]\nffffffffc0000010 D data\t[ext9]\nbroken\n"
                .to_vec(),
        };
        let e = k.find(None, "vfs_read").unwrap();
        assert_eq!((e.addr, e.module), (0xffff_ffff_8100_0020, "vmlinux"));
        assert_eq!(
            k.find(Some("ext9"), "vfs_read").unwrap().addr,
            0xffff_ffff_c000_0000
        );
        assert_eq!(k.find(None, "vfs"), None);
        assert_eq!(k.find(None, "T"), None);
        assert_eq!(k.functions().count(), 4);
        assert_eq!(k.entries().count(), 5);
    }
}
