//! The corpus of D programs, run by the real command on this kernel.
//!
//! `dsl/tests/d/<topic>/tst.<what>.d` with a sibling `.out` is run as `dtrace -q -s FILE`; its standard output must be
//! exactly the sibling (`BLESS=1` writes it: only after looking). Comments within the program say more:
//!
//! ```text
//! /* @args: -x strsize=64 -- 42 word */   instead of `-q`; what follows `--` are the macro arguments
//! /* @cmd: /bin/true */                   a command for -c
//! /* @exit: 3 */                          the status of the command, instead of 0
//! /* @err: invalid address */             a pattern that standard error must match; without it nothing may be there
//! /* @needs: fbt::vfs_read:entry */       probes that the kernel must have: where it has none of them, that is a skip
//! /* @needs: = curthread->stack */        an expression that must mean something there, of its types and symbols
//! ```
//!
//! `err/<stage>/err.<TAG>.<what>.d` must be refused with that tag and exit 1. `_DTRACE_TESTING` is set, which leaves out what
//! differs from run to run (the columns for CPU and probe number, the newline at the end).
//!
//! `cargo xtask matrix` runs this same test, linked statically, on other kernels; the variables that begin with `DTRACE_TEST_`
//! tell it where things are there.

mod common;

use common::{ELSEWHERE, diff, dtrace, finish, privileged};
use legacy_kmod::dir::names;
use regex_lite::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Programs that the checker's tests try against a kernel of their own making: the running one has other probes and types.
const OTHER_KERNEL: &[&str] = &[
    "err.D_ADDROF_BITFIELD.field.d",
    "err.D_ARGS_IDX.declared.d",
    "err.D_ARGS_IDX.range.d",
    "err.D_ARGS_MULTI.several.d",
    "err.D_ARGS_TYPE.variable.d",
    "err.D_ARGS_XLATOR.unknown.d",
    "err.D_OFFSETOF_BITFIELD.field.d",
    "err.D_OP_INCOMPLETE.forward.d",
    "err.D_PRAGMA_DEPEND.provider.d",
    "err.D_PRAGMA_UNUSED.provider.d",
    "err.D_SIZEOF_BITFIELD.field.d",
    "err.D_SYM_NOTYPES.untyped.d",
];

fn dir(topic: &str) -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../dsl/tests/d");
    let corpus = std::env::var_os("DTRACE_TEST_CORPUS").map(PathBuf::from);
    corpus.unwrap_or_else(here).join(topic)
}

/// How long a program may take. A guest's CPUs are emulated, its host may be slow as well, and all of its programs together
/// have a limit of the host's.
fn limit() -> Duration {
    let slowness = std::env::var("DTRACE_TEST_SLOWNESS").unwrap_or_default();
    let slowness = slowness.parse().unwrap_or(1);
    Duration::from_secs(if std::env::var_os(ELSEWHERE).is_some() {
        90 * slowness
    } else {
        20
    })
}

/// Whether `<topic>/<file>` is among the words of this variable: `DTRACE_TEST_KNOWN` has what the kernel is known not to be
/// able to do, `DTRACE_TEST_LEAVE` what takes too long there.
fn listed(variable: &str, topic: &str, path: &Path) -> bool {
    let listed = std::env::var(variable).unwrap_or_default();
    let name = format!("{topic}/{}", name(path));
    listed.split_whitespace().any(|k| k == name)
}

fn known(topic: &str, path: &Path) -> bool {
    listed("DTRACE_TEST_KNOWN", topic, path)
}

fn cases(topic: &str, prefix: &str) -> Vec<PathBuf> {
    let names = names(dir(topic)).unwrap_or_else(|e| panic!("{topic}: {e}"));
    let mut files: Vec<PathBuf> = names.iter().map(|n| dir(topic).join(n)).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "d") && name(p).starts_with(prefix));
    files.sort();
    files
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What a comment of the program says about how it is run.
fn setting<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    let start = format!("/* @{what}: ");
    let at = text.find(&start)? + start.len();
    let rest = &text[at..];
    Some(rest[..rest.find(" */")?].trim())
}

