/* Output: several aggregations side by side, joined by their key. */
BEGIN
{
	@reads["cat"] = count();
	@reads["ls"] = count();
	@writes["cat"] = sum(20);
	@time["ls"] = max(7);
	printf("%-6s %6s %6s %6s\n", "NAME", "READS", "WRITES", "TIME");
	printa("%-6s %@6d %@6d %@6d\n", @reads, @writes, @time);
	trunc(@reads);
	trunc(@writes);
	trunc(@time);
	exit(0);
}
