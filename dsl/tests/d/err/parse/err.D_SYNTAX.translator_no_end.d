translator psinfo_t < int x > { pr_pid = x; }