/// Whether all of these descriptions match something, and the expressions among them compile.
fn has_probes(descs: &str) -> bool {
    descs.split(',').all(|desc| {
        if let Some(e) = desc.trim().strip_prefix("= ") {
            let program = format!("BEGIN {{ trace((long)({e})); }}");
            let child = dtrace(&["-e", "-n", &program])
                .spawn()
                .expect("dtrace starts");
            return finish(child, limit()).status == Some(0);
        }
        let child = dtrace(&["-l", "-n", desc]).spawn().expect("dtrace starts");
        let ended = finish(child, limit());
        ended.status == Some(0) && ended.out.lines().count() > 1
    })
}

/// Whether this is a guest on an emulated CPU that others use as well. What happens there at once happens in any order, and what has
/// to be soon is late: a program that fails is tried once more, and the report says so. What is wrong fails twice.
fn in_a_guest() -> bool {
    std::env::var_os("DTRACE_TEST_SLOWNESS").is_some()
}

/// Whether this kernel loses firings or updates now and then, as the row of the matrix says and why. It tells, so the command does,
/// and there is nothing more that it could do.
fn loses() -> bool {
    std::env::var_os("DTRACE_TEST_LOSES").is_some()
}

fn lost_by_kernel(line: &str) -> bool {
    let by_cpu = line.trim_end_matches(|c: char| c.is_ascii_digit());
    line.ends_with("firings not run by the kernel")
        || line.ends_with("firing not run by the kernel")
        || by_cpu.ends_with(" aggregation drop on CPU ")
        || by_cpu.ends_with(" aggregation drops on CPU ")
}

/// Runs a program; what is wrong, if anything is. One that lost firings so, and said so, has another chance.
fn run_case(path: &Path) -> Result<(), String> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (verdict, lost) = try_case(path)?;
        if verdict.is_ok() || !(loses() && lost) || tries == 5 {
            return verdict;
        }
    }
}

/// Runs a program once: what is wrong, and whether the kernel left out firings.
fn try_case(path: &Path) -> Result<(Result<(), String>, bool), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    if let Some(needs) = setting(&text, "needs")
        && !has_probes(needs)
    {
        println!("SKIP corpus::{}: this kernel has no {needs}", name(path));
        return Ok((Ok(()), false));
    }
    let args = setting(&text, "args").unwrap_or("-q");
    let (flags, operands) = args.split_once("--").unwrap_or((args, ""));
    let file = path.to_string_lossy();
    let mut args: Vec<&str> = flags.split_whitespace().collect();
    if let Some(cmd) = setting(&text, "cmd") {
        args.extend(["-c", cmd]);
    }
    args.extend(["-s", &file]);
    args.extend(operands.split_whitespace());
    let child = dtrace(&args).env("_DTRACE_TESTING", "1").spawn();
    let ended = finish(child.map_err(|e| e.to_string())?, limit());

    let mut wrong = String::new();
    let status = setting(&text, "exit").map_or(0, |s| s.parse().expect("@exit is a number"));
    if ended.late || ended.status != Some(status) {
        wrong += &format!("  status {:?}, not {status}\n", ended.status);
    }
    let noise = |l: &&str| {
        let news = l.contains(" matched ") || l.ends_with(" has exited");
        news || loses() && lost_by_kernel(l)
    };
    let stderr = ended.err.lines().filter(|l| !noise(l));
    match setting(&text, "err") {
        Some(pattern) => {
            let re = Regex::new(&format!("(?m){pattern}")).expect("@err is a pattern");
            if !re.is_match(&ended.err) {
                wrong += &format!("  standard error does not match {pattern}:\n");
                wrong += &ended.err;
            }
        }
        None => stderr.for_each(|l| wrong += &format!("  standard error: {l}\n")),
    }
    let sibling = path.with_extension("out");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&sibling, &ended.out).map_err(|e| e.to_string())?;
    } else {
        let want = fs::read_to_string(&sibling).map_err(|e| e.to_string())?;
        if want != ended.out {
            wrong += &diff(&want, &ended.out);
        }
    }
    let verdict = if wrong.is_empty() { Ok(()) } else { Err(wrong) };
    Ok((verdict, ended.err.lines().any(lost_by_kernel)))
}

