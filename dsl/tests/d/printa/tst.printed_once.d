/* What printa printed is not printed again at the end. */
BEGIN
{
	@p["a"] = sum(3);
	@q["b"] = sum(4);
	printa("%s %@d\n", @p);
	exit(0);
}
