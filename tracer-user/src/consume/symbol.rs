//! Addresses to names: `` module`symbol+0xoffset ``.
//!
//! Kernel symbols come from our own reader of `/proc/kallsyms`: it is read at the first question only, once, and gives the
//! module's name too, which is what DTrace prints. User addresses go through the mappings of the process and blazesym for the
//! ELF file behind each: by file and offset, not by process, so that an address is still named when its process has
//! ended, provided that the mappings were seen while it lived ([`Symbols::observe`]).

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{Input, Symbolizer};
use dsl::program::SymKind;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// A symbol is never believed to reach further than this (kallsyms has no sizes).
const REACH: u64 = 16 << 20;

/// Names for addresses.
#[derive(Default)]
pub struct Symbols {
    kernel: Option<Kernel>,
    elf: Option<Symbolizer>,
    maps: HashMap<u32, Process>,
    named: HashMap<(u32, u64), Option<Named>>,
    round: u64,
    /// User addresses stay numbers.
    plain: bool,
}

/// The mappings of one process, as last seen.
#[derive(Default)]
struct Process {
    maps: Vec<Mapping>,
    /// Code that the process has made itself, by `/tmp/perf-PID.map`: start, bytes, name. Ascending.
    made: Vec<Made>,
    /// Bytes of that file when it was read: it only grows.
    made_bytes: u64,
    round: u64,
}

struct Mapping {
    start: u64,
    end: u64,
    offset: u64,
    path: String,
}

/// Where an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    module: String,
    symbol: Option<(String, u64)>,
    /// Functions that the compiler has put into that one and that the address belongs to, the outermost first.
    inlined: Vec<String>,
}

impl Process {
    /// Start and name of the code that the process has made at an address.
    fn made_at(&self, addr: u64) -> Option<(u64, &str)> {
        let i = self.made.partition_point(|m| m.0 <= addr).checked_sub(1)?;
        let (start, bytes, name) = self.made.get(i)?;
        (addr - start < *bytes).then_some((*start, name))
    }
}

/// The kernel's symbols, ascending.
#[derive(Default)]
struct Kernel {
    symbols: Vec<(u64, u32, u16)>,
    names: String,
    modules: Vec<String>,
}

impl Kernel {
    /// Reads the format of `/proc/kallsyms`: address, type, name, and a module in brackets. Addresses are all zero for who
    /// may not see them: then there are no symbols.
    fn parse(text: &str) -> Kernel {
        let mut k = Kernel {
            modules: vec!["vmlinux".to_owned()],
            ..Kernel::default()
        };
        let mut module_ix: HashMap<&str, u16> = HashMap::new();
        let mut rows: Vec<(u64, bool, &str, u16)> = Vec::new();
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some(addr), Some(ty), Some(name)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Ok(addr) = u64::from_str_radix(addr, 16) else {
                continue;
            };
            if addr == 0 || ty.eq_ignore_ascii_case("a") {
                continue;
            }
            let module = match words.next().map(|m| m.trim_matches(['[', ']'])) {
                None => 0,
                Some(m) => *module_ix.entry(m).or_insert_with(|| {
                    k.modules.push(m.to_owned());
                    (k.modules.len() - 1) as u16
                }),
            };
            rows.push((addr, ty.starts_with(char::is_lowercase), name, module));
        }
        // Of several names for one address the first is shown: a global one before local ones.
        rows.sort_by_key(|r| (r.0, r.1));
        rows.dedup_by_key(|r| r.0);
        k.symbols.reserve(rows.len());
        for (addr, _, name, module) in rows {
            k.symbols.push((addr, k.names.len() as u32, module));
            k.names.push_str(name);
            k.names.push('\n');
        }
        k
    }

    fn lookup(&self, addr: u64) -> Option<(&str, &str, u64)> {
        let i = self
            .symbols
            .partition_point(|s| s.0 <= addr)
            .checked_sub(1)?;
        let &(start, at, module) = self.symbols.get(i)?;
        let offset = addr - start;
        if offset > REACH {
            return None;
        }
        let name = self.names.get(at as usize..)?.split('\n').next()?;
        Some((self.modules.get(usize::from(module))?, name, offset))
    }
}

/// `` module`symbol `` with the offset where there is one.
fn render(module: &str, symbol: &str, offset: u64) -> String {
    match offset {
        0 => format!("{module}`{symbol}"),
        _ => format!("{module}`{symbol}+{offset:#x}"),
    }
}

impl Symbols {
    /// Symbols for tests.
    #[cfg(test)]
    pub fn fixed(kernel: &[(u64, &str, &str)]) -> Symbols {
        let text: String = kernel
            .iter()
            .map(|(a, m, n)| format!("{a:x} T {n} [{m}]\n"))
            .collect();
        Symbols {
            kernel: Some(Kernel::parse(&text)),
            ..Symbols::default()
        }
    }

