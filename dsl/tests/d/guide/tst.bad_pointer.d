/* Pointers: a bad address ends the clause, not the system. */
/* @err: invalid address \(0x0\) in action #2 */
BEGIN
{
	x = (int *)NULL;
	y = *x;
	trace(y);
}

BEGIN
{
	printf("still here\n");
	exit(0);
}

ERROR
{
	printf("fault %d\n", arg4);
}
