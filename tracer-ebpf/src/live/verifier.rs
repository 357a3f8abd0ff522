//! What to say when the kernel refuses a program: the clause it belongs to, the reason, and where the log is.

use super::elf;
use crate::backend::{BackendError, LoadOptions};
use crate::image::Prog;
use std::io::{self, Write};

/// Turns a failed load into an error. `log` is the verifier's, empty where it did not get that far.
pub fn refused(
    prog: &Prog,
    cause: io::Error,
    log: &str,
    options: &LoadOptions<'_>,
) -> BackendError {
    if too_much(log, &cause) {
        return BackendError::TooComplex(format!(
            "{} is more than this kernel's verifier goes through: before Linux 6.9 it follows every round of the loops over strings. Shorter strings (-x strsize) or fewer subroutines on strings in a clause need less",
            place(prog, log, options)
        ));
    }
    if log.trim().is_empty() {
        return match cause.raw_os_error() {
            Some(libc::EPERM) => BackendError::Privilege(format!(
                "the kernel does not let this user load {} (missing CAP_BPF and CAP_PERFMON, or locked down): run as root",
                describe(prog)
            )),
            _ => BackendError::Io {
                what: format!("loading {}", describe(prog)),
                cause,
            },
        };
    }
    let place = place(prog, log, options);
    if log.contains("cannot use helper bpf_probe_write_user") {
        return BackendError::Privilege(format!(
            "{place}: copyout() and copyoutstr() are refused: this kernel lets nobody write to processes from BPF (lockdown, or no CAP_SYS_ADMIN)"
        ));
    }
    let file = match save(prog, &place, log) {
        Ok(path) => path,
        Err(e) => format!("nowhere: {e}"),
    };
    BackendError::Verifier {
        place,
        reason: reason(log, &cause),
        log: file,
    }
}

/// Whether the verifier gave up on the program's size, not on what it does. With a log of all that it goes through, the
/// log's end (`ENOSPC`) is met first.
fn too_much(log: &str, source: &io::Error) -> bool {
    let says = |text| log.contains(text);
    matches!(source.raw_os_error(), Some(libc::E2BIG | libc::ENOSPC))
        || says("BPF program is too large")
        || says("jumps is too complex")
}

/// A program in a message.
pub fn describe(prog: &Prog) -> String {
    format!("the program {} ({:?})", prog.name, prog.kind)
}

/// The clause whose code the verifier was looking at when it gave up; the program, where it does not say and there are
/// several.
fn place(prog: &Prog, log: &str, options: &LoadOptions<'_>) -> String {
    let at = failing(log);
    let mut clauses = prog.lines.iter().map(|&(_, clause, _)| clause);
    let first = clauses.next();
    if at.is_none() && clauses.any(|c| Some(c) != first) {
        return describe(prog);
    }
    let at = at.unwrap_or(0);
    let ours = elf::kernel_order(prog, &prog.insns)
        .get(at)
        .copied()
        .unwrap_or(at);
    let line = prog
        .lines
        .iter()
        .rev()
        .find(|(start, ..)| *start as usize <= ours)
        .or(prog.lines.first());
    match line {
        Some(&(_, clause, span)) => (options.place)(clause, span),
        None => describe(prog),
    }
}

/// The last instruction in a log: its lines are `12: (85) call …`, states and remarks between them.
fn failing(log: &str) -> Option<usize> {
    let mut numbers = log.lines().rev().filter_map(|l| {
        let (number, rest) = l.trim_start().split_once(": (")?;
        rest.get(2..3).filter(|c| *c == ")")?;
        number.parse().ok()
    });
    let mut invalid = log.lines().rev().filter_map(|l| {
        // Refused before the walk: `jump out of range from insn 3 to 9`, `unreachable insn 7`.
        let (_, rest) = l.split_once(" insn ")?;
        rest.split_whitespace().next()?.parse().ok()
    });
    numbers.next().or(invalid.next())
}

/// The last line that says something.
fn reason(log: &str, source: &io::Error) -> String {
    log.lines()
        .rev()
        .map(str::trim)
        .find(|l| {
            !l.is_empty()
                && !l.starts_with("processed ")
                && !l.starts_with("verification time")
                && !l.starts_with("stack depth")
        })
        .map_or_else(|| source.to_string(), str::to_owned)
}

/// Writes the log beside other temporary files, never over an existing one.
fn save(prog: &Prog, place: &str, log: &str) -> io::Result<String> {
    let dir = std::env::temp_dir();
    for n in 0..1000 {
        let path = dir.join(format!(
            "dtrace-verifier-{}-{}-{n}.log",
            std::process::id(),
            prog.name
        ));
        match std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
        {
            Ok(mut f) => {
                write!(f, "{place}\n{}\n\n{log}", describe(prog))?;
                return Ok(path.display().to_string());
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_too_large_is_no_bug() {
        let error = |n| io::Error::from_raw_os_error(n);
        assert!(too_much("", &error(libc::E2BIG)));
        assert!(too_much("12: (07) r1 += 8", &error(libc::ENOSPC)));
        let log = "The sequence of 8193 jumps is too complex.\nprocessed 9 insns\n";
        assert!(too_much(log, &error(libc::EFAULT)));
        assert!(!too_much("R1 invalid mem access", &error(libc::EACCES)));
    }

    #[test]
    fn logs() {
        let log = "0: R1=ctx() R10=fp0\n0: (79) r1 = *(u64 *)(r1 +8)\n1: (61) r0 = *(u32 *)(r1 +0)\n\
            R1 invalid mem access 'scalar'\nprocessed 2 insns (limit 1000000)\n";
        assert_eq!(failing(log), Some(1));
        let e = io::Error::from_raw_os_error(libc::EACCES);
        assert_eq!(reason(log, &e), "R1 invalid mem access 'scalar'");
        assert_eq!(failing("unreachable insn 7\n"), Some(7));
        assert_eq!(failing(""), None);
        assert_eq!(reason("", &e), e.to_string());
    }
}
