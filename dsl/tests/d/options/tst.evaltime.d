/* The only time at which a command can be held. */
/* @args: -q -x evaltime=exec -x bufresize=manual -x jstackstrsize=1k -x kdefs */
BEGIN { printf("x\n"); exit(0); }
