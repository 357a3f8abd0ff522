//! Firings within firings: a fast profile interrupts clauses on system calls and on tracepoints while they build strings
//! and records, on every CPU.
//!
//! Every record says the same things several times, so that a torn or mixed one cannot look right; and every clause that
//! prints counts itself in an aggregation, which shares no buffer with the records. So: fired = printed + dropped.

use super::common::{LIMIT, dtrace, finish};
use super::{captures, root};
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the calls of a thread carry: the number and a path of that number's own length.
fn path(n: i32) -> String {
    format!("/w{n}/{}", "y".repeat(n.unsigned_abs() as usize % 97))
}

/// Calls that name a number twice, once as text.
fn work(stop: &AtomicBool, from: i32) {
    let paths: Vec<(i32, CString)> = (from..from + 200)
        .map(|n| (n, CString::new(path(n)).expect("no NUL")))
        .collect();
    while !stop.load(Ordering::Relaxed) {
        for (n, p) in &paths {
            // SAFETY: the path is NUL-terminated; the file isn't there and the mode is no mode, so nothing happens.
            unsafe { libc::syscall(libc::SYS_faccessat, -1, p.as_ptr(), *n) };
        }
    }
}

const PROGRAM: &str = r#"
syscall::faccessat:entry
/pid == $1/
{
	this->p = copyinstr(arg1);
	printf("S|%d|%s|%d|%s|%d|%d\n", (int)arg2, this->p, (int)arg2, strjoin("x", this->p), strlen(this->p), (int)arg2);
	@fired["S"] = count();
}

sdt:sched::sched_switch
{
	printf("D|%d|%s|%d|%s|%d\n", args[2]->pid, stringof(args[2]->comm), args[2]->pid, strjoin(stringof(args[2]->comm), "!"), args[2]->pid);
	@fired["D"] = count();
}

profile-4999
{
	this->e = strjoin(execname, "<");
	printf("P|%d|%s|%d|%s|%d\n", tid, execname, tid, strjoin(this->e, execname), tid);
	@fired["P"] = count();
}

tick-1s
/++seconds == $2/
{
	printf("X\n");
	@fired["X"] = count();
	exit(0);
}
"#;

/// Whether a line says everything the same way each time.
fn well_formed(line: &str) -> bool {
    let f: Vec<&str> = line.split('|').collect();
    match f[..] {
        ["S", a, p, b, xp, len, c] => {
            let same = a == b && b == c && xp.strip_prefix('x') == Some(p);
            same && len.parse() == Ok(p.len()) && a.parse().is_ok_and(|n| path(n) == p)
        }
        ["D", a, comm, b, bang, c] => a == b && b == c && bang.strip_suffix('!') == Some(comm),
        ["P", a, e, b, ee, c] => a == b && b == c && ee == format!("{e}<{e}"),
        // The clause that ends it all: its record may be lost like any other.
        ["X"] => true,
        _ => false,
    }
}

#[test]
fn no_record_is_torn_and_none_is_lost_silently() {
    root!("nesting::no_record_is_torn_and_none_is_lost_silently");
    let seconds = if std::env::var_os("DTRACE_LONG").is_some() {
        "10"
    } else {
        "3"
    };
    let pid = std::process::id().to_string();
    let stop = AtomicBool::new(false);
    let file = std::env::temp_dir().join(format!("dtrace-nesting-{pid}.d"));
    std::fs::write(&file, PROGRAM).expect("write");
    let ended = std::thread::scope(|s| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from) as i32;
        for t in 0..threads {
            s.spawn({
                let stop = &stop;
                move || work(stop, 1000 * (t + 1))
            });
        }
        let script = file.to_string_lossy();
        let args = [
            "-q",
            "-x",
            "droptags",
            "-b",
            "16m",
            "-x",
            "switchrate=10ms",
            "-s",
            &script,
            &pid,
            seconds,
        ];
        let ended = finish(dtrace(&args).spawn().expect("starts"), 3 * LIMIT);
        stop.store(true, Ordering::Relaxed);
        ended
    });
    std::fs::remove_file(&file).expect("remove");
    assert_eq!(ended.status, Some(0), "{}", ended.err);

    let (records, totals): (Vec<&str>, Vec<&str>) = ended
        .out
        .lines()
        .filter(|l| !l.is_empty())
        .partition(|l| !l.starts_with("  "));
    let torn: Vec<&&str> = records.iter().filter(|l| !well_formed(l)).collect();
    assert!(
        torn.is_empty(),
        "{} of {} records are torn, the first:\n{:?}",
        torn.len(),
        records.len(),
        &torn[..torn.len().min(5)]
    );

    let mut printed: HashMap<&str, u64> = HashMap::new();
    records
        .iter()
        .for_each(|l| *printed.entry(&l[..1]).or_default() += 1);
    let fired: u64 = totals
        .iter()
        .filter_map(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum();
    let sum = |tag: &str| -> u64 {
        captures(
            &ended.err,
            &format!(r"(?m)^dtrace: \[DTRACEDROP_{tag}\] ([0-9]+) "),
        )
        .iter()
        .filter_map(|n| n.parse::<u64>().ok())
        .sum()
    };
    let dropped = sum("PRINCIPAL");
    let all: u64 = printed.values().sum();
    println!(
        "fired {fired}, printed {all} {printed:?}, dropped {dropped}; nested {}, kernel {}",
        sum("NESTED"),
        sum("KERNEL")
    );
    assert!(
        ["S", "D", "P"].iter().all(|k| printed.contains_key(k)),
        "{printed:?}"
    );
    assert_eq!(
        fired,
        all + dropped,
        "fired = printed + dropped\n{}",
        ended.err
    );
}
