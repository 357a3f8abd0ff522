//! Where the output goes: one buffer, written out at the end of each drain and before anything is said on the standard
//! error, so that the two keep their order on a terminal.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::os::fd::AsFd;

/// A destination.
enum Sink {
    Stdout,
    File(File),
    #[cfg(test)]
    Memory(Vec<u8>),
}

/// The output of a session.
pub struct Out {
    sink: Sink,
    /// Where it went before `freopen()`.
    first: Option<Sink>,
    /// What is not written yet.
    pub buf: Vec<u8>,
    closed: bool,
    #[cfg(test)]
    messages: String,
}

/// Beyond so many bytes the buffer is written before the drain's end.
const ENOUGH: usize = 256 << 10;

impl Out {
    fn new(sink: Sink) -> Out {
        Out {
            sink,
            first: None,
            buf: Vec::new(),
            closed: false,
            #[cfg(test)]
            messages: String::new(),
        }
    }

    /// The standard output.
    pub fn stdout() -> Out {
        Out::new(Sink::Stdout)
    }

    /// `-o`: appended to, as DTrace does.
    pub fn file(path: &str) -> io::Result<Out> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Out::new(Sink::File(file)))
    }

    /// From here on to the end of that file; with an empty name back to where it went at first.
    pub fn reopen(&mut self, path: &OsStr) -> io::Result<()> {
        self.flush()?;
        if path.is_empty() {
            if let Some(first) = self.first.take() {
                self.sink = first;
            }
            return Ok(());
        }
        let file = File::options().append(true).create(true).open(path)?;
        let before = std::mem::replace(&mut self.sink, Sink::File(file));
        self.first.get_or_insert(before);
        Ok(())
    }

    /// Whether it goes to a file of its own (`-o`, `freopen()`).
    pub fn is_file(&self) -> bool {
        matches!(self.sink, Sink::File(_))
    }

    /// Whether nothing has been written to the file, by whomever.
    pub fn is_empty(&self) -> bool {
        let Sink::File(f) = &self.sink else {
            return false;
        };
        self.buf.is_empty() && f.metadata().is_ok_and(|m| m.len() == 0)
    }

    /// Drops what the file holds. Where the output goes to no file, nothing happens.
    pub fn truncate(&mut self) -> io::Result<()> {
        self.flush()?;
        let cut = |mut f: &File| f.set_len(0).and_then(|()| f.seek(SeekFrom::Start(0)));
        let _ = match &self.sink {
            Sink::Stdout => cut(&File::from(io::stdout().as_fd().try_clone_to_owned()?)),
            Sink::File(f) => cut(f),
            #[cfg(test)]
            Sink::Memory(_) => Ok(0),
        };
        Ok(())
    }

    /// For tests.
    #[cfg(test)]
    pub fn memory() -> Out {
        Out::new(Sink::Memory(Vec::new()))
    }

    /// Everything written so far, and everything said.
    #[cfg(test)]
    pub fn written(&mut self) -> (String, String) {
        let _ = self.flush();
        let Sink::Memory(m) = &self.sink else {
            panic!("not in memory")
        };
        (
            String::from_utf8_lossy(m).into_owned(),
            self.messages.clone(),
        )
    }

    /// The reader has gone: nothing more need be printed.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Writes out what there is.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.closed || self.buf.is_empty() {
            self.buf.clear();
            return Ok(());
        }
        let result = match &mut self.sink {
            Sink::Stdout => {
                let mut o = io::stdout().lock();
                o.write_all(&self.buf).and_then(|()| o.flush())
            }
            Sink::File(f) => f.write_all(&self.buf),
            #[cfg(test)]
            Sink::Memory(m) => m.write_all(&self.buf),
        };
        self.buf.clear();
        match result {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            r => r,
        }
    }

    /// Writes out what there is if it is much.
    pub fn flush_if_full(&mut self) -> io::Result<()> {
        match self.buf.len() > ENOUGH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Says something on the standard error, after everything printed before.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.flush()?;
        #[cfg(test)]
        if matches!(self.sink, Sink::Memory(_)) {
            self.messages.push_str(text);
            return Ok(());
        }
        // Nobody reads the standard error: no reason to stop.
        let _ = io::stderr().lock().write_all(text.as_bytes());
        Ok(())
    }
}
