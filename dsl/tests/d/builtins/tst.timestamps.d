/* Time goes on, but not within a clause. */
BEGIN
{
	printf("%d %d\n", timestamp > 0, timestamp == timestamp);
	printf("%d %d\n", walltimestamp > 1700000000LL * 1000000000, walltimestamp == walltimestamp);
	printf("%d\n", vtimestamp <= timestamp);
	exit(0);
}
