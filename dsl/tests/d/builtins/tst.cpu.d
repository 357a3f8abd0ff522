/* The CPU is one that there is. */
BEGIN
{
	printf("%d\n", cpu >= 0 && cpu < 4096);
	exit(0);
}
