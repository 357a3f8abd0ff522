//! Packets: into a capture file, where the output goes to a file; else as a dump.
//!
//! The file is of the classic kind with nanoseconds, which every tool reads: a head, then each packet behind a head of its own.

use super::out::Out;
use super::record;
use super::value::Value;

/// Of the file, in our byte order: nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
/// Nothing that is longer is kept by those who read the file.
const SNAPLEN: u32 = 65_535;

/// One packet.
pub(super) struct Packet<'a> {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// What it is.
    pub link: u32,
    /// Its length on the wire.
    pub bytes: u32,
    /// What was captured of it.
    pub data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// From the five values of a `pcap()`.
    pub fn read(values: &mut dyn Iterator<Item = Value<'a>>) -> Packet<'a> {
        let mut number = || values.next().map_or(0, |v| v.unsigned());
        let (time, link, bytes, there) = (number(), number(), number(), number());
        let data = match values.next() {
            Some(Value::Bytes { data, .. }) => data,
            _ => &[],
        };
        let most = usize::try_from(there).unwrap_or(usize::MAX);
        Packet {
            time,
            link: link as u32,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            data: data.get(..most).unwrap_or(data),
        }
    }

    /// Puts it out.
    pub fn print(&self, out: &mut Out) {
        if !out.is_file() {
            return record::dump(&mut out.buf, self.data);
        }
        if out.is_empty() {
            // Version 2.4; time zone and accuracy are always 0.
            let version = [2_u16, 4].map(u16::to_ne_bytes).concat();
            out.buf.extend(MAGIC.to_ne_bytes());
            out.buf.extend(version);
            for word in [0, 0, SNAPLEN, self.link] {
                out.buf.extend(word.to_ne_bytes());
            }
        }
        let (seconds, rest) = (self.time / 1_000_000_000, self.time % 1_000_000_000);
        let kept = self.data.len() as u32;
        for word in [seconds as u32, rest as u32, kept, self.bytes.max(kept)] {
            out.buf.extend(word.to_ne_bytes());
        }
        out.buf.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_read() {
        let path = std::env::temp_dir().join(format!("dtrace-pcap-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut out = Out::file(&path.to_string_lossy()).expect("file");
        let packet = |data| Packet {
            time: 3_000_000_007,
            link: 1,
            bytes: 60,
            data,
        };
        packet(b"abcd").print(&mut out);
        out.flush().expect("flush");
        packet(b"xy").print(&mut out);
        out.flush().expect("flush");
        let file = std::fs::read(&path).expect("read");
        let _ = std::fs::remove_file(&path);
        let word = |at: usize| u32::from_ne_bytes(file[at..at + 4].try_into().expect("word"));
        assert_eq!(word(0), MAGIC);
        assert_eq!((word(16), word(20)), (SNAPLEN, 1));
        assert_eq!([24, 28, 32, 36].map(word), [3, 7, 4, 60]);
        assert_eq!(&file[40..44], b"abcd");
        assert_eq!([44, 48, 52, 56].map(word), [3, 7, 2, 60]);
        assert_eq!(&file[60..], b"xy");
    }
}