    /// Symbols of this system. `plain`: user addresses are shown as numbers.
    pub fn new(plain: bool) -> Symbols {
        Symbols {
            plain,
            ..Symbols::default()
        }
    }

    fn kernel_table(&mut self) -> &Kernel {
        self.kernel.get_or_insert_with(|| {
            let bytes = std::fs::read("/proc/kallsyms").unwrap_or_default();
            Kernel::parse(&String::from_utf8_lossy(&bytes))
        })
    }

    /// The name alone of the kernel function at an address, for recognizing frames.
    pub fn kernel_function(&mut self, addr: u64) -> Option<String> {
        self.kernel_table()
            .lookup(addr)
            .map(|(_, name, _)| name.to_owned())
    }

    /// A kernel address as a stack shows it.
    pub fn kernel(&mut self, addr: u64) -> String {
        match self.kernel_table().lookup(addr) {
            Some((module, name, offset)) => render(module, name, offset),
            None => format!("{addr:#x}"),
        }
    }

    /// As `sym()`, `mod()`, `usym()` … show it.
    pub fn by_kind(&mut self, kind: SymKind, pid: u32, addr: u64) -> String {
        match kind {
            SymKind::Sym => match self.kernel_table().lookup(addr) {
                Some((module, name, _)) => format!("{module}`{name}"),
                None => format!("{addr:#x}"),
            },
            SymKind::Mod => match self.kernel_table().lookup(addr) {
                Some((module, ..)) => module.to_owned(),
                None => format!("{addr:#x}"),
            },
            SymKind::Usym => match self.locate(pid, addr) {
                Some(Named {
                    module,
                    symbol: Some((name, _)),
                    ..
                }) => format!("{module}`{name}"),
                Some(Named {
                    module,
                    symbol: None,
                    ..
                }) => format!("{module}`{addr:#x}"),
                None => format!("{addr:#x}"),
            },
            SymKind::Umod => match self.locate(pid, addr) {
                Some(n) => n.module,
                None => format!("{addr:#x}"),
            },
            SymKind::Uaddr => self.user(pid, addr),
        }
    }

    /// A user address as a stack shows it.
    pub fn user(&mut self, pid: u32, addr: u64) -> String {
        match self.locate(pid, addr) {
            Some(Named {
                module,
                symbol: Some((name, offset)),
                ..
            }) => render(&module, &name, offset),
            Some(Named {
                module,
                symbol: None,
                ..
            }) => format!("{module}`{addr:#x}"),
            None => format!("{addr:#x}"),
        }
    }

    /// A user address as lines of a stack: inlined functions have lines of their own, the innermost first. They have no
    /// address; what they were put into follows. The address of a `caller` is where a call returns to: what is inlined is told
    /// by the call itself, which is before it and may be the last that there is of a function.
    pub fn user_lines(&mut self, pid: u32, addr: u64, caller: bool) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(n) = self.locate(pid, addr.saturating_sub(u64::from(caller))) {
            let inlined = n.inlined.iter().rev();
            lines.extend(inlined.map(|name| format!("{}`{name} (inlined)", n.module)));
        }
        lines.push(self.user(pid, addr));
        lines
    }

    /// A new drain of the ring begins: mappings seen before may be out of date.
    pub fn next_round(&mut self) {
        self.round += 1;
    }

    /// Looks at a process's mappings, once a round: they are gone when it ends.
    pub fn observe(&mut self, pid: u32) {
        let round = self.round;
        if pid == 0 || self.maps.get(&pid).is_some_and(|p| p.round == round) {
            return;
        }
        let maps = read_maps(pid);
        let p = self.maps.entry(pid).or_default();
        p.round = round;
        if let Some((bytes, made)) = read_made(pid, p.made_bytes) {
            (p.made_bytes, p.made) = (bytes, made);
            self.named.retain(|&(of, _), _| of != pid);
        }
        let same = p.maps.len() == maps.len()
            && p.maps
                .iter()
                .zip(&maps)
                .all(|(a, b)| (a.start, a.end) == (b.start, b.end) && a.path == b.path);
        if !maps.is_empty() && !same {
            p.maps = maps;
            self.named.retain(|&(of, _), _| of != pid);
        }
    }

    fn locate(&mut self, pid: u32, addr: u64) -> Option<Named> {
        if self.plain {
            return None;
        }
        self.observe(pid);
        if let Some(n) = self.named.get(&(pid, addr)) {
            return n.clone();
        }
        let named = self.maps.get(&pid).and_then(|p| {
            if let Some((start, name)) = p.made_at(addr) {
                return Some(Named {
                    // As perf(1) has it.
                    module: format!("perf-{pid}.map"),
                    symbol: Some((name.to_owned(), addr - start)),
                    inlined: Vec::new(),
                });
            }
            let m = p.maps.iter().find(|m| (m.start..m.end).contains(&addr))?;
            let module = m.path.rsplit('/').next().unwrap_or(&m.path).to_owned();
            if !m.path.starts_with('/') {
                return Some(Named {
                    module,
                    symbol: None,
                    inlined: Vec::new(),
                });
            }
            // Through the process's root while it lives: its files may not be ours.
            let through = format!("/proc/{pid}/root{}", m.path);
            let path = match std::path::Path::new(&through).exists() {
                true => through,
                false => m.path.clone(),
            };
            let elf = self
                .elf
                // Which functions are inlined where is told with the lines of the source only.
                .get_or_insert_with(|| Symbolizer::builder().enable_code_info(true).build());
            let input = Input::FileOffset(addr - m.start + m.offset);
            // With debug information where there is some; where that is broken or not the file's, the file's own symbols.
            let symbol = [true, false].into_iter().find_map(|debug_syms| {
                let mut file = Elf::new(&path);
                file.debug_syms = debug_syms;
                let found = elf
                    .symbolize_single(&Source::Elf(file), input)
                    .ok()?
                    .into_sym()?;
                let inlined = found.inlined.iter().map(|f| f.name.to_string()).collect();
                Some((found.name.into_owned(), found.offset as u64, inlined))
            });
            let (symbol, inlined) = match symbol {
                Some((name, offset, inlined)) => (Some((name, offset)), inlined),
                None => (None, Vec::new()),
            };
            Some(Named {
                module,
                symbol,
                inlined,
            })
        });
        self.named.insert((pid, addr), named.clone());
        named
    }
}

