//! The initramfs format: a "newc" cpio archive. Written here because it is one header and some padding, and because
//! device nodes are needed that nobody but root could make on disk first.

/// An archive under construction.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

const DIR: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHAR: u32 = 0o020_000;

impl Archive {
    /// A directory. Its parents must have been added before.
    pub fn dir(&mut self, path: &str) {
        self.entry(path, DIR | 0o755, (0, 0), &[]);
    }

    /// A regular file with these permission bits.
    pub fn file(&mut self, path: &str, mode: u32, data: &[u8]) {
        self.entry(path, FILE | mode, (0, 0), data);
    }

    /// A symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK | 0o777, (0, 0), target.as_bytes());
    }

    /// A character device.
    pub fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.entry(path, CHAR | 0o600, (major, minor), &[]);
    }

    /// The whole archive. The kernel takes several, one after the other, each ending on a multiple of four.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), data: &[u8]) {
        let path = path.trim_start_matches('/');
        self.entries += 1;
        let (size, name) = (data.len(), path.len() + 1);
        let mut header = String::from("070701");
        // inode, mode, uid, gid, links, mtime, size, device of the file, device that it is, length of name, checksum
        for field in [
            self.entries as usize,
            mode as usize,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            device.0 as usize,
            device.1 as usize,
            name,
            0,
        ] {
            header.push_str(&format!("{field:08x}"));
        }
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(data);
        self.pad();
    }

    fn pad(&mut self) {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_headed() {
        let mut a = Archive::default();
        a.dir("/dev");
        a.file("init", 0o755, b"12345");
        a.link("bin/sh", "busybox");
        a.device("dev/console", 5, 1);
        let bytes = a.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes);
        let at = text.find("init\0").unwrap();
        // Name length 5, then no checksum; mode with file type; five bytes of data after a padded name.
        assert_eq!(&text[at - 16..at], "0000000500000000");
        assert_eq!(
            &text[at - 110..at - 88],
            "0707010000000200008 1ed".replace(' ', "").as_str()
        );
        assert!(bytes[at..].windows(5).any(|w| w == b"12345"));
        assert_eq!(text.matches("070701").count(), 5);
        assert!(text.contains("TRAILER!!!\0"));
    }
}
