/* The dtrace provider: ERROR tells which clause failed, where, how. */
/* @err: divide-by-zero in action #1 */
int zero;

BEGIN { trace(10 / zero); }

ERROR
{
	printf("error in action %d: fault %d, address %x\n", arg2, arg4, arg5);
	exit(3);
}
/* @exit: 3 */
