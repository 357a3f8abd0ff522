/* ERROR is a probe like others. */
/* @err: invalid address */
BEGIN { trace(*(int *)0); }
ERROR { printf("%s:%s:%s:%s\n", probeprov, probemod, probefunc, probename); exit(0); }
