/* Whether the process comes from another. */
BEGIN
{
	printf("%d %d %d %d\n", progenyof($pid), progenyof($ppid), progenyof(0) || progenyof(1), progenyof(-1));
	exit(0);
}
