BEGIN { printf("%d %s %x\n", pid, execname, arg0); printf("%-10s|%*d|%c", probefunc, 5, pid, 65); printf("%p %a %Y\n", curthread, arg0, walltimestamp); printf("hello\n"); }
