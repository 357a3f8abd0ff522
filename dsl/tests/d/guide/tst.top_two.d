/* Aggregations: the top of a list; a negative number keeps the bottom. */
BEGIN
{
	@n["a"] = sum(1); @n["b"] = sum(2); @n["c"] = sum(3); @n["d"] = sum(4);
	@m["a"] = sum(1); @m["b"] = sum(2); @m["c"] = sum(3); @m["d"] = sum(4);
	trunc(@n, 2);
	trunc(@m, -1);
	exit(0);
}
