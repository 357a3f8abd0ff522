syscall::openat:entry { printf("%s %s", execname, copyinstr(arg1)); trace(*(int *)copyin(arg0, 4)); trace(copyinstr(arg1, 10)); }
