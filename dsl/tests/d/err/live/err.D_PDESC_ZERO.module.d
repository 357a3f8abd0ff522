syscall:nosuchmodule:openat:entry { trace(1); }
