/* -x aggsortpos says which of several orders the rows. */
/* @args: -q -x aggsortpos=1 */
BEGIN
{
	@n["a"] = sum(1); @n["b"] = sum(2);
	@m["a"] = sum(9); @m["b"] = sum(8);
	printa("%s %@d %@d\n", @n, @m);
	exit(0);
}
