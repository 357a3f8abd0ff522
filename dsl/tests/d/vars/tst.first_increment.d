/* The first use of a variable may be an increment: it is a 64-bit integer. */
BEGIN
{
	n++;
	n++;
	printf("%d %d\n", n, sizeof (n));
	exit(0);
}
