/* Negative keys print as such. */
BEGIN
{
	@[-1] = sum(1); @[-2] = sum(2); @[2147483647] = sum(3);
	exit(0);
}
