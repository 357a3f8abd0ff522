//! Names in a folder. The C library's way asks for more than kernels before 2.6.39 can tell (`fstatat` of an empty name), and
//! there a folder can't be read at all; this asks for the names alone.

use rustix::fs::{CWD, Dir, Mode, OFlags, openat};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// The names in a folder, in no order; not `.` and `..`.
pub fn names(path: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = openat(CWD, path.as_ref(), flags, Mode::empty())?;
    let mut names = Vec::new();
    for entry in Dir::new(fd)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_the_library_has_them() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/kmod");
        let mut ours = super::names(dir).unwrap();
        let theirs = std::fs::read_dir(dir).unwrap();
        let mut theirs: Vec<_> = theirs.map(|e| e.unwrap().file_name()).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        assert!(super::names("/nonexistent").is_err());
    }
}
