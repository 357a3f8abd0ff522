/* Subroutines read from NULL as from any other bad address. */
/* @err: invalid address \(0x0\) in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(toupper(NULL)); }
BEGIN { trace(strtoll(NULL)); }
BEGIN { trace(strtok("a", NULL)); }
BEGIN { bcopy(NULL, alloca(4), 4); }
BEGIN { trace(inet_ntoa(NULL)); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d %d\n", arg4, arg5); }
