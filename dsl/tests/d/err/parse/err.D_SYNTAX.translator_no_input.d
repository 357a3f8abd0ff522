translator psinfo_t { pr_pid = 1; };
