/* trunc() between two printa. */
BEGIN
{
	@["k"] = sum(4); @["l"] = sum(5);
	trunc(@, 1);
	printa("%s %@d\n", @);
	trunc(@);
	printa("%s %@d\n", @);
	printf("done\n");
	exit(0);
}
