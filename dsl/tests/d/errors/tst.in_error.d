/* A fault within ERROR does not fire ERROR again. */
/* @err: invalid address \(0x0\) */
BEGIN { trace(*(int *)0); }
ERROR { printf("once\n"); }
ERROR { trace(*(int *)8); }
ERROR { exit(0); }
