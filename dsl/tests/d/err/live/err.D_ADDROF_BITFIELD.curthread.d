BEGIN { trace((uint64_t)&curthread->sched_reset_on_fork); }
