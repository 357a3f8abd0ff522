//! Why a module can't be built or loaded here: what is looked at, once, with what to do.

use super::{ko, release};
use std::fs;
use std::io;
use std::path::Path;

/// A program along `PATH`.
fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// All that building lacks. `own`: the tree is the running kernel's.
pub fn cannot_build(tree: &Path, own: bool) -> Vec<String> {
    let mut missing = Vec::new();
    if !Path::new("/proc/modules").exists() && own {
        missing.push(
            "the running kernel loads no modules at all (it is built without CONFIG_MODULES)"
                .to_owned(),
        );
    }
    if !tree.join("Makefile").is_file() {
        missing.push(match own {
            true => format!(
                "the kernel's headers are not there ({} leads to no Makefile): install the package linux-headers-{release} (Debian, Ubuntu), kernel-devel-{release} (Fedora, RHEL, CentOS) or kernel-default-devel (SUSE), or name a build tree of this kernel: dtrace --kmod build TREE",
                tree.display(),
                release = release()
            ),
            false => format!("{} is no kernel's build tree: it has no Makefile", tree.display()),
        });
    } else if !tree.join("include/generated/autoconf.h").is_file()
        && !tree.join("include/linux/autoconf.h").is_file()
    {
        missing.push(format!(
            "{} is not configured (no autoconf.h): run `make modules_prepare` there",
            tree.display()
        ));
    }
    for (program, package) in [("make", "make"), ("ld", "binutils")] {
        if !has(program) {
            missing.push(format!(
                "there is no {program} along PATH: install the package {package}"
            ));
        }
    }
    let compiler = other_compiler(tree).or_else(|| own_compiler(tree));
    if !compiler.as_deref().is_some_and(has) {
        let own = own_compiler(tree).unwrap_or_else(|| "gcc".to_owned());
        missing.push(format!(
            "there is no compiler along PATH: install the package gcc (the kernel was built by {own}), or name one in CC"
        ));
    }
    missing
}

/// The compiler that the kernel was built with, as its configuration has it.
fn own_compiler(tree: &Path) -> Option<String> {
    let text = fs::read_to_string(tree.join(".config")).unwrap_or_default();
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix("CONFIG_CC_VERSION_TEXT=\""));
    let word = line.and_then(|l| l.split([' ', '"']).next());
    // Cross compilers have long names of which the last part is what one has.
    let word = word.filter(|w| !w.is_empty()).unwrap_or("gcc");
    Some(
        word.rsplit_once("gnu-")
            .map_or(word, |(_, name)| name)
            .to_owned(),
    )
}

/// The compiler to be used instead of the one that the tree asks for: the user's, or the one that is there.
pub fn other_compiler(tree: &Path) -> Option<String> {
    if let Ok(wanted) = std::env::var("CC")
        && !wanted.is_empty()
    {
        return Some(wanted);
    }
    let own = own_compiler(tree)?;
    (!has(&own) && has("gcc")).then(|| "gcc".to_owned())
}

/// Whether the kernel takes only signed modules, and by what that is known.
pub fn wants_signature() -> Option<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    if read("/sys/module/module/parameters/sig_enforce").trim() == "Y" {
        return Some("it takes only signed modules (module.sig_enforce)".to_owned());
    }
    let lockdown = read("/sys/kernel/security/lockdown");
    let mode = lockdown.split('[').nth(1).and_then(|m| m.split(']').next());
    if let Some(mode) = mode.filter(|m| *m != "none") {
        return Some(format!(
            "it is locked down (lockdown={mode}), which lets only signed modules in"
        ));
    }
    None
}

/// Secure Boot, as the firmware's variable says: four bytes of attributes, then 1.
fn secure_boot() -> bool {
    let variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    fs::read(variable).is_ok_and(|v| v.get(4) == Some(&1))
}

/// What an errno of init_module(2) means here.
pub fn cannot_load(error: io::Error, image: &[u8]) -> String {
    let sign = || {
        let secure = match secure_boot() {
            true => " Secure Boot is on: the key has to be enrolled (mokutil --import).",
            false => "",
        };
        format!(
            "sign it with a key that the kernel trusts (scripts/sign-file of the kernel's build tree).{secure}"
        )
    };
    match error.raw_os_error() {
        Some(libc::EPERM) => {
            if fs::read_to_string("/proc/sys/kernel/modules_disabled")
                .is_ok_and(|t| t.trim() == "1")
            {
                return "loading modules is switched off until the next boot (kernel.modules_disabled)".to_owned();
            }
            match wants_signature() {
                Some(why) => format!("{why}: {}", sign()),
                None => "loading a module needs root (CAP_SYS_MODULE)".to_owned(),
            }
        }
        Some(libc::EKEYREJECTED | libc::ENOKEY | libc::EBADMSG) => {
            let why = wants_signature().unwrap_or_else(|| "it checks signatures".to_owned());
            format!("{why}: {}", sign())
        }
        Some(libc::ENOEXEC) => match ko::info(image, "vermagic") {
            None => "it is no kernel module".to_owned(),
            Some(magic) if magic.split(' ').next() != Some(&release()) => format!(
                "it is built for {}, this is {}: build it again with `dtrace --kmod build`",
                magic.split(' ').next().unwrap_or_default(),
                release()
            ),
            Some(magic) => format!(
                "its form or version (vermagic {}) is not this kernel's; the kernel's log (dmesg) says which",
                magic.trim()
            ),
        },
        Some(libc::ENOENT) => {
            "it needs a symbol that this kernel doesn't export; the kernel's log (dmesg) names it"
                .to_owned()
        }
        Some(libc::ENOSYS) => {
            "this kernel loads no modules (it is built without CONFIG_MODULES)".to_owned()
        }
        Some(libc::ENOMEM) => "out of memory".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_is_not_there_is_named() {
        let dir = std::env::temp_dir().join("no-such-kernel-tree");
        let missing = cannot_build(&dir, false);
        assert!(
            missing[0].contains("is no kernel's build tree"),
            "{missing:?}"
        );
        let missing = cannot_build(&dir, true);
        assert!(
            missing
                .iter()
                .any(|m| m.contains(&format!("linux-headers-{}", release()))),
            "{missing:?}"
        );
    }

    #[test]
    fn errors_of_loading_are_told_apart() {
        let of = |n| cannot_load(io::Error::from_raw_os_error(n), b"\0vermagic=0.9 SMP \0");
        assert!(of(libc::ENOEXEC).contains("built for 0.9"));
        assert!(of(libc::ENOENT).contains("symbol"));
        assert!(of(libc::EKEYREJECTED).contains("sign-file"));
        let none = cannot_load(io::Error::from_raw_os_error(libc::ENOEXEC), b"x");
        assert!(none.contains("no kernel module"));
    }
}
