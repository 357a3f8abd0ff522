//! Functions that must not be probed, with the reason: what runs between an INT3 and our guard, or where no INT3 may be.

/// A row: a name, which may end in `*`, and why.
pub const DENY: &[(&str, &str)] = &[
    ("notify_die", "calls us at each INT3"),
    ("__die_notifier*", "calls us at each INT3"),
    ("atomic_notifier_call_chain", "calls us at each INT3"),
    ("__atomic_notifier_call_chain", "calls us at each INT3"),
    ("notifier_call_chain*", "calls us at each INT3"),
    ("kprobe_*", "kprobes are asked first at each INT3"),
    ("get_kprobe", "kprobes are asked first at each INT3"),
    ("setup_singlestep", "kprobes are asked first at each INT3"),
    ("do_int3*", "the trap itself"),
    ("do_trap*", "the trap itself"),
    ("do_debug*", "the trap itself"),
    ("exc_*", "trap entry"),
    ("asm_*", "trap entry"),
    ("int3", "the trap itself"),
    ("poke_int3_handler", "the trap itself"),
    ("fixup_bug*", "the trap itself"),
    ("__rcu_read_lock", "taken by the chain that calls us"),
    ("__rcu_read_unlock", "taken by the chain that calls us"),
    (
        "rcu_read_unlock_special*",
        "taken by the chain that calls us",
    ),
    ("rcu_nmi_*", "trap entry"),
    ("rcu_dynticks_*", "trap entry"),
    ("rcu_irq_*", "trap entry"),
    ("rcu_is_watching", "trap entry"),
    ("irqentry_*", "trap entry"),
    ("ftrace_*", "ftrace patches what it runs through"),
    ("trace_hardirqs_*", "trap entry"),
    ("lockdep_*", "trap entry"),
    ("lock_acquire", "trap entry"),
    ("lock_release", "trap entry"),
    (
        "preempt_schedule*",
        "runs inside the chain on preemptible kernels",
    ),
    (
        "add_preempt_count",
        "runs inside the chain on preemptible kernels",
    ),
    (
        "sub_preempt_count",
        "runs inside the chain on preemptible kernels",
    ),
    (
        "preempt_count_*",
        "runs inside the chain on preemptible kernels",
    ),
    (
        "debug_smp_processor_id",
        "runs inside the chain on preemptible kernels",
    ),
    ("mcount*", "not a C function"),
    ("__fentry__", "not a C function"),
    ("return_to_handler", "not a C function"),
    ("__x86_*", "a branch thunk, run everywhere"),
    ("srso_*", "a branch thunk, run everywhere"),
    ("retbleed_*", "a branch thunk, run everywhere"),
    ("__SCT__*", "patched by the kernel while it runs"),
    ("text_poke*", "writes text while all CPUs wait"),
    ("stop_machine*", "we write text inside it"),
    ("multi_cpu_stop*", "we write text inside it"),
    ("stop_cpu*", "we write text inside it"),
    ("cpu_stop*", "we write text inside it"),
    ("alternatives_*", "writes text"),
    ("native_iret*", "not a C function"),
    ("native_irq_return*", "not a C function"),
    ("native_load_gs_index*", "not a C function"),
    ("native_load_idt", "trap entry"),
    ("irq_entries_start", "not a C function"),
    ("spurious_entries_start", "not a C function"),
    ("paranoid_*", "trap entry"),
    ("error_*", "trap entry"),
    ("nmi", "an NMI may come inside a trap"),
    ("nmi_restore", "an NMI may come inside a trap"),
    ("nmi_swapgs", "an NMI may come inside a trap"),
    ("nmi_schedule", "an NMI may come inside a trap"),
    ("nmi_userspace", "an NMI may come inside a trap"),
    ("nmi_handle*", "an NMI may come inside a trap"),
    ("nmi_enter*", "an NMI may come inside a trap"),
    ("nmi_exit*", "an NMI may come inside a trap"),
    ("nmi_stack_correct", "an NMI may come inside a trap"),
    ("nmi_stack_fixup", "an NMI may come inside a trap"),
    ("do_nmi*", "an NMI may come inside a trap"),
    ("default_do_nmi", "an NMI may come inside a trap"),
    ("save_paranoid", "trap entry"),
    ("sync_regs", "trap entry"),
    ("fixup_bad_iret", "trap entry"),
    ("restore_args", "trap exit"),
    ("restore_all*", "trap exit"),
    ("restore_nocheck*", "trap exit"),
    ("retint_*", "trap exit"),
    ("irq_return", "trap exit"),
    ("ret_from_*", "not a C function"),
    ("system_call*", "not a C function"),
    ("sysret_*", "not a C function"),
    ("int_ret_from_sys_call", "not a C function"),
    ("int_with_check", "not a C function"),
    ("tracesys", "not a C function"),
    ("ia32_*", "not a C function"),
    ("stub_*", "not a C function"),
    ("ptregscall_common", "not a C function"),
    ("save_rest", "not a C function"),
    ("save_args", "not a C function"),
    ("save_paranoid", "not a C function"),
    ("common_interrupt", "not a C function"),
    ("entry_*", "not a C function"),
    ("swapgs_*", "not a C function"),
    ("kernel_execve", "not a C function"),
    ("child_rip", "not a C function"),
    ("kernel_thread", "not a C function"),
    ("kernel_thread_helper", "not a C function"),
    ("iret_exc", "not a C function"),
    ("arch_unregister_cpu", "not a C function"),
    ("call_softirq", "switches stacks"),
    ("__switch_to_asm", "switches stacks"),
    ("__switch_to", "switches stacks"),
    ("thread_return", "switches stacks"),
    ("startup_*", "runs before there are traps"),
    ("secondary_startup_*", "runs before there are traps"),
    ("start_secondary", "runs before there are traps"),
    ("early_*", "runs before there are traps"),
    ("xen_*", "code for another machine"),
    ("pvh_*", "code for another machine"),
    ("hypercall_page", "code for another machine"),
    ("relocate_kernel", "runs without a stack"),
    ("identity_mapped", "runs without a stack"),
    ("wakeup_start", "runs before there are traps"),
    ("wakeup_long64", "runs before there are traps"),
    ("wakeup_pmode_return", "runs before there are traps"),
    ("do_suspend_lowlevel", "runs before there are traps"),
    ("restore_registers", "runs before there are traps"),
    ("load_current_idt", "trap entry"),
    ("bad_gs", "not a C function"),
    ("kretprobe_*", "kprobes' own"),
    ("arch_kprobe*", "kprobes' own"),
    ("optprobe_*", "kprobes' own"),
    ("__kprobes*", "kprobes' own"),
];