/// The mappings of a process that have a name.
fn read_maps(pid: u32) -> Vec<Mapping> {
    let text = std::fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(parse_map)
        .collect()
}

/// Code that a process has made: where it starts, how long it is, its name.
type Made = (u64, u64, String);

/// Bytes of the largest table that is read: some million functions.
const MOST_MADE: u64 = 64 << 20;

/// A process's table of the code that it has made, where it has grown beyond so many bytes: its size, and what it says.
/// Whoever makes code (a Java or JavaScript engine) writes `START SIZE NAME` lines there, by its own idea of its number.
fn read_made(pid: u32, known: u64) -> Option<(u64, Vec<Made>)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let numbers = status.lines().find_map(|l| l.strip_prefix("NSpid:"))?;
    let own = numbers.split_whitespace().last()?;
    // By its own view of the file system too: a container's is another.
    let number = pid.to_string();
    let name = format!("perf-{own}.map");
    let path: PathBuf = ["/proc", &number, "root", "tmp", &name].iter().collect();
    // Anybody may have put anything there: a pipe that nobody writes to must not stop us, nor a huge file fill our memory.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .ok()?;
    let about = file.metadata().ok()?;
    let bytes = about.len();
    if !about.is_file() || bytes <= known || bytes > MOST_MADE {
        return None;
    }
    let mut text = Vec::new();
    file.take(MOST_MADE).read_to_end(&mut text).ok()?;
    Some((bytes, parse_made(&String::from_utf8_lossy(&text))))
}

fn parse_made(text: &str) -> Vec<Made> {
    let row = |line: &str| {
        let (start, rest) = line.split_once(' ')?;
        let (bytes, name) = rest.split_once(' ')?;
        let hex = |s: &str| u64::from_str_radix(s.trim_start_matches("0x"), 16).ok();
        Some((hex(start)?, hex(bytes)?, name.trim().to_owned()))
    };
    let mut made: Vec<Made> = text.lines().filter_map(row).collect();
    // Code that takes the place of older code is written later.
    made.sort_by_key(|m| m.0);
    made.reverse();
    made.dedup_by_key(|m| m.0);
    made.reverse();
    made
}

