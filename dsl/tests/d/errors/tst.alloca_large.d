/* More than there is of scratch. */
/* @err: out of scratch space in action #1 at DIF offset [0-9]+$ */
BEGIN { this->p = alloca(1 << 30); printf("not reached\n"); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d\n", arg4); }
