//! `dsl/REFUSED.md`: what of D is refused here and why, written from the tables that refuse it.

use crate::flags::defs::{FLAGS, Support};
use crate::options::{OPTIONS, Status as OptStatus};
use dsl::builtin::{ACTIONS, SUBRS, SUBRS_ELSEWHERE, Status, VARS, VARS_ELSEWHERE};
use dsl::diag::NEVER_RAISED;
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "\
# What is refused, and why

Made from the tables that the command works by (`cargo xtask golden` rewrites it, a test compares). Each of these is an error that names
it; none is silence.

";

/// What depends on what the program does, or on how large it is.
const LIMITS: &[(&str, &str)] = &[
    (
        "a store through a pointer into a thread-local or an element that was looked up in another firing, or of which more than four are kept in one (`p = &a[k].x` here, `*p = 1` there)",
        "a fault, invalid address: the kernel's verifier wants to see where a pointer comes from; loads through it work",
    ),
    (
        "one clause that is too large for the kernel's verifier; clauses on one probe that are, of which one has `return()`, or where one stores through a pointer into an element that another one has looked up; more than 33 programs for the clauses of one probe",
        "an error that says so: clauses are divided among programs that call each other (tail calls, 33 at the most), which the kernel grants to none that overrides a function, and by which no pointer into a map goes over",
    ),
    (
        "clauses on one probe that are together too large for the verifier, before Linux 5.10",
        "an error that says so: programs with subprograms may make no tail calls there",
    ),
];

/// What Debian's dtrace (2.0.7) refuses, and what it is good for.
const MORE: &[(&str, &str)] = &[
    (
        "`trace()` of `usym()`, `umod()`, `uaddr()`, `sym()`, `mod()`, `stack()`, `ustack()`",
        "what the action alone prints: a macro or a script's argument may be any of them",
    ),
    (
        "`tracemem()` of a string",
        "its bytes, as of any address: `tracemem(execname, 16)` shows what `trace()` takes for text",
    ),
];

fn row(out: &mut String, name: &str, status: Status) {
    let why = match status {
        Status::Ready => return,
        Status::Refused(why) => why,
    };
    let _ = writeln!(out, "| `{name}` | {why} |");
}

fn table(out: &mut String, head: &str) {
    let _ = writeln!(out, "\n## {head}\n\n| | why |\n|---|---|");
}

fn page() -> String {
    let mut out = HEAD.trim_end().to_owned() + "\n";
    table(&mut out, "Variables");
    for r in VARS {
        row(&mut out, r.var.name(), r.status);
    }
    for (name, why) in VARS_ELSEWHERE {
        row(&mut out, name, Status::Refused(why));
    }
    table(&mut out, "Subroutines");
    for r in SUBRS {
        row(&mut out, &format!("{}()", r.subr.name()), r.status);
    }
    for (name, why) in SUBRS_ELSEWHERE {
        row(&mut out, &format!("{name}()"), Status::Refused(why));
    }
    table(&mut out, "Actions");
    for r in ACTIONS {
        row(&mut out, &format!("{}()", r.name), r.status);
    }
    table(&mut out, "Options");
    for r in OPTIONS {
        match r.status {
            OptStatus::Done => {}
            OptStatus::Refused(why) => row(&mut out, r.name, Status::Refused(why)),
            OptStatus::Moot(why) => {
                let _ = writeln!(out, "| `{}` | accepted, without effect: {why} |", r.name);
            }
        }
    }
    table(&mut out, "Flags");
    for d in FLAGS {
        if let Support::Refused(why) = d.support {
            row(&mut out, &format!("-{}", d.name), Status::Refused(why));
        }
    }
    table(&mut out, "At run time");
    for (what, why) in LIMITS {
        let _ = writeln!(out, "| {what} | {why} |");
    }
    table(&mut out, "Accepted, unlike elsewhere");
    for (what, why) in MORE {
        let _ = writeln!(out, "| {what} | {why} |");
    }
    table(&mut out, "Error tags that no program raises");
    for (tag, why) in NEVER_RAISED {
        let _ = writeln!(out, "| `{tag}` | {why} |");
    }
    out
}

#[test]
fn the_list_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dsl/REFUSED.md");
    let want = page();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &want).expect("write");
    }
    let have = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        have == want,
        "{} is not current: cargo xtask golden",
        file.display()
    );
}
