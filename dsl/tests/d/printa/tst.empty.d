/* printa of what has no element prints nothing. */
BEGIN
{
	@ = count();
	trunc(@);
	printa("%@d\n", @);
	printf("end\n");
	exit(0);
}
