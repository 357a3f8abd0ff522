//! What the host and a guest's init say to each other, over one virtio port or serial line: frames of a kind, a length
//! (32 bits, little-endian) and a body. One stream for everything keeps order, and works where a kernel has one port only.

use std::io::{self, Write};

/// Longest body that is believed; a longer one means that the stream is out of step.
const MOST: usize = 1 << 20;

/// Kinds sent by the guest. Bodies in brackets.
pub mod from_guest {
    /// Init is up [the kernel's release].
    pub const READY: u8 = b'R';
    /// Piece of the command's stdout [bytes].
    pub const OUT: u8 = b'O';
    /// Piece of the command's stderr [bytes].
    pub const ERR: u8 = b'E';
    /// The command ended [`exit N`, `signal N`, `limit`, or `cannot start: …`].
    pub const ENDED: u8 = b'X';
    /// Piece of a file that was asked for [bytes].
    pub const FILE: u8 = b'F';
    /// The file is complete [nothing], or can't be had [why].
    pub const FILE_END: u8 = b'f';
}

/// Kinds sent by the host.
pub mod from_host {
    /// Run a command [time limit in seconds, then its words, each ended by NUL].
    pub const RUN: u8 = b'r';
    /// Send a file [path].
    pub const GET: u8 = b'g';
    /// Power off [nothing].
    pub const OFF: u8 = b'q';
}

/// Writes one frame.
pub fn send(to: &mut dyn Write, kind: u8, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(body.len() + 5);
    frame.push(kind);
    frame.extend(length.to_le_bytes());
    frame.extend(body);
    to.write_all(&frame)?;
    to.flush()
}

/// Puts frames together from whatever pieces arrive.
#[derive(Default)]
pub struct Reader {
    held: Vec<u8>,
}

impl Reader {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend(bytes);
    }

    /// The next whole frame, if there is one; an error when what is there can't be a frame.
    pub fn next(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        let Some((&[kind, a, b, c, d], _)) = self.held.split_first_chunk::<5>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if !kind.is_ascii_alphabetic() || length > MOST {
            return Err(io::Error::other("the guest's stream is out of step"));
        }
        if self.held.len() < 5 + length {
            return Ok(None);
        }
        let rest = self.held.split_off(5 + length);
        let mut frame = std::mem::replace(&mut self.held, rest);
        frame.drain(..5);
        Ok(Some((kind, frame)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_any_cutting() {
        let mut stream = Vec::new();
        send(&mut stream, b'O', b"hello").unwrap();
        send(&mut stream, b'X', b"").unwrap();
        send(&mut stream, b'E', &[0; 300]).unwrap();
        for size in 1..stream.len() {
            let mut reader = Reader::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(size) {
                reader.push(piece);
                while let Some((kind, body)) = reader.next().unwrap() {
                    seen.push((kind, body.len()));
                }
            }
            assert_eq!(seen, [(b'O', 5), (b'X', 0), (b'E', 300)]);
        }
    }

    #[test]
    fn noise_is_an_error_not_a_wait() {
        let mut reader = Reader::default();
        reader.push(b"Oops: 0002 [#1]");
        assert!(reader.next().is_err());
    }
}
