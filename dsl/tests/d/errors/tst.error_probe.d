/* ERROR: its arguments are enabling, action, offset, fault, address. */
/* @err: invalid address \(0x30\) in action #2 */
ERROR
{
	printf("%d %d %d %x\n", arg1, arg2, arg4, arg5);
	exit(0);
}

BEGIN
{
	this->ok = 1;
	trace(*(int *)0x30);
}
