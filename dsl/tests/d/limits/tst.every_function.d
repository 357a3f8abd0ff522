/* Every aggregating function in one clause. */
BEGIN
{
	this->x = 5;
	@a = count(); @b = sum(this->x); @c = min(this->x); @d = max(this->x); @e = avg(this->x); @f = stddev(this->x);
	@g = quantize(this->x); @h = lquantize(this->x, 0, 10, 1); @i = llquantize(this->x, 10, 0, 2, 10);
	printa("%@d ", @a); printa("%@d ", @b); printa("%@d ", @c); printa("%@d ", @d); printa("%@d ", @e); printa("%@d\n", @f);
	trunc(@g); trunc(@h); trunc(@i);
	exit(0);
}
