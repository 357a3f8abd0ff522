/* BEGIN has no arguments. */
BEGIN
{
	printf("%d %d %d\n", arg0, arg5, arg9);
	exit(0);
}
