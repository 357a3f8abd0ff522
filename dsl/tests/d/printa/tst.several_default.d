/* Several aggregations in the default layout. */
BEGIN
{
	@n["a"] = sum(5); @m["a"] = sum(6);
	printa(@n, @m);
	exit(0);
}
