/* curlwpsinfo. __task_state comes before: Linux 5.14 gave that member another name. */

/* pr_state. */
inline int SSLEEP = 1;
inline int SRUN = 2;
inline int SZOMB = 3;
inline int SSTOP = 4;
inline int SIDL = 5;
inline int SONPROC = 6;
inline int SWAIT = 7;

typedef struct lwpsinfo {
	int pr_flag;
	id_t pr_lwpid;
	uintptr_t pr_addr;
	int pr_pri;
	processorid_t pr_onpro;
	int pr_state;
	char pr_sname;
	string pr_name;
} lwpsinfo_t;

translator lwpsinfo_t < struct task_struct *T > {
	pr_flag = T->flags;
	pr_lwpid = T->pid;
	pr_addr = (uintptr_t)T;
	pr_pri = T->prio;
	pr_onpro = cpu;
	pr_state = T == curthread ? SONPROC : T->exit_state != 0 ? SZOMB : (__task_state[T] & 0xc) != 0 ? SSTOP :
	    (__task_state[T] & 0x3) != 0 ? SSLEEP : SRUN;
	pr_sname = T == curthread ? 'O' : T->exit_state != 0 ? 'Z' : (__task_state[T] & 0xc) != 0 ? 'T' :
	    (__task_state[T] & 0x3) != 0 ? 'S' : 'R';
	pr_name = stringof(T->comm);
};

inline lwpsinfo_t *curlwpsinfo = xlate <lwpsinfo_t *> (curthread);
