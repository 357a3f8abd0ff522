/* A row for each key, in the order of the values. */
BEGIN
{
	@["a"] = sum(3); @["b"] = sum(1); @["c"] = sum(2);
	printa("%s=%@d\n", @);
	exit(0);
}
