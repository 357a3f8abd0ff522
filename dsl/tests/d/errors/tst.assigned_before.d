/* What was assigned before the fault stays. */
/* @err: invalid address */
int n;
BEGIN { n = 5; this->x = *(int *)0; n = 6; }
BEGIN { printf("%d\n", n); exit(0); }
