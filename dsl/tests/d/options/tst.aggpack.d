/* aggpack: a line for each distribution, all over the same buckets. */
/* @args: -q -x aggpack -x encoding=ascii */
BEGIN
{
	@q["one"] = quantize(1);
	@q["one"] = quantize(2);
	@q["one"] = quantize(2);
	@q["two"] = quantize(100);
	@l[1] = lquantize(3, 0, 10, 1);
	@l[1] = lquantize(30, 0, 10, 1);
	@all = llquantize(150, 10, 1, 3, 10);
	@c["count"] = count();
	exit(0);
}
