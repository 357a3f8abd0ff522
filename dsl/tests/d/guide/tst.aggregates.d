/* Aggregations: one of each kind over the same numbers. */
int n;

BEGIN { n = 0; }

tick-1ms
/n < 10/
{
	n++;
	@c = count();
	@s = sum(n);
	@a = avg(n);
	@mn = min(n);
	@mx = max(n);
	@sd = stddev(n);
}

tick-1ms
/n == 10/
{
	printa("count %@d\n", @c);
	printa("sum %@d\n", @s);
	printa("avg %@d\n", @a);
	printa("min %@d\n", @mn);
	printa("max %@d\n", @mx);
	printa("stddev %@d\n", @sd);
	exit(0);
}

END { trunc(@c); trunc(@s); trunc(@a); trunc(@mn); trunc(@mx); trunc(@sd); }
