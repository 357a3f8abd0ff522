/* One aggregation, printed in several ways by one format. */
#pragma D option quiet
BEGIN
{
	@["k"] = sum(255);
	printa("%s [%@6d] [%-@6d] [%@x]\n", @);
	exit(0);
}