/// A program that must be refused.
fn refuse_case(path: &Path) -> Result<(), String> {
    let file = path.to_string_lossy();
    let child = dtrace(&["-e", "-x", "errtags", "-s", &file]).spawn();
    let ended = finish(child.map_err(|e| e.to_string())?, limit());
    let name = name(path);
    let tag = name.split('.').nth(1).unwrap_or_default();
    if ended.status != Some(1) || !ended.err.contains(&format!("[{tag}]")) {
        return Err(ended.shown());
    }
    Ok(())
}

/// Runs all cases, some at a time (most of a run is waiting for the kernel), and reports every one that fails.
#[track_caller]
fn all(what: &str, cases: &[PathBuf], run: impl Fn(&Path) -> Result<(), String> + Sync) {
    assert!(!cases.is_empty(), "{what}: no cases");
    let (left, cases): (Vec<PathBuf>, Vec<PathBuf>) = cases
        .iter()
        .cloned()
        .partition(|c| listed("DTRACE_TEST_LEAVE", what, c));
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let known = known(what, case);
                    let mut first = run(case);
                    if let Err(wrong) = &first
                        && !known
                        && in_a_guest()
                    {
                        let again = run(case);
                        if again.is_ok() {
                            println!(
                                "{what}: {} passed at its second try, after\n{wrong}",
                                name(case)
                            );
                        }
                        first = again;
                    }
                    let verdict = match (first, known) {
                        (Ok(()), true) => {
                            Err("  passes, but is listed as not possible\n".to_owned())
                        }
                        (Err(_), true) => Ok(()),
                        (verdict, false) => verdict,
                    };
                    if let Err(wrong) = verdict {
                        let report = format!("{what}/{}\n{wrong}", name(case));
                        failed.lock().expect("no panics").push(report);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("no panics");
    failed.sort();
    let n_known = cases.iter().filter(|c| known(what, c)).count();
    println!(
        "{what}: {} cases, {} failed, {n_known} known not to be possible, {} left out as too slow",
        cases.len(),
        failed.len(),
        left.len()
    );
    assert!(
        failed.is_empty(),
        "{} of {} cases failed:\n\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}

fn topic(name: &str) {
    if !privileged(&format!("corpus::{name}")) {
        return;
    }
    let mut cases = cases(name, "tst.");
    cases.retain(|c| c.with_extension("out").exists());
    all(name, &cases, run_case);
}

macro_rules! topics { ($($name:ident)*) => {
    $(#[test] fn $name() { topic(stringify!($name)); })*

    /// A directory with expected output that no test runs would be silence, not a pass.
    #[test]
    fn every_topic_is_run() {
        let known = [$(stringify!($name),)*];
        for folder in names(dir("")).expect("corpus") {
            let path = dir("").join(folder);
            if !path.is_dir() {
                continue;
            }
            let outs = names(&path).expect("topic");
            let any = outs.iter().any(|p| Path::new(p).extension().is_some_and(|e| e == "out"));
            let topic = name(&path);
            assert!(!any || known.contains(&topic.as_str()), "{topic} has expected output");
        }
    }
} }

topics! {
    actions aggs arith assoc builtins errors exit flow guide limits options predicates print printa printf probes process quantize spec strings symbols ternary vars
}

#[test]
fn refused_by_the_parser() {
    all("err/parse", &cases("err/parse", "err."), refuse_case);
}

#[test]
fn refused_by_the_checker() {
    let mut cases = cases("err/check", "err.");
    cases.retain(|c| !OTHER_KERNEL.contains(&name(c).as_str()));
    all("err/check", &cases, refuse_case);
}

/// What only a real kernel's types, symbols and probes can say.
#[test]
fn refused_by_this_kernel() {
    if privileged("corpus::refused_by_this_kernel") {
        all("err/live", &cases("err/live", "err."), refuse_case);
    }
}
