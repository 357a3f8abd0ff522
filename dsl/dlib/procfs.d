/*
 * curpsinfo, curlwpsinfo, curcpu: what DTrace's scripts know of a process, a thread and a CPU, from Linux's task_struct.
 * Members that Linux has no counterpart for are not here; their use is an error that names them.
 */

typedef struct psinfo {
	int pr_nlwp;
	pid_t pr_pid;
	pid_t pr_ppid;
	pid_t pr_pgid;
	pid_t pr_sid;
	uid_t pr_uid;
	uid_t pr_euid;
	gid_t pr_gid;
	gid_t pr_egid;
	uintptr_t pr_addr;
	string pr_fname;
	string pr_psargs;
} psinfo_t;

translator psinfo_t < struct task_struct *T > {
	pr_nlwp = T->signal->live.counter;
	pr_pid = T->tgid;
	pr_ppid = T->real_parent->tgid;
	pr_pgid = task_pgid[T];
	pr_sid = task_sid[T];
	pr_uid = *(uid_t *)&T->cred->uid;
	pr_euid = *(uid_t *)&T->cred->euid;
	pr_gid = *(gid_t *)&T->cred->gid;
	pr_egid = *(gid_t *)&T->cred->egid;
	pr_addr = (uintptr_t)T;
	pr_fname = stringof(T->group_leader->comm);
	/* Only the current process's memory can be looked at. */
	pr_psargs = T->mm == curthread->mm ? execargs : stringof(T->group_leader->comm);
};

typedef struct cpuinfo {
	processorid_t cpu_id;
} cpuinfo_t;

translator cpuinfo_t < struct task_struct *T > {
	cpu_id = cpu;
};

inline psinfo_t *curpsinfo = xlate <psinfo_t *> (curthread);
inline cpuinfo_t *curcpu = xlate <cpuinfo_t *> (curthread);
