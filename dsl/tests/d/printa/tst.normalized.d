/* printa prints normalized values. */
BEGIN
{
	@ = sum(100);
	normalize(@, 3);
	printa("%@d\n", @);
	denormalize(@);
	printa("%@d\n", @);
	exit(0);
}
