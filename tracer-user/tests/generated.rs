//! Random well-typed D programs, compiled, loaded and run by the real command on this kernel: none that the compiler accepts
//! may be refused, and what they print must be what the reference interpreter says.
//!
//! Loading is what costs time, so a program has many clauses: `GENERATED_EACH` (50). `GENERATED_SEED` is the first seed,
//! `GENERATED_CLAUSES` how many clauses all programs have together (2,000), `GENERATED_SMALL` how many more there are of small ones
//! (2,000), and a failure names its seed: `GENERATED_SEED=17 GENERATED_CLAUSES=50` is that program alone, and leaves it in the
//! directory for temporary files.

mod common;

use common::{diff, dtrace, finish, privileged};
use dsl::dif::BuiltinVar;
use dsl::dif::interp::{self, FaultInfo, State};
use dsl::dif::testing::{FixedWorld, splitmix};
use dsl::format::Piece;
use dsl::generate::{Kind, Size, program};
use dsl::kernel::EmptyKernel;
use dsl::parse::{Input, InputKind};
use dsl::program::{Clause, Datum, Difo, Program, StmtKind};
use dsl::source::Sources;
use dsl::{CompileOpts, compile};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|s| s.parse().ok()).unwrap_or(default)
}

/// A program as the compiler sees it, and the longest string it was compiled for.
fn compiled(text: &str) -> Result<(Program, u32), String> {
    let mut sources = Sources::new();
    let src = sources.add("generated.d", text);
    let inputs = [Input {
        src,
        kind: InputKind::Script,
    }];
    let mut opts = CompileOpts::default();
    let (program, diags) = compile(&sources, &inputs, &opts, &EmptyKernel);
    if let Some(d) = diags.first() {
        return Err(d.render(&sources, true));
    }
    for (name, value, _) in &program.options {
        opts.set(name, value.as_deref());
    }
    Ok((program, opts.strsize))
}

/// The world of a BEGIN that the command runs.
fn world() -> FixedWorld {
    let mut w = FixedWorld::new();
    for (var, text) in [
        (BuiltinVar::Probename, "BEGIN"),
        (BuiltinVar::Probeprov, "dtrace"),
    ] {
        w.strs.insert(var as u16, text.as_bytes().to_vec());
    }
    w
}

/// What BEGIN's clauses print, by the reference interpreter.
struct Reference<'p> {
    program: &'p Program,
    strsize: u32,
    state: State,
    world: FixedWorld,
}

impl Reference<'_> {
    fn output(&mut self) -> String {
        self.state.begin_firing();
        let mut out = String::new();
        for clause in &self.program.clauses {
            if clause.desc.name != "BEGIN" {
                continue;
            }
            self.state.begin_clause();
            match self.clause(clause) {
                Ok(text) => out += &text,
                // A clause that faults has recorded nothing.
                Err((fault, at)) => {
                    let _ = writeln!(out, "fault {fault} at {at}");
                }
            }
        }
        out
    }

    fn run(&mut self, difo: &Difo) -> Result<u64, (u32, i64)> {
        let (vars, strsize) = (&self.program.vars, self.strsize);
        interp::run(difo, vars, &mut self.state, &mut self.world, strsize)
            .map_err(|FaultInfo { fault, off, .. }| (fault as u32, i64::from(off)))
    }

    fn clause(&mut self, clause: &Clause) -> Result<String, (u32, i64)> {
        let mut out = String::new();
        if let Some(pred) = &clause.pred
            && self.run(pred)? == 0
        {
            return Ok(out);
        }
        for stmt in &clause.stmts {
            match &stmt.kind {
                StmtKind::Expr(difo) => {
                    self.run(difo)?;
                }
                StmtKind::Printf { format, args } => {
                    let mut args = args.iter();
                    for piece in &format.pieces {
                        match piece {
                            Piece::Text(text) => out += text,
                            // All conversions are plain ones.
                            Piece::Conv(_) => {
                                out += &self.datum(args.next().expect("an argument"))?
                            }
                        }
                    }
                }
                StmtKind::Exit(_) => {}
                other => panic!("not generated: {other:?}"),
            }
        }
        Ok(out)
    }

    fn datum(&mut self, datum: &Datum) -> Result<String, (u32, i64)> {
        match datum {
            Datum::Int { difo, size, signed } => {
                let v = self.run(difo)?;
                Ok((interp::extend(v, *size, *signed) as i64).to_string())
            }
            Datum::Str { difo } => {
                let at = self.run(difo)?;
                let bytes =
                    interp::value_string(difo, &mut self.state, &mut self.world, self.strsize, at)
                        .map_err(|fault| (fault as u32, -1))?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            other => panic!("not generated: {other:?}"),
        }
    }
}

