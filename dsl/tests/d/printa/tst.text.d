/* A format of text alone is printed once for each key. */
BEGIN
{
	@["x"] = sum(1); @["y"] = sum(2);
	printa("row\n", @);
	exit(0);
}
