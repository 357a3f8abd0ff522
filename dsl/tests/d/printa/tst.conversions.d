/* Aggregated values take conversions and widths. */
BEGIN
{
	@ = sum(255);
	printa("%@d %@u %@x %@X %@o [%@6d] [%-@6d] [%@06d]\n", @);
	exit(0);
}
