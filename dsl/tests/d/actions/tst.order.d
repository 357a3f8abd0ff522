/* Output comes in the order of the statements, aggregations by printa() included. */
BEGIN
{
	printf("1\n");
	@ = sum(2);
	printa("%@d\n", @);
	printf("3\n");
	trace("4\n");
	printf("5\n");
	exit(0);
}
