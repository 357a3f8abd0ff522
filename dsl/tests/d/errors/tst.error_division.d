/* ERROR for a division: fault 4 and no address. */
/* @err: divide-by-zero in action #1 */
int z;
BEGIN { trace(1 / z); }
ERROR { printf("%d %d %d\n", arg2, arg4, arg5); exit(0); }
