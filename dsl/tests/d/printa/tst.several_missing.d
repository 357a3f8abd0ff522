/* A key that one of them lacks counts zero there. */
BEGIN
{
	@n["a"] = sum(5);
	@m["b"] = sum(6);
	printa("%s %@d %@d\n", @n, @m);
	exit(0);
}
