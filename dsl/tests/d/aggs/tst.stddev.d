/* stddev() from integer averages. */
BEGIN
{
	@a = stddev(10); @a = stddev(20);
	@b = stddev(7); @b = stddev(7); @b = stddev(7);
	@c = stddev(-10); @c = stddev(10);
	@d = stddev(1); @d = stddev(2); @d = stddev(3); @d = stddev(4);
	exit(0);
}
