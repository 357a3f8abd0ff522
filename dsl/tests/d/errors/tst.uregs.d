/* There are no more registers than these. */
/* @err: illegal operation in action #1 at DIF offset [0-9]+$ */
BEGIN { trace(uregs[21]); }
BEGIN { printf("last\n"); exit(0); }
