//! The `dtrace` command.
//!
//! ```text
//! flags ─ what was typed ─▶ what it means ─▶ run ─┬─ compile ─ plan ─ lower ─ load ─┐
//!            options ──────────▲                  ├─ target: -c, -p                  ├─▶ consume ─▶ text
//!                                                 └─ select: which kernel side ──────┘
//! ```

mod bpflog;
mod compile;
mod consume;
mod flags;
mod kmod;
mod list;
mod options;
mod run;
mod select;
mod signals;
mod target;

use flags::{Mode, Refusal};
use run::Ended;
use std::io::Write;
use std::process::ExitCode;

/// Something went wrong.
const FATAL: u8 = 1;
/// The command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = std::env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned());
    let env = std::env::vars_os()
        .filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)));
    let request = flags::parse(args)
        .map_err(Refusal::from)
        .and_then(|typed| flags::understand(typed, env));
    let request = match request {
        Ok(r) => r,
        Err(Refusal::Fatal(text)) => return fail(FATAL, &format!("dtrace: {text}\n")),
        Err(Refusal::Usage(u)) => {
            let mut text = String::new();
            if !u.text.is_empty() {
                text.push_str(&format!("dtrace: {}\n", u.text));
            }
            if u.show {
                text.push_str(&flags::usage());
            }
            return fail(USAGE, &text);
        }
    };
    match request.mode {
        Mode::Help => print(&flags::usage()),
        Mode::Version => {
            let more = if request.verbose > 0 {
                format!("Kernel sides:\n{}", select::report(&request.options))
            } else {
                String::new()
            };
            print(&format!(
                "dtrace: dtrace {} for Linux\n{more}",
                env!("CARGO_PKG_VERSION")
            ))
        }
        Mode::Backends => {
            let (text, usable) = select::describe(&request.options);
            match (usable, print(&text)) {
                (true, code) => code,
                (false, _) => ExitCode::from(FATAL),
            }
        }
        Mode::Kmod(action) => {
            let out = request.output.as_deref();
            match kmod::run(action, &request.args, out, request.verbose) {
                Ok(text) => print(&text),
                Err(e) => fail(
                    FATAL,
                    &format!("dtrace: {}\n", without_numbers(&format!("{e:#}"))),
                ),
            }
        }
        Mode::Trace | Mode::CompileOnly | Mode::List => match run::run(request) {
            Ok(Ended::Status(n)) => ExitCode::from(n as u8),
            Ok(Ended::BadProgram(text)) => fail(FATAL, &text),
            Err(e) => fail(
                FATAL,
                &format!("dtrace: {}\n", without_numbers(&format!("{e:#}"))),
            ),
        },
    }
}

/// Nobody may be there to read it: then there is nothing to do.
fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn fail(status: u8, text: &str) -> ExitCode {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    ExitCode::from(status)
}

/// `No such file or directory (os error 2)` without what Rust adds.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" (os error ") {
        out.push_str(before);
        rest = after.split_once(')').map_or("", |(_, r)| r);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    #[test]
    fn error_numbers_are_left_out() {
        assert_eq!(
            super::without_numbers("a: b (os error 2): c (os error 13)"),
            "a: b: c"
        );
        assert_eq!(super::without_numbers("plain"), "plain");
    }
}
