BEGIN { trace(sizeof(int)); trace(sizeof(struct task_struct)); trace(sizeof(curthread->comm)); trace(sizeof(kernel_pid_t)); trace(sizeof(string)); }
