/* A format need not print every key. */
BEGIN
{
	@["x", 1] = sum(1); @["y", 2] = sum(2);
	printa("%s %@d\n", @);
	printa("%@d;", @);
	printf("\n");
	exit(0);
}
