/* clear() between two printa. */
BEGIN
{
	@["k"] = sum(4);
	printa("%s %@d\n", @);
	clear(@);
	printa("%s %@d\n", @);
	exit(0);
}
