//! What a firing runs through, computed from the code that is there: the callees of the trap's way to the module, and of
//! what the module does in probe context. None of it can be probed: before the module's guard is set a breakpoint would
//! come back to itself for ever, and behind it each hit would only be counted as missed.
//!
//! Live text is decoded, because the kernel patches itself: which calls there are depends on its configuration and on the
//! machine. Calls through pointers are not seen; those that matter are named as roots.

use crate::module::source_of;
use crate::x86::Bits;
use iced_x86::{FlowControl, OpKind};
use std::collections::{HashMap, VecDeque};

/// Where the trap comes through before the module's guard is set: names, which may end in `*`. What a kernel lacks of them
/// is no loss.
const TRAP: &[&str] = &[
    "int3",
    "asm_exc_int3",
    "xen_asm_exc_int3",
    "exc_int3",
    "do_int3",
    "notify_die",
    "__atomic_notifier_call_chain",
    "atomic_notifier_call_chain",
    "notifier_call_chain",
    "kprobe_exceptions_notify",
    "kprobe_int3_handler",
    "kgdb_ll_trap",
    "poke_int3_handler",
];

/// What the processor enters by itself when a load of the module faults, and what lets it go on.
const FAULT: &[&str] = &[
    "fixup_exception",
    "search_exception_tables",
    "search_extable",
    "ex_handler_default",
    "ex_handler_uaccess",
    "ex_handler_fault",
];

/// Clock sources are read through a pointer.
const CLOCK: &[&str] = &[
    "read_tsc",
    "kvm_clock_get_cycles",
    "read_hpet",
    "acpi_pm_read",
];

/// Functions of the module that the kernel enters when something fires; services are found in `service.c`.
const MODULE: &[&str] = &[
    "on_trap",
    "on_timer",
    "dt_sys_entry",
    "dt_sys_exit",
    "dt_sys_child",
    "dt_sys_dropped",
    "dt_thunk_common",
    "dt_after",
    "dt_fire",
    "dt_run_prog",
];

/// Where the walk ends: the function is reached, and not to be probed, but what it calls runs only when the trap is not
/// ours, when the kernel is broken, or as another task.
const ENDS: &[&str] = &[
    "panic*",
    "printk",
    "_printk",
    "vprintk*",
    "__warn_printk",
    "warn_slowpath*",
    "__stack_chk_fail",
    "report_bug",
    "handle_bug",
    "do_exit",
    "make_task_dead",
    "die*",
    "__die*",
    "oops_*",
    "do_trap*",
    "do_error_trap",
    "do_user_addr_fault",
    "do_int3_user",
    "math_error",
    "force_sig*",
    "kgdb_*",
    "show_*",
    "dump_*",
    "add_taint",
    "preempt_schedule*",
    "schedule*",
    "__schedule*",
    "rcu_read_unlock_special*",
    "irqentry_exit*",
    "irqentry_exit_to_user_mode*",
    "irqentry_enter_from_user_mode*",
    "exit_to_user_mode*",
    "enter_from_user_mode*",
    "prepare_exit_to_usermode*",
    "do_notify_resume",
    "retint_*",
    "irq_work_*",
    "raise_softirq*",
    "wake_up*",
    "trace_*",
    "__trace*",
    "perf_*",
    "mce_*",
    "lockdep_*",
    "lock_acquire",
    "lock_release",
    "debug_lockdep_*",
    "kasan_*",
    "__kasan_*",
    "kmsan_*",
    "__ubsan_*",
    "dt_slots",
    "dt_thunks",
];

/// Whether a row, which may end in `*`, is this name.
pub fn fits(row: &str, name: &str) -> bool {
    match row.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == row,
    }
}

/// The functions behind the rows of `DT_SERVICES`: the interpreter calls them through a table.
fn services() -> Vec<&'static str> {
    let text = source_of("service.c").unwrap_or_default();
    let rows = text.lines().filter_map(|l| {
        let row = l.trim().strip_prefix("X(")?;
        // With a name in quotes: the macro's own definition has none.
        row.contains('"').then_some(row)
    });
    rows.filter_map(|r| r.split(')').next()?.rsplit(',').next())
        .map(str::trim)
        .filter(|n| *n != "NULL")
        .collect()
}

