#pragma D depends_on module vmlinux
#pragma D depends_on provider sched

typedef struct psinfo { pid_t pr_pid; string pr_fname; } psinfo_t;

#pragma D attributes Stable/Stable/Common pr_pid
#pragma D binding "1.6.1" psinfo_t
translator psinfo_t < struct task_struct *T > {
	pr_pid = T->tgid;
	pr_fname = T->comm;
};

provider app {
	probe start(int, char *) : (psinfo_t *p, string);
	probe done();
};
#pragma D attributes Evolving/Evolving/Common provider app args
