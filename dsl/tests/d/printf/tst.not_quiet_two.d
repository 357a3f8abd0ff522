/* Each firing of a clause is a line; the printf calls of one clause share it. */
/* @args: -x strsize=64 */
BEGIN
{
	printf("a");
	printf("%d", 1);
}

BEGIN
{
	printf("b");
	exit(0);
}
