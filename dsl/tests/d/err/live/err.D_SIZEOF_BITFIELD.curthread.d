BEGIN { trace(sizeof (curthread->sched_reset_on_fork)); }
