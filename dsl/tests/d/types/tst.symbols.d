BEGIN { trace(`jiffies); trace(`init_task.pid); trace(&`init_task); trace(vmlinux`init_task.comm); trace(`do_exit); trace(&`untyped); }
