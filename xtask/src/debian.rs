//! Packages of other Debian releases, fetched and unpacked without touching the host's own package state.
//!
//! `apt-get` does the work, so that indexes, signatures, checksums and proxies are handled as on any Debian machine: it is
//! given a private set of sources, lists and archives, whose mirror is the one that the host's own sources name.

use crate::kernels::Arch;
use crate::{apt, sh};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Where everything fetched is kept: outside the tree, shared by all clones.
pub fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir),
        _ => PathBuf::from(
            std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?,
        )
        .join(".cache"),
    };
    let dir = base.join("dtrace-xtask");
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// Held while something in the cache is looked for and perhaps fetched: rows of the matrix are tried side by side, and want
/// the same packages.
pub fn turn() -> Result<File> {
    let lock = File::create(cache()?.join("fetch.lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// Suites that only a Debian archive has: a source with one of these names a mirror of it.
const SUITES: &[&str] = &[
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "unstable",
    "testing",
    "stable",
    "oldstable",
    "oldoldstable",
];

/// One source of the host: addresses, suites, and the keyring that signs for them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    signed_by: Option<String>,
}

/// The host's first source of Debian itself.
fn mirror() -> Result<Source> {
    let apt = Path::new("/etc/apt");
    let mut lists = vec![apt.join("sources.list")];
    if let Ok(parts) = std::fs::read_dir(apt.join("sources.list.d")) {
        let mut parts: Vec<_> = parts.flatten().map(|e| e.path()).collect();
        parts.sort();
        lists.extend(parts);
    }
    for list in lists {
        let Ok(text) = std::fs::read_to_string(&list) else {
            continue;
        };
        let sources = match list.extension().and_then(|e| e.to_str()) {
            Some("list") => one_line_sources(&text),
            Some("sources") => stanza_sources(&text),
            _ => continue,
        };
        for source in sources {
            if source.suites.iter().any(|s| SUITES.contains(&s.as_str())) {
                return Ok(source);
            }
        }
    }
    bail!("this machine's apt names no Debian mirror")
}

/// Sources in the format of `sources.list`.
fn one_line_sources(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.trim().strip_prefix("deb ") else {
            continue;
        };
        let (options, rest) = match rest
            .trim()
            .strip_prefix('[')
            .and_then(|r| r.split_once(']'))
        {
            Some((options, rest)) => (options, rest),
            None => ("", rest),
        };
        let mut words = rest.split_whitespace();
        if let (Some(uri), Some(suite)) = (words.next(), words.next()) {
            sources.push(Source {
                uris: vec![uri.into()],
                suites: vec![suite.into()],
                signed_by: options
                    .split_whitespace()
                    .find_map(|o| o.strip_prefix("signed-by="))
                    .map(str::to_string),
            });
        }
    }
    sources
}

/// Sources in the format of `*.sources`.
fn stanza_sources(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for stanza in text.split("\n\n") {
        let field = |name: &str| {
            stanza.lines().find_map(|l| {
                let (key, value) = l.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let words = |name| {
            field(name)
                .unwrap_or("")
                .split_whitespace()
                .map(str::to_string)
                .collect::<Vec<_>>()
        };
        let off = field("Enabled").is_some_and(|v| v.eq_ignore_ascii_case("no"));
        if !off && words("Types").iter().any(|t| t == "deb") {
            sources.push(Source {
                uris: words("URIs"),
                suites: words("Suites"),
                signed_by: field("Signed-By")
                    .filter(|v| v.starts_with('/'))
                    .map(str::to_string),
            });
        }
    }
    sources
}

/// A private apt: sources, lists and archives of its own.
pub struct Apt {
    dir: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// An apt that knows one suite and no installed package: for fetching.
    pub fn suite(suite: &str, arch: Arch) -> Result<Apt> {
        let name = match arch {
            Arch::X86_64 => suite.to_owned(),
            Arch::I386 => format!("{suite}-i386"),
        };
        let mut apt = Apt::new(&name, &[suite.to_string()], arch)?;
        apt.options.push("-o=Dir::State::status=/dev/null".into());
        Ok(apt)
    }

    /// An apt that knows the host's suite, its backports and what is installed: for installing from backports.
    pub fn with_backports() -> Result<(Apt, String)> {
        let release = std::fs::read_to_string("/etc/os-release")?;
        let codename = release
            .lines()
            .find_map(|l| l.strip_prefix("VERSION_CODENAME="))
            .context("/etc/os-release names no release")?
            .trim_matches('"')
            .to_string();
        let backports = format!("{codename}-backports");
        let suites = [codename, backports.clone()];
        let apt = Apt::new(&backports, &suites, Arch::X86_64)?;
        Ok((apt, backports))
    }

    fn new(name: &str, suites: &[String], arch: Arch) -> Result<Apt> {
        let dir = cache()?.join("apt").join(name);
        for sub in ["sources", "lists/partial", "archives/partial"] {
            std::fs::create_dir_all(dir.join(sub))?;
        }
        let mirror = mirror()?;
        let mut source = format!(
            "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nArchitectures: {}\n",
            mirror.uris.join(" "),
            suites.join(" "),
            arch.debian(),
        );
        if let Some(keys) = &mirror.signed_by {
            source.push_str(&format!("Signed-By: {keys}\n"));
        }
        std::fs::write(dir.join("sources/xtask.sources"), source)?;
        let at = |option: &str, path: &str| format!("-o={option}={}", dir.join(path).display());
        let options = vec![
            format!("-o=APT::Architecture={}", arch.debian()),
            "-o=Dir::Etc::sourcelist=/dev/null".into(),
            at("Dir::Etc::sourceparts", "sources"),
            at("Dir::State::lists", "lists"),
            at("Dir::Cache", ""),
            at("Dir::Cache::archives", "archives"),
            // The files are in a folder of ours, where apt's own user may not read.
            "-o=APT::Sandbox::User=root".into(),
            "-o=Acquire::Languages=none".into(),
            "-o=Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".into(),
            "-o=Acquire::Retries=2".into(),
        ];
        Ok(Apt { dir, options })
    }

    /// Fetches the index, unless it was fetched within the day.
    pub fn update(&self) -> Result<()> {
        let stamp = self.dir.join("updated");
        let age = std::fs::metadata(&stamp)
            .and_then(|m| m.modified())
            .ok()
            .and_then(|t| SystemTime::now().duration_since(t).ok());
        if age.is_some_and(|a| a < Duration::from_secs(24 * 3600)) {
            return Ok(());
        }
        // Errors must be errors: apt-get update warns and exits 0 when a mirror can't be reached.
        let mut update = apt::apt_get(&self.options);
        update.args(["-qq", "-o=APT::Update::Error-Mode=any", "update"]);
        quietly(&mut update)?;
        std::fs::write(stamp, "")?;
        Ok(())
    }

    /// Options for an `apt-get` of one's own.
    pub fn options(&self) -> &[String] {
        &self.options
    }

    /// What `package` depends on, directly.
    fn depends(&self, package: &str) -> Result<Vec<String>> {
        let text = sh::output(Command::new("apt-cache").args(&self.options).args([
            "depends",
            "--important",
            package,
        ]))?;
        Ok(text
            .lines()
            .filter_map(|l| l.trim().trim_start_matches('|').strip_prefix("Depends: "))
            .map(str::to_string)
            .collect())
    }

    /// `package` and all that it leads to among packages for which `wanted` holds.
    pub fn closure(&self, package: &str, wanted: fn(&str) -> bool) -> Result<Vec<String>> {
        let mut found = vec![package.to_string()];
        let mut next = 0;
        while let Some(name) = found.get(next).cloned() {
            next += 1;
            for dep in self.depends(&name)? {
                if wanted(&dep) && !found.contains(&dep) {
                    found.push(dep);
                }
            }
        }
        Ok(found)
    }

    /// Downloads packages and unpacks them into `into`, which is complete or absent. apt checks the sums that its signed index
    /// gives. The list of what was unpacked, with versions, is left in `packages.txt`.
    pub fn unpack(&self, packages: &[String], into: &Path) -> Result<()> {
        let archives = self.dir.join("archives");
        let before = into.with_extension("partial");
        for dir in [&before, &archives] {
            if dir.exists() {
                std::fs::remove_dir_all(dir)?;
            }
        }
        std::fs::create_dir_all(archives.join("partial"))?;
        std::fs::create_dir_all(before.join("root"))?;
        quietly(
            apt::apt_get(&self.options)
                .current_dir(&archives)
                .args(["-qq", "download"])
                .args(packages),
        )?;
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&archives)?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "deb") {
                sh::output(
                    Command::new("dpkg-deb")
                        .arg("-x")
                        .arg(&path)
                        .arg(before.join("root")),
                )?;
                names.push(entry.file_name().to_string_lossy().into_owned());
                std::fs::remove_file(&path)?;
            }
        }
        if names.len() != packages.len() {
            bail!("asked for {} packages, got {}", packages.len(), names.len());
        }
        names.sort();
        std::fs::write(before.join("packages.txt"), names.join("\n") + "\n")?;
        if into.exists() {
            std::fs::remove_dir_all(into)?;
        }
        std::fs::rename(&before, into)?;
        Ok(())
    }
}

/// Runs an `apt-get` whose options would fill the screen: an error has only what apt says.
fn quietly(apt: &mut Command) -> Result<()> {
    let out = apt.output().context("cannot run apt-get")?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        let errors: Vec<&str> = said.lines().filter_map(|l| l.strip_prefix("E: ")).collect();
        bail!(
            "can't be fetched: {}",
            if errors.is_empty() {
                said.trim().to_string()
            } else {
                errors.join("; ")
            }
        );
    }
    Ok(())
}

