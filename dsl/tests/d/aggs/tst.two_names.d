/* Aggregations print in the order in which they first appear. */
BEGIN
{
	@z = sum(1);
	@a = sum(2);
	@m = sum(3);
	exit(0);
}
