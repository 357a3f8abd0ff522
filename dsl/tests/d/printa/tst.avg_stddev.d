/* Averages and deviations within a format. */
BEGIN
{
	@a = avg(10); @a = avg(20);
	@s = stddev(10); @s = stddev(20);
	printa("%@d ", @a);
	printa("%@d\n", @s);
	exit(0);
}