/// Packages of one suite, unpacked into the cache under `name`; from the cache if they are there.
pub fn unpacked(
    name: &str,
    (suite, arch): (&str, Arch),
    package: &str,
    wanted: fn(&str) -> bool,
) -> Result<PathBuf> {
    let dir = cache()?.join(name);
    if !dir.join("packages.txt").exists() {
        eprintln!("xtask: fetching {package} of {suite}");
        let apt = Apt::suite(suite, arch)?;
        apt.update()?;
        let mut packages = apt.closure(package, wanted)?;
        // A package that only depends on others has nothing to unpack, but says which version this is.
        packages.sort();
        if let Some(parent) = dir.parent() {
            std::fs::create_dir_all(parent)?;
        }
        apt.unpack(&packages, &dir)?;
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_of_sources_are_read() {
        let lines = "# deb http://a.example/debian old main\ndeb [arch=amd64 signed-by=/k.gpg] http://m.example/debian trixie main\n";
        let stanzas = "Types: deb\n# a comment\nURIs: http://m.example/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /k.gpg\n\nTypes: deb-src\nURIs: http://s.example\nSuites: trixie\n\nEnabled: no\nTypes: deb\nURIs: http://off.example\nSuites: trixie\n";
        let (one, two) = (one_line_sources(lines), stanza_sources(stanzas));
        assert_eq!((one.len(), two.len()), (1, 1));
        assert_eq!(one[0].uris, two[0].uris);
        assert_eq!(one[0].signed_by.as_deref(), Some("/k.gpg"));
        assert_eq!(two[0].suites, ["trixie", "trixie-updates"]);
    }
}
