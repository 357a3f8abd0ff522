/* printa prints what there is each time. */
BEGIN
{
	@["a"] = sum(3);
	printa("%@d ", @);
	printa("%@d ", @);
	printa("%@d\n", @);
	exit(0);
}
