//! Stacks: a newline, then one frame on each line.

use super::symbol::Symbols;
use super::value::{Value, frames};

/// Frames that are there only because we look: what stands between the probe and our program. They are left out at the
/// top of a kernel stack, where a user expects the traced function.
const OURS: &[&str] = &[
    "bpf_prog_",
    "bpf_get_stack",
    "__bpf_get_stack",
    "bpf_get_stackid",
    "bpf_trace_run",
    "__bpf_trace_",
    "__bpf_prog_",
    "__traceiter_",
    "trace_call_bpf",
    "perf_trace_",
    "perf_call_bpf",
    "bpf_trampoline_",
    "bpf_overflow_handler",
    "kprobe_multi_link_",
    "kprobe_perf_func",
    "kprobe_dispatcher",
    "kretprobe_perf_func",
    "kretprobe_dispatcher",
    "fprobe_handler",
    "fprobe_entry",
    "fprobe_exit",
    "get_perf_callchain",
    "ftrace_trampoline",
    "arch_ftrace_ops_list_func",
];

/// A kernel stack as the user means it: without our frames at the top, no longer than wanted.
pub fn without_ours(bytes: &[u8], most: usize, symbols: &mut Symbols) -> Vec<u64> {
    let ours = |pc: &u64| {
        symbols
            .kernel_function(*pc)
            .is_some_and(|f| OURS.iter().any(|o| f.starts_with(o)))
    };
    frames(bytes).skip_while(ours).take(most).collect()
}

/// Prints a stack, each frame after `indent` blanks. Anything that is not a stack prints nothing.
pub fn print(out: &mut Vec<u8>, v: &Value<'_>, indent: usize, symbols: &mut Symbols) {
    if matches!(v, Value::Stack { .. } | Value::Ustack { .. }) {
        out.push(b'\n');
    }
    let mut line = |s: String| {
        out.extend(std::iter::repeat_n(b' ', indent));
        out.extend_from_slice(s.as_bytes());
        out.push(b'\n');
    };
    match *v {
        Value::Stack {
            frames: bytes,
            most,
        } => {
            for pc in without_ours(bytes, most, symbols) {
                line(symbols.kernel(pc));
            }
        }
        Value::Ustack { pid, frames: bytes } => {
            for (n, pc) in frames(bytes).enumerate() {
                let lines = symbols.user_lines(pid, pc, n > 0);
                lines.into_iter().for_each(&mut line);
            }
        }
        Value::Int { .. } | Value::Str(_) | Value::Bytes { .. } | Value::Sym { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pcs: &[u64], want: &str) {
        let mut symbols = Symbols::fixed(&[
            (0x1000, "vmlinux", "vfs_open"),
            (0x2000, "bpf", "bpf_prog_1234_f"),
            (0x3000, "vmlinux", "bpf_trace_run2"),
            (0x4000, "vmlinux", "__traceiter_sys_enter"),
        ]);
        let bytes: Vec<u8> = pcs.iter().flat_map(|p| p.to_le_bytes()).collect();
        let mut out = Vec::new();
        let stack = Value::Stack {
            frames: &bytes,
            most: 2,
        };
        print(&mut out, &stack, 14, &mut symbols);
        assert_eq!(String::from_utf8_lossy(&out), want);
    }

    #[test]
    fn frames_on_lines() {
        check(
            &[0x1009, 0x10],
            "\n              vmlinux`vfs_open+0x9\n              0x10\n",
        );
        check(&[], "\n");
        check(&[0x1000, 0, 0x1000], "\n              vmlinux`vfs_open\n");
    }

    #[test]
    fn our_own_frames_are_left_out_at_the_top_only() {
        check(
            &[0x2010, 0x3004, 0x4001, 0x1001, 0x3004, 0x1009],
            "\n              vmlinux`vfs_open+0x1\n              vmlinux`bpf_trace_run2+0x4\n",
        );
    }

    #[test]
    fn user_frames_of_nobody() {
        let mut out = Vec::new();
        let bytes = 0x1234_u64.to_le_bytes();
        print(
            &mut out,
            &Value::Ustack {
                pid: 0,
                frames: &bytes,
            },
            2,
            &mut Symbols::default(),
        );
        assert_eq!(String::from_utf8_lossy(&out), "\n  0x1234\n");
    }
}
