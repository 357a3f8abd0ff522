/* Sizes of built-in variables. */
BEGIN
{
	printf("%d %d %d %d %d\n", sizeof (pid), sizeof (timestamp), sizeof (arg0), sizeof (cpu), sizeof (uid));
	exit(0);
}
