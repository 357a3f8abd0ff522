/* ERROR sees variables of the clause that failed: global and thread-local. */
/* @err: invalid address */
int n;
BEGIN { n = 4; self->s = 5; trace(*(int *)0); }
ERROR { printf("%d %d\n", n, self->s); exit(0); }