/// A function: where it begins, its name, and whether it is the module's.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Address.
    pub at: u64,
    /// Symbol.
    pub name: &'a str,
    /// Of our module.
    pub own: bool,
}

/// Where a walk came from.
#[derive(Clone, Copy)]
struct Step {
    from: Option<usize>,
    root: &'static str,
}

/// So much of a function is decoded at most.
const LONGEST: u64 = 1 << 16;

/// The functions that a firing runs through, by address, each with the reason. `starts` are ascending; `read` gives live text.
pub fn closure(
    bits: Bits,
    starts: &[Start<'_>],
    read: &dyn Fn(u64, &mut [u8]) -> bool,
) -> HashMap<u64, String> {
    let mut seen: HashMap<usize, Step> = HashMap::new();
    let mut queue = VecDeque::new();
    let services = services();
    for (n, s) in starts.iter().enumerate() {
        let listed = |rows: &[&str]| rows.iter().any(|r| fits(r, s.name));
        let root = match s.own {
            true if listed(MODULE) => "the module's own",
            true if services.contains(&s.name) => "the module's own",
            false if listed(TRAP) => "a breakpoint's trap goes through it",
            false if listed(FAULT) => "a bad address of a program goes through it",
            false if listed(CLOCK) => "the module reads the clock by it",
            _ => continue,
        };
        seen.insert(n, Step { from: None, root });
        queue.push_back(n);
    }
    while let Some(n) = queue.pop_front() {
        let (Some(s), Some(step)) = (starts.get(n), seen.get(&n).copied()) else {
            continue;
        };
        if ENDS.iter().any(|r| fits(r, s.name)) {
            continue;
        }
        let later = starts.get(n..).unwrap_or_default();
        let end = later.iter().map(|l| l.at).find(|&a| a > s.at);
        let length = end.map_or(256, |e| e - s.at).min(LONGEST);
        let mut body = vec![0; length as usize];
        if !read(s.at, &mut body) {
            continue;
        }
        for target in targets(bits, &body, s.at) {
            let next = starts.partition_point(|l| l.at <= target);
            let Some(mut to) = next.checked_sub(1) else {
                continue;
            };
            // Several names at one address: the first stands for all.
            while to > 0 && starts.get(to - 1).map(|l| l.at) == starts.get(to).map(|l| l.at) {
                to -= 1;
            }
            // Beyond the last symbol there may be anything.
            let near = starts.get(to).is_some_and(|l| target - l.at < LONGEST);
            if near && !seen.contains_key(&to) {
                let from = Some(n);
                seen.insert(
                    to,
                    Step {
                        from,
                        root: step.root,
                    },
                );
                queue.push_back(to);
            }
        }
    }
    let mut reasons = HashMap::new();
    for &n in seen.keys() {
        if let Some(s) = starts.get(n) {
            reasons.insert(s.at, reason(starts, &seen, n));
        }
    }
    reasons
}

/// `called by a, called by b: a breakpoint's trap goes through it`.
fn reason(starts: &[Start<'_>], seen: &HashMap<usize, Step>, n: usize) -> String {
    let mut text = String::new();
    let mut at = n;
    let mut root = "";
    // No way is longer than there are functions.
    for _ in 0..seen.len() {
        let Some(step) = seen.get(&at) else { break };
        root = step.root;
        let Some(from) = step.from else { break };
        if let Some(s) = starts.get(from) {
            let comma = if text.is_empty() { "" } else { ", " };
            text += &format!("{comma}called by {}", s.name);
        }
        at = from;
    }
    match text.is_empty() {
        true => root.to_owned(),
        false => format!("{text}: {root}"),
    }
}

/// Where code goes from here by an address in an instruction, out of this function.
fn targets(bits: Bits, body: &[u8], at: u64) -> Vec<u64> {
    let end = at.saturating_add(body.len() as u64);
    let mut found = Vec::new();
    for i in bits.decoder(body, at).iter() {
        let branches = matches!(
            i.flow_control(),
            FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch
        );
        let direct = matches!(i.op0_kind(), OpKind::NearBranch64 | OpKind::NearBranch32);
        if branches && i.op_count() > 0 && direct {
            let to = i.near_branch_target();
            if !(at..end).contains(&to) {
                found.push(to);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions of 16 bytes that call each other.
    fn world(calls: &[(&'static str, &[&str])]) -> (Vec<Start<'static>>, HashMap<u64, Vec<u8>>) {
        const BASE: u64 = 0xffff_ffff_8100_0000;
        let place = |n: usize| BASE + 16 * n as u64;
        let starts: Vec<Start<'_>> = calls
            .iter()
            .enumerate()
            .map(|(n, c)| Start {
                at: place(n),
                name: c.0.trim_start_matches("our "),
                own: c.0.starts_with("our "),
            })
            .collect();
        let mut text = HashMap::new();
        for (n, (_, callees)) in calls.iter().enumerate() {
            let mut body = Vec::new();
            for callee in *callees {
                let to = calls.iter().position(|c| c.0 == *callee).unwrap();
                let from = place(n) + body.len() as u64 + 5;
                body.push(0xe8);
                body.extend((place(to).wrapping_sub(from) as i32).to_le_bytes());
            }
            body.resize(16, 0x90);
            body[15] = 0xc3;
            text.insert(place(n), body);
        }
        (starts, text)
    }

    fn denied(calls: &[(&'static str, &[&str])]) -> HashMap<&'static str, String> {
        let (starts, text) = world(calls);
        let read = |at: u64, to: &mut [u8]| match text.get(&at) {
            Some(body) => {
                // The last one has no end: what is behind it is read too.
                to.fill(0xcc);
                let both = to.len().min(body.len());
                to[..both].copy_from_slice(&body[..both]);
                true
            }
            None => false,
        };
        let reasons = closure(Bits::Bits64, &starts, &read);
        let of = |s: &Start<'static>| Some((s.name, reasons.get(&s.at)?.clone()));
        starts.iter().filter_map(of).collect()
    }

    #[test]
    fn callees_of_the_trap_and_of_the_module() {
        let found = denied(&[
            ("vfs_read", &["memcpy"]),
            ("do_int3", &["notify_die", "printk"]),
            ("notify_die", &["chain"]),
            ("chain", &["chain"]),
            ("printk", &["console"]),
            ("console", &[]),
            ("memcpy", &[]),
            ("our on_trap", &["our copy"]),
            ("our copy", &["memcpy"]),
            ("our dt_ioctl", &["vfs_read"]),
            ("our probe_read", &["nofault"]),
            ("nofault", &[]),
        ]);
        let mut names: Vec<&str> = found.keys().copied().collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "chain",
                "copy",
                "do_int3",
                "memcpy",
                "nofault",
                "notify_die",
                "on_trap",
                "printk",
                "probe_read"
            ]
        );
        assert_eq!(
            found["memcpy"],
            "called by copy, called by on_trap: the module's own"
        );
        assert!(found["chain"].ends_with("a breakpoint's trap goes through it"));
    }

    #[test]
    fn every_service_is_a_root() {
        let found = services();
        // One row has no function: the interpreter's own.
        assert!(found.len() > 15, "{found:?}");
        assert!(
            found.contains(&"ringbuf_output") && found.contains(&"map_lookup"),
            "{found:?}"
        );
        let text = source_of("service.c").unwrap();
        for name in found {
            let defined = [format!("SERVICE({name})"), format!("({name}, ")];
            assert!(defined.iter().any(|d| text.contains(d)), "{name}");
        }
    }

    #[test]
    fn roots_of_the_module_are_in_its_source() {
        for name in MODULE {
            let there = crate::module::sources().iter().any(|(_, text)| {
                text.contains(&format!("{name}(")) || text.contains(&format!("{name}:"))
            });
            assert!(there, "{name}");
        }
    }
}
