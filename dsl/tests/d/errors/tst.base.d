/* Bases that there are no digits for. */
/* @err: illegal operation in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(lltostr(1, 37)); }
BEGIN { trace(strtoll("1", 1)); }
BEGIN { printf("last\n"); exit(0); }
ERROR { printf("%d\n", arg4); }
