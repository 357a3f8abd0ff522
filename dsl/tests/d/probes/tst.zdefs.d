/* The same by the option zdefs. */
#pragma D option zdefs

syscall::nosuchcall:entry { printf("no\n"); }
BEGIN { printf("yes\n"); exit(0); }