/// Functions of modules, like the rows above. Those are of the kernel's own: a module's may have such names for other reasons.
pub const DENY_MODULES: &[(&str, &str)] = &[("kvm_perf_overflow*", "runs in an NMI")];

/// A module that calls one of these has functions that run inside a breakpoint's trap, before it comes to us, or in an NMI. Which
/// functions, its code does not tell; and what began it may be gone with its start-up, hence what ends it.
pub const HANDLERS: &[&str] = &[
    "register_kprobe",
    "register_kprobes",
    "register_kretprobe",
    "register_kretprobes",
    "register_jprobe",
    "register_jprobes",
    "register_die_notifier",
    "register_ftrace_function",
    "register_nmi_handler",
    "__register_nmi_handler",
    "unregister_kprobe",
    "unregister_kprobes",
    "unregister_kretprobe",
    "unregister_kretprobes",
    "unregister_jprobe",
    "unregister_jprobes",
    "unregister_die_notifier",
    "unregister_ftrace_function",
    "unregister_nmi_handler",
];

/// Why this function must not be probed, if it must not.
pub fn reason(module: &str, name: &str) -> Option<&'static str> {
    let rows = match module {
        "vmlinux" => DENY,
        _ => DENY_MODULES,
    };
    let fits = |row: &str| match row.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == row,
    };
    rows.iter().find(|(row, _)| fits(row)).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_prefixes() {
        let reason = |name| super::reason("vmlinux", name);
        assert!(reason("notify_die").is_some());
        assert!(reason("do_int3").is_some());
        assert!(reason("vfs_read").is_none());
        assert!(reason("schedule_tail").is_none());
        // Rows that end in `*` must not take what only begins alike.
        for name in [
            "int340x_thermal_handler_attach",
            "wakeup_source_add",
            "restore_sigcontext",
            "nmi_panic",
        ] {
            assert!(reason(name).is_none(), "{name}");
        }
        assert_eq!(super::reason("sound", "error_detected"), None);
    }
}
