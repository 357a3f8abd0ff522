/* The option quiet in the program. */
/* @args: -x strsize=64 */
#pragma D option quiet

BEGIN { printf("x\n"); exit(0); }
