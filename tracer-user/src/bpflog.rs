//! `-x bpfdebug`: what programs log at run time, on the standard error.

use log::{LevelFilter, Log, Metadata, Record};
use std::io::Write;

/// What generated programs log under.
const TARGET: &str = "dtrace";

struct Stderr;

/// `dtrace: error: script.d:17: syscall::read:entry: invalid address (0x8)`.
fn line(r: &Record<'_>) -> String {
    let level = r.level().as_str().to_lowercase();
    let place = match (r.file(), r.line()) {
        (Some(file), Some(line)) if !file.is_empty() => format!("{file}:{line}: "),
        _ => String::new(),
    };
    let module = r.module_path().unwrap_or_default();
    format!("dtrace: {level}: {place}{module}: {}\n", r.args())
}

impl Log for Stderr {
    fn enabled(&self, m: &Metadata<'_>) -> bool {
        m.target() == TARGET
    }
    fn log(&self, r: &Record<'_>) {
        if self.enabled(r.metadata()) {
            // Nobody may be there to read it.
            let _ = std::io::stderr().lock().write_all(line(r).as_bytes());
        }
    }
    fn flush(&self) {}
}

/// From now on.
pub fn install() {
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_where() {
        let r = Record::builder()
            .level(log::Level::Error)
            .target(TARGET)
            .module_path(Some("syscall::read:entry"))
            .file(Some("script.d"))
            .line(Some(17))
            .args(format_args!("invalid address (0x8)"))
            .build();
        assert_eq!(
            line(&r),
            "dtrace: error: script.d:17: syscall::read:entry: invalid address (0x8)\n"
        );
    }
}
