/* Six keys of different kinds. */
BEGIN
{
	@[1, "two", (char)3, 4LL, strjoin("fi", "ve"), pid == $pid] = sum(7);
	printa("%d %s %d %d %s %d %@d\n", @);
	exit(0);
}
