syscall::opennat:entry { trace(1); }
