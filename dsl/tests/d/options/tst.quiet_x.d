/* The option quiet by -x. */
/* @args: -x quiet */
BEGIN { printf("x\n"); exit(0); }
