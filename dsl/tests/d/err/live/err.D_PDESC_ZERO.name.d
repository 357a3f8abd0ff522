syscall::openat:enter { trace(1); }
