/* Without a format: a newline, then the rows. */
BEGIN
{
	@["a"] = sum(3); @["b"] = sum(1);
	printa(@);
	exit(0);
}