/// Runs a text; what is wrong, if anything is.
fn tried(test: &str, seed: u64, text: &str, want: Option<&str>) -> Result<(), String> {
    // The tests run side by side, with the same seeds.
    let name = format!("dtrace-generated-{}-{test}-{seed}.d", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, text).map_err(|e| e.to_string())?;
    let name = file.to_string_lossy();
    let limit = Duration::from_secs(300);
    let mut command = dtrace(&["-q", "-s", &name]);
    let child = command.env("_DTRACE_TESTING", "1").spawn();
    let child = child.map_err(|e| e.to_string())?;
    let ended = finish(child, limit);
    let mut wrong = String::new();
    if ended.late || ended.status != Some(0) {
        wrong += &ended.shown();
    } else if let Some(want) = want
        && want != ended.out
    {
        wrong += &diff(want, &ended.out);
    }
    if wrong.is_empty() {
        let _ = std::fs::remove_file(&file);
        return Ok(());
    }
    Err(format!("seed {seed} ({name}):\n{wrong}"))
}

/// Runs seeds, two at a time, and reports those that fail.
#[track_caller]
fn all(test: &str, clauses: u64, each: u64, one: impl Fn(u64) -> Result<u64, String> + Sync) {
    if !privileged(&format!("generated::{test}")) {
        return;
    }
    let first = number("GENERATED_SEED", 1);
    let next = AtomicU64::new(first);
    let end = first + clauses.div_ceil(each);
    let faults = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || failed.lock().expect("no panics").len() > 3 {
                        break;
                    }
                    match one(seed) {
                        Ok(n) => drop(faults.fetch_add(n, Ordering::Relaxed)),
                        Err(e) => failed.lock().expect("no panics").push(e),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panics");
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    println!(
        "NOTE generated_{test}: {} clauses of {} D programs accepted, loaded and run; {} faults among them",
        (end - first) * each,
        end - first,
        faults.into_inner()
    );
}

/// Clauses of a program.
fn each() -> u64 {
    number("GENERATED_EACH", 50).max(1)
}

fn clauses() -> u64 {
    number("GENERATED_CLAUSES", 2000)
}

/// A program whose output is known: how many of its clauses fault.
fn compare(test: &str, seed: u64, clauses: u64, size: Size) -> Result<u64, String> {
    let text = program(&mut splitmix(seed), clauses as usize, Kind::Compared, size);
    let (program, strsize) = compiled(&text).map_err(|e| format!("seed {seed}: {e}"))?;
    let want = Reference {
        program: &program,
        strsize,
        state: State::new(),
        world: world(),
    }
    .output();
    tried(test, seed, &text, Some(&want))?;
    Ok(want.lines().filter(|l| l.starts_with("fault ")).count() as u64)
}

/// Four in five: programs whose output is known.
#[test]
fn compared() {
    all("compared", clauses() * 4 / 5, each(), |seed| {
        compare("compared", seed, each(), Size::Full)
    });
}

/// Clauses of a program of small ones.
const SMALL_EACH: u64 = 40;

/// Many small ones.
#[test]
fn small() {
    all(
        "small",
        number("GENERATED_SMALL", 2000),
        SMALL_EACH,
        |seed| compare("small", seed, SMALL_EACH, Size::Small),
    );
}

/// One in five: programs that read whatever there is.
#[test]
fn wild() {
    // The module has no types of its kernel's.
    let typed = std::path::Path::new("/sys/kernel/btf/vmlinux").exists();
    // Nor can it hook system calls where the kernel has no table of them.
    let mut list = dtrace(&["-l", "-n", "syscall::read:entry"]);
    let syscalls = list.output().is_ok_and(|o| o.status.success());
    all("wild", clauses() / 5, each(), |seed| {
        let kind = Kind::Wild { typed, syscalls };
        let text = program(&mut splitmix(seed), each() as usize, kind, Size::Full);
        tried("wild", seed, &text, None)?;
        Ok(0)
    });
}
