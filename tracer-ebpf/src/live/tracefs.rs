//! Reading tracefs, mounted or not.
//!
//! Where it is not mounted, an instance is made for this process alone: a detached mount that no path leads to and that
//! goes with the descriptor. Mounting it for everybody is the administrator's business.

use rustix::fs::{AtFlags, Dir, Mode, OFlags, accessat, open, openat};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};
use std::io::{self, Read};
use std::os::fd::OwnedFd;

/// Where distributions mount it.
const MOUNTED: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// tracefs.
pub struct Tracefs {
    root: OwnedFd,
}

impl Tracefs {
    /// Opens it, one way or the other.
    pub fn open() -> io::Result<Tracefs> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        for path in MOUNTED {
            if let Ok(root) = open(path, flags, Mode::empty())
                && accessat(
                    &root,
                    "events",
                    rustix::fs::Access::EXISTS,
                    AtFlags::empty(),
                )
                .is_ok()
            {
                return Ok(Tracefs { root });
            }
        }
        let fs = fsopen("tracefs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(&fs)?;
        let root = fsmount(&fs, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
        Ok(Tracefs { root })
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> io::Result<String> {
        let fd = openat(
            &self.root,
            path,
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let mut text = String::new();
        std::fs::File::from(fd).read_to_string(&mut text)?;
        Ok(text)
    }

    /// Whether there is something of that name.
    pub fn exists(&self, path: &str) -> bool {
        accessat(
            &self.root,
            path,
            rustix::fs::Access::EXISTS,
            AtFlags::empty(),
        )
        .is_ok()
    }

    /// Names of a directory's subdirectories.
    pub fn subdirectories(&self, path: &str) -> io::Result<Vec<String>> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let dir = openat(&self.root, path, flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy();
            if entry.file_type().is_dir() && name != "." && name != ".." {
                names.push(name.into_owned());
            }
        }
        Ok(names)
    }
}
