/* A picture within printa(), once for each key. */
BEGIN
{
	@["k"] = quantize(4);
	printa("%s:%@d!\n", @);
	exit(0);
}
