/* avg() rounds towards zero. */
BEGIN
{
	@a = avg(1); @a = avg(2);
	@b = avg(-1); @b = avg(-2);
	@c = avg(10); @c = avg(20); @c = avg(60);
	exit(0);
}
