/* Several aggregations with the same keys, row by row. */
BEGIN
{
	@n["a"] = count(); @n["b"] = count(); @n["b"] = count();
	@s["a"] = sum(50); @s["b"] = sum(7);
	printa("%s %@d %@d\n", @n, @s);
	exit(0);
}
