//! Where the output goes: one buffer, written out at the end of each drain and before anything is said on the standard
//! error, so that the two keep their order on a terminal.

use std::fs::File;
use std::io::{self, ErrorKind, Write};

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
