/* Aggregations: the same data as a rate, and as it was. */
BEGIN
{
	@calls["read"] = sum(100);
	@calls["write"] = sum(250);
	exit(0);
}

END
{
	normalize(@calls, 10);
	printa("%-6s %@d per unit\n", @calls);
	denormalize(@calls);
	printa("%-6s %@d in all\n", @calls);
	clear(@calls);
	printa("%-6s %@d after clear\n", @calls);
	trunc(@calls);
}
