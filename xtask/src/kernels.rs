//! The kernels of `ci/kernels.toml`: reading the rows, getting the images, and saying what can be had.

use crate::{debian, sh};
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use toml::Spanned;

/// `ci/kernels.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kernel: Vec<Spanned<Row>>,
}

/// One kernel, as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub name: String,
    kind: Kind,
    suite: Option<String>,
    package: Option<String>,
    /// Another row, whose kernel this is.
    of: Option<String>,
    pub engine: Engine,
    #[serde(default)]
    pub arch: Arch,
    #[serde(default)]
    pub port: Port,
    #[serde(default = "default_machine")]
    pub machine: String,
    #[serde(default = "default_cpu")]
    pub cpu: String,
    #[serde(default)]
    pub append: String,
    pub loses: Option<String>,
    #[serde(default)]
    pub not_possible: BTreeMap<String, String>,
    #[serde(default)]
    pub too_slow: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Debian,
    Local,
}

/// What runs our programs on a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Ebpf,
    Kmod,
}

/// What programs it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Arch {
    #[default]
    #[serde(rename = "x86-64")]
    X86_64,
    #[serde(rename = "i386")]
    I386,
}

impl Arch {
    /// Debian's name.
    pub fn debian(self) -> &'static str {
        match self {
            Arch::X86_64 => "amd64",
            Arch::I386 => "i386",
        }
    }

    /// Rust's. glibc links statically too, so that no further target need be installed but the i386 one.
    pub fn target(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64-unknown-linux-gnu",
            Arch::I386 => "i686-unknown-linux-gnu",
        }
    }
}

/// How the guest's init reaches the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Port {
    #[default]
    Virtio,
    Serial,
}

fn default_machine() -> String {
    "q35".into()
}

fn default_cpu() -> String {
    "max".into()
}

/// A kernel that can be booted.
pub struct Kernel {
    pub row: Row,
    /// What QEMU is given.
    pub image: PathBuf,
    /// `lib/modules/<release>`, where there is one.
    pub modules: Option<PathBuf>,
}

/// Files that the user gave for a `local` row.
#[derive(Default)]
pub struct Given {
    pub kernel: Option<PathBuf>,
    pub kdir: Option<PathBuf>,
}

