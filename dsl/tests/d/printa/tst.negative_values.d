/* Negative values in a format. */
BEGIN
{
	@ = sum(-5);
	printa("%@d ", @);
	printa("[%@5d]\n", @);
	exit(0);
}
