//! Built-in variables: their D types, and how Linux supplies each.

use super::Status;
use crate::dif::BuiltinVar;

/// The D type of a built-in variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum VarType {
    /// By name, as `types` knows it without a kernel.
    Named(&'static str),
    /// Pointer to a struct of the kernel's; `void *` where its types are not known.
    KernelPtr(&'static str),
    /// `args[]`: by probe.
    Args,
    /// `uregs[]`: an array of this.
    Array(&'static str),
}

/// One built-in variable.
#[derive(Clone, Copy, Debug)]
pub struct VarRow {
    /// Its DIF number; the name follows from it.
    pub var: BuiltinVar,
    /// Its D type.
    pub ty: VarType,
    /// Whether it is there.
    pub status: Status,
    /// How Linux supplies it, for documentation.
    pub how: &'static str,
}

macro_rules! vars { ($($var:ident, $ty:expr, $status:expr, $how:literal;)*) => {
    /// Every built-in variable.
    pub const VARS: &[VarRow] = &[$(VarRow { var: BuiltinVar::$var, ty: $ty, status: $status, how: $how },)*];
} }

use Status::{Ready, Refused};
use VarType::{Args as ArgList, Array, KernelPtr, Named};

vars! {
    Args, ArgList, Ready, "the probe's arguments, by its prototype";
    Regs, Array("uint64_t"), Refused("kernel registers are not kept at probes"), "";
    Uregs, Array("uint64_t"), Ready, "the task's pt_regs, by constant indices";
    Curthread, KernelPtr("task_struct"), Ready, "bpf_get_current_task()";
    Timestamp, Named("uint64_t"), Ready, "bpf_ktime_get_ns(), read once per firing";
    Vtimestamp, Named("uint64_t"), Ready, "time on CPU of the thread";
    Ipl, Named("uint_t"), Refused(NO_COUNT), "of the library, by the preemption count: 0 in a thread, 1 to 3 in interrupts";
    Epid, Named("uint_t"), Ready, "number of the enabled clause";
    Id, Named("uint_t"), Ready, "number of the probe";
    Arg0, Named("int64_t"), Ready, "the probe's first raw argument";
    Arg1, Named("int64_t"), Ready, "raw argument";
    Arg2, Named("int64_t"), Ready, "raw argument";
    Arg3, Named("int64_t"), Ready, "raw argument";
    Arg4, Named("int64_t"), Ready, "raw argument";
    Arg5, Named("int64_t"), Ready, "raw argument";
    Arg6, Named("int64_t"), Ready, "raw argument";
    Arg7, Named("int64_t"), Ready, "raw argument";
    Arg8, Named("int64_t"), Ready, "raw argument";
    Arg9, Named("int64_t"), Ready, "raw argument";
    Stackdepth, Named("uint32_t"), Ready, "length of bpf_get_stack(), less what is tracing's own";
    Caller, Named("uintptr_t"), Ready, "second frame of bpf_get_stack(), tracing's own aside";
    Probeprov, Named("string"), Ready, "constant of the probe";
    Probemod, Named("string"), Ready, "constant of the probe";
    Probefunc, Named("string"), Ready, "constant of the probe";
    Probename, Named("string"), Ready, "constant of the probe";
    Pid, Named("pid_t"), Ready, "thread-group id: bpf_get_current_pid_tgid() >> 32";
    Tid, Named("id_t"), Ready, "thread id: low half of bpf_get_current_pid_tgid()";
    Execname, Named("string"), Ready, "bpf_get_current_comm()";
    Zonename, Named("string"), Refused("Linux has no zones"), "";
    Walltimestamp, Named("int64_t"), Ready, "timestamp plus the offset of the wall clock";
    Ustackdepth, Named("uint32_t"), Ready, "length of bpf_get_stack(BPF_F_USER_STACK)";
    Ucaller, Named("uint64_t"), Ready, "second frame of the user stack";
    Ppid, Named("pid_t"), Ready, "curthread->real_parent->tgid";
    Uid, Named("uid_t"), Ready, "bpf_get_current_uid_gid()";
    Gid, Named("gid_t"), Ready, "bpf_get_current_uid_gid() >> 32";
    Errno, Named("int"), Ready, "negated result of the system call, at its return";
    Cpu, Named("processorid_t"), Ready, "bpf_get_smp_processor_id()";
    Execargs, Named("string"), Ready, "curthread->mm's arguments, blanks between; execname where they are not in memory";
}

impl VarRow {
    /// By D name.
    pub fn by_name(name: &str) -> Option<&'static VarRow> {
        VARS.iter().find(|r| r.var.name() == name)
    }
    /// By number.
    pub fn of(var: BuiltinVar) -> Option<&'static VarRow> {
        VARS.iter().find(|r| r.var == var)
    }
}

const NO_COUNT: &str = "it takes a kernel that tells where its preemption count is (in /proc/kallsyms, with data symbols), and types";

/// Names that other DTraces have as built-in variables, and why Linux has nothing for them to tell.
pub const VARS_ELSEWHERE: &[(&str, &str)] = &[("jid", NO_JAILS), ("jailname", NO_JAILS)];

const NO_JAILS: &str = "Linux has no jails; the variables cgroup and pidns tell containers apart";