/// The rows, or a message that names the line.
pub fn rows() -> Result<Vec<Row>> {
    let path = sh::root().join("ci/kernels.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Row>> {
    let at = |start: usize| text.get(..start).unwrap_or("").matches('\n').count() + 1;
    let table: Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |s| at(s.start));
        anyhow!("ci/kernels.toml:{line}: {}", error.to_string().trim_end())
    })?;
    let mut rows: Vec<Row> = Vec::new();
    for spanned in table.kernel {
        let line = at(spanned.span().start);
        let row = spanned.into_inner();
        let has_source = row.suite.is_some() && row.package.is_some();
        if (row.kind == Kind::Debian) != has_source {
            bail!(
                "ci/kernels.toml:{line}: `{}`: kind debian needs `suite` and `package`, kind local has neither",
                row.name
            );
        }
        if !row
            .name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            || row.name.is_empty()
        {
            bail!(
                "ci/kernels.toml:{line}: `{}` can't be a file name",
                row.name
            );
        }
        if rows.iter().any(|r| r.name == row.name) {
            bail!("ci/kernels.toml:{line}: there is a `{}` already", row.name);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// The row called `name`.
pub fn row(name: &str) -> Result<Row> {
    let rows = rows()?;
    let names: Vec<_> = rows.iter().map(|r| r.name.clone()).collect();
    rows.into_iter()
        .find(|r| r.name == name)
        .ok_or_else(|| anyhow!("no kernel `{name}`; there are {}", names.join(", ")))
}

/// Packages that hold a kernel's parts; the rest of what an image depends on is for installing it.
fn is_kernel_part(package: &str) -> bool {
    package.ends_with("-cloud-amd64")
        && [
            "linux-image-",
            "linux-binary-",
            "linux-modules-",
            "linux-base-",
        ]
        .iter()
        .any(|p| package.starts_with(p))
}

impl Row {
    /// The row whose kernel this is.
    fn kernel(&self) -> &str {
        self.of.as_deref().unwrap_or(&self.name)
    }

    /// The release of Debian that has it.
    pub fn suite(&self) -> Option<&str> {
        self.suite.as_deref()
    }

    /// Whether its parts are on this machine, without fetching.
    pub fn state(&self) -> String {
        match self.kind {
            Kind::Debian => {
                let list = debian::cache()
                    .map(|c| c.join("kernels").join(self.kernel()).join("packages.txt"));
                match list.map(std::fs::read_to_string) {
                    Ok(Ok(text)) => {
                        let image = text.lines().find(|l| {
                            l.starts_with("linux-image-cloud") || l.starts_with("linux-image")
                        });
                        format!("fetched: {}", image.unwrap_or("?").trim_end_matches(".deb"))
                    }
                    _ => "not fetched yet".into(),
                }
            }
            Kind::Local => match self.local(&Given::default()) {
                Ok(kernel) => format!("local: {}", kernel.image.display()),
                Err(error) => format!("{error:#}"),
            },
        }
    }

    /// Gets the kernel, fetching it if need be. An error says why it can't be had here.
    pub fn get(&self, given: &Given) -> Result<Kernel> {
        if given.kernel.is_some() || self.kind == Kind::Local {
            return self.local(given);
        }
        let (Some(suite), Some(package)) = (&self.suite, &self.package) else {
            bail!("a debian row without suite or package");
        };
        let _turn = debian::turn()?;
        let dir = debian::unpacked(
            &format!("kernels/{}", self.kernel()),
            (suite, self.arch),
            package,
            is_kernel_part,
        )?;
        let root = dir.join("root");
        let modules = ["lib/modules", "usr/lib/modules"]
            .iter()
            .filter_map(|p| std::fs::read_dir(root.join(p)).ok())
            .flat_map(|d| d.flatten().map(|e| e.path()))
            .find(|p| p.join("kernel").is_dir());
        let compressed = std::fs::read_dir(root.join("boot"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .find(|p| {
                p.file_name()
                    .is_some_and(|n| n.to_string_lossy().starts_with("vmlinuz"))
            })
            .or_else(|| {
                modules
                    .as_ref()
                    .map(|m| m.join("vmlinuz"))
                    .filter(|p| p.exists())
            })
            .context("the packages hold no vmlinuz")?;
        let plain = dir.join("vmlinux");
        if !plain.exists() {
            // Booting the plain image saves the guest from decompressing it in software emulation: seconds.
            if let Some(bytes) = plain_image(&compressed)? {
                let partial = dir.join("vmlinux.partial");
                std::fs::write(&partial, bytes)?;
                std::fs::rename(partial, &plain)?;
            }
        }
        let image = if plain.exists() { plain } else { compressed };
        Ok(Kernel {
            row: self.clone(),
            image,
            modules,
        })
    }

    /// A kernel that the user has: from `--kernel`, or under `XTASK_KERNELS`.
    fn local(&self, given: &Given) -> Result<Kernel> {
        if let Some(image) = &given.kernel {
            if !image.is_file() {
                bail!("{} is not a file", image.display());
            }
            let kernel = Kernel {
                row: self.clone(),
                image: image.clone(),
                modules: given.kdir.clone(),
            };
            return Ok(kernel);
        }
        let Some(dir) = std::env::var_os("XTASK_KERNELS") else {
            bail!("not available here: XTASK_KERNELS names no folder that has it");
        };
        let dir = Path::new(&dir).join(self.kernel());
        let image = ["vmlinux", "vmlinuz", "bzImage"]
            .iter()
            .map(|n| dir.join(n))
            .find(|p| p.is_file())
            .with_context(|| {
                format!(
                    "not available here: {} holds no vmlinux, vmlinuz or bzImage",
                    dir.display()
                )
            })?;
        let modules = Some(dir.join("modules")).filter(|m| m.is_dir());
        Ok(Kernel {
            row: self.clone(),
            image,
            modules,
        })
    }
}

/// Ways in which a kernel may be packed: the first bytes, and what unpacks them.
const PACKED: &[(&[u8], &[&str])] = &[
    (b"\x02\x21\x4c\x18", &["lz4", "-dc"]),
    (b"\x28\xb5\x2f\xfd", &["zstd", "-dc"]),
    (b"\xfd7zXZ\x00", &["xz", "-dc"]),
    (b"\x1f\x8b", &["gzip", "-dc"]),
];

/// The ELF image inside a bzImage, if its packing is known, the tool is here, and the image can be booted as it is (it says so
/// by a Xen PVH note). Layout: the kernel's documentation of the x86 boot protocol, fields 0x1f1, 0x248 and 0x24c.
fn plain_image(path: &Path) -> Result<Option<Vec<u8>>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let word = |at: usize| {
        let field = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(field.try_into().ok()?) as usize)
    };
    let payload = || {
        let sectors = match *bytes.get(0x1f1)? {
            0 => 4,
            n => n as usize,
        };
        let start = (sectors + 1) * 512 + word(0x248)?;
        bytes.get(start..start + word(0x24c)?)
    };
    let Some(payload) = payload() else {
        return Ok(None);
    };
    let Some((_, tool)) = PACKED.iter().find(|(magic, _)| payload.starts_with(magic)) else {
        return Ok(None);
    };
    let [program, option] = tool else {
        return Ok(None);
    };
    if sh::which(program).is_none() {
        return Ok(None);
    }
    let packed = path.with_extension("payload");
    std::fs::write(&packed, payload)?;
    // The last four bytes are the unpacked size, which the tools take for garbage: they complain, but unpack.
    let out = Command::new(program)
        .arg(option)
        .stdin(std::fs::File::open(&packed)?)
        .output();
    std::fs::remove_file(&packed)?;
    let image = out?.stdout;
    let elf = image.starts_with(b"\x7fELF");
    let pvh = image
        .windows(12)
        .any(|w| w == b"\x04\0\0\0\x04\0\0\0\x12\0\0\0" || w == b"\x04\0\0\0\x08\0\0\0\x12\0\0\0");
    Ok((elf && pvh).then_some(image))
}

/// The modules named, and what they need, in the order in which they can be loaded: `(name, code)`. What is built in is left out.
pub fn load_order(modules: &Path, wanted: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
    let builtin = std::fs::read_to_string(modules.join("modules.builtin")).unwrap_or_default();
    let is_builtin = |name: &str| builtin.lines().any(|l| module_name(Path::new(l)) == name);
    let mut paths = BTreeMap::new();
    collect(&modules.join("kernel"), &mut paths)?;
    let mut order: Vec<(String, Vec<u8>)> = Vec::new();
    for name in wanted {
        visit(name, &is_builtin, &paths, &mut order, 0)?;
    }
    Ok(order)
}

fn visit(
    name: &str,
    is_builtin: &dyn Fn(&str) -> bool,
    paths: &BTreeMap<String, PathBuf>,
    order: &mut Vec<(String, Vec<u8>)>,
    depth: usize,
) -> Result<()> {
    if is_builtin(name) || order.iter().any(|(n, _)| n == name) {
        return Ok(());
    }
    let path = paths
        .get(name)
        .with_context(|| format!("no module `{name}`"))?;
    if depth > 20 {
        bail!("modules need each other in a circle at `{name}`");
    }
    let code = unpack_module(path)?;
    for dep in needed_by(&code) {
        visit(&dep, is_builtin, paths, order, depth + 1)?;
    }
    order.push((name.to_string(), code));
    Ok(())
}

/// Modules that this one's own `.modinfo` says it needs.
fn needed_by(code: &[u8]) -> Vec<String> {
    let mark = b"\0depends=";
    let Some(at) = code.windows(mark.len()).position(|w| w == mark) else {
        return Vec::new();
    };
    let list = code.get(at + mark.len()..).unwrap_or_default();
    let list = list.split(|b| *b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(list)
        .split(',')
        .filter(|n| !n.is_empty())
        .map(|n| n.replace('-', "_"))
        .collect()
}

fn unpack_module(path: &Path) -> Result<Vec<u8>> {
    let tool = match path.extension().and_then(|e| e.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return Ok(std::fs::read(path)?),
    };
    let out = Command::new(tool)
        .arg("-dc")
        .arg(path)
        .output()
        .with_context(|| format!("cannot run {tool}"))?;
    if !out.status.success() {
        bail!("{tool} -dc {}: {}", path.display(), out.status);
    }
    Ok(out.stdout)
}

fn collect(dir: &Path, into: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(dir)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.to_string_lossy().contains(".ko") {
            into.insert(module_name(&path), path);
        }
    }
    Ok(())
}

/// `kernel/drivers/char/virtio-rng.ko.xz` is the module `virtio_rng`.
fn module_name(path: &Path) -> String {
    let file = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    file.split(".ko").next().unwrap_or(&file).replace('-', "_")
}

/// `cargo xtask kernels [--fetch]`.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let fetch = match args {
        [] => false,
        [one] if one == "--fetch" => true,
        other => bail!("expected nothing or `--fetch`, not `{}`", other.join(" ")),
    };
    for row in rows()? {
        let trouble = if fetch {
            row.get(&Given::default()).err()
        } else {
            None
        };
        let state = match trouble {
            Some(error) => format!("{error:#}"),
            None => row.state(),
        };
        println!(
            "{:<8} {:<5} {state}",
            row.name,
            format!("{:?}", row.engine).to_lowercase()
        );
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[kernel]]\nname = \"a\"\nkind = \"local\"\nengine = \"kmod\"\n";

    #[test]
    fn the_table_in_the_tree_is_good() {
        let rows = rows().unwrap();
        assert!(rows.iter().filter(|r| r.kind == Kind::Debian).count() >= 4);
        assert!(rows.iter().any(|r| r.engine == Engine::Kmod));
    }

    #[test]
    fn a_typo_is_reported_with_its_line() {
        let message = |text: &str| parse(text).err().unwrap().to_string();
        assert!(message(&GOOD.replace("kind =", "knid =")).starts_with("ci/kernels.toml:3: "));
        assert!(message(&GOOD.replace("\"kmod\"", "\"bpf\"")).starts_with("ci/kernels.toml:4: "));
        assert!(
            message(&format!("{GOOD}\n{GOOD}"))
                .starts_with("ci/kernels.toml:6: there is a `a` already")
        );
        assert!(
            message(&GOOD.replace("local", "debian"))
                .starts_with("ci/kernels.toml:1: `a`: kind debian needs")
        );
        assert!(message(&GOOD.replace("\"a\"", "\"a/b\"")).contains("can't be a file name"));
    }

    #[test]
    fn modules_say_what_they_need() {
        assert_eq!(
            needed_by(b"x\0depends=virtio-ring,virtio\0name=v\0"),
            ["virtio_ring", "virtio"]
        );
        assert!(needed_by(b"x\0depends=\0").is_empty());
        assert_eq!(
            module_name(Path::new("kernel/a/virtio-rng.ko.xz")),
            "virtio_rng"
        );
    }
}