/// `start-end perms offset dev inode path`.
fn parse_map(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let t = rest.trim_start();
        let (w, r) = t.split_once(' ').unwrap_or((t, ""));
        rest = r;
        w
    };
    let (start, end) = word().split_once('-')?;
    let (_perms, offset, _dev, _inode) = (word(), word(), word(), word());
    let path = rest.trim_start();
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    if path.is_empty() {
        return None;
    }
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        offset: u64::from_str_radix(offset, 16).ok()?,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of this very process, and then a pipe of the same name, which nobody writes to.
    #[test]
    fn made_code_is_read_and_a_pipe_is_not_waited_for() {
        let pid = std::process::id();
        let path = std::path::Path::new("/tmp").join(format!("perf-{pid}.map"));
        std::fs::write(&path, "1000 20 made\n").expect("written");
        let row = (0x1000, 0x20, "made".to_owned());
        assert_eq!(read_made(pid, 0), Some((13, vec![row])));
        assert_eq!(read_made(pid, 13), None, "it has not grown");
        std::fs::remove_file(&path).expect("removed");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .expect("a pipe");
        let got = read_made(pid, 0);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(got, None);
    }

    #[test]
    fn kallsyms_lines() {
        let k = Kernel::parse(
            "0000000000000000 A fixed_percpu_data\nffff0010 t local_alias\nffff0010 T vfs_read\nffff0100 t other\nffff0200 T open [ext4]\nbad line\n",
        );
        assert_eq!(k.lookup(0xffff_0010), Some(("vmlinux", "vfs_read", 0)));
        assert_eq!(k.lookup(0xffff_0105), Some(("vmlinux", "other", 5)));
        assert_eq!(k.lookup(0xffff_0210), Some(("ext4", "open", 16)));
        assert_eq!(k.lookup(0x1000), None);
        assert_eq!(k.lookup(u64::MAX), None);
    }

    #[test]
    fn kinds_of_symbols() {
        let mut s = Symbols::fixed(&[(0x1000, "vmlinux", "f")]);
        assert_eq!(s.by_kind(SymKind::Sym, 0, 0x1004), "vmlinux`f");
        assert_eq!(s.by_kind(SymKind::Mod, 0, 0x1004), "vmlinux");
        assert_eq!(s.kernel(0x1004), "vmlinux`f+0x4");
        assert_eq!(s.by_kind(SymKind::Sym, 0, 4), "0x4");
    }

    #[test]
    fn our_own_functions_have_names() {
        let mut s = Symbols::default();
        let text = s.user(std::process::id(), until_here as *const () as u64);
        assert!(text.contains("until_here"), "{text}");
        assert!(text.contains('`'), "{text}");
    }

    #[test]
    fn functions_of_stripped_libraries_have_names() {
        let mut s = Symbols::default();
        let text = s.user(std::process::id(), libc::getppid as *const () as u64);
        assert!(text.contains("libc") && text.ends_with("getppid"), "{text}");
    }

    /// First address of what is put into the caller, and the one behind it.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn put_into_its_caller() -> (u64, u64) {
        let (from, to): (u64, u64);
        // SAFETY: addresses are computed, nothing is touched.
        unsafe {
            std::arch::asm!("2: lea {from}, [rip + 2b]", "lea {to}, [rip + 3f]", "nop", "3:",
                from = out(reg) from, to = out(reg) to, options(nomem, nostack, preserves_flags));
        }
        (from, to)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(never)]
    fn has_something_put_into_it() -> (u64, u64) {
        let (from, to) = put_into_its_caller();
        (std::hint::black_box(from), std::hint::black_box(to))
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn inlined_functions_have_lines() {
        let mut s = Symbols::default();
        let (from, to) = has_something_put_into_it();
        for (addr, caller) in [(from, false), (to, true)] {
            let lines = s.user_lines(std::process::id(), addr, caller);
            let [inlined, outer] = &lines[..] else {
                panic!("{lines:?}");
            };
            assert!(
                inlined.ends_with("put_into_its_caller (inlined)"),
                "{lines:?}"
            );
            assert!(outer.contains("has_something_put_into_it"), "{lines:?}");
        }
    }

    #[inline(never)]
    fn until_here() {
        std::hint::black_box(());
    }

    #[test]
    fn a_process_that_is_gone_gives_addresses() {
        let mut s = Symbols::default();
        assert_eq!(s.user(0x7fff_fff0, 0x1234), "0x1234");
        assert_eq!(s.by_kind(SymKind::Umod, 0x7fff_fff0, 0x1234), "0x1234");
    }

    #[test]
    fn code_that_a_process_makes() {
        let p = Process {
            made: parse_made("1000 20 LFoo;::bar\n0x2000 10 old\n2000 8 new one\nbroken\n"),
            ..Process::default()
        };
        assert_eq!(p.made_at(0x1000), Some((0x1000, "LFoo;::bar")));
        assert_eq!(p.made_at(0x101f), Some((0x1000, "LFoo;::bar")));
        assert_eq!(p.made_at(0x1020), None);
        assert_eq!(p.made_at(0x2001), Some((0x2000, "new one")));
        assert_eq!(p.made_at(0x2008), None);
        assert_eq!(p.made_at(0xfff), None);
    }

    #[test]
    fn map_lines() {
        let m = parse_map("7f00-7f80 r-xp 00001000 08:01 123   /usr/lib/a b.so (deleted)")
            .expect("a mapping");
        assert_eq!(
            (m.start, m.end, m.offset, m.path.as_str()),
            (0x7f00, 0x7f80, 0x1000, "/usr/lib/a b.so")
        );
        assert!(parse_map("7f00-7f80 rw-p 00000000 00:00 0").is_none());
        assert!(parse_map("").is_none());
    }
}
