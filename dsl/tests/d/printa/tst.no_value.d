/* A format need not print the value. */
BEGIN
{
	@["x"] = sum(1); @["y"] = sum(2);
	printa("%s\n", @);
	exit(0);
}
