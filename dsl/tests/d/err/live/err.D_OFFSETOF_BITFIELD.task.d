BEGIN { trace(offsetof(struct task_struct, sched_reset_on_fork)); }
