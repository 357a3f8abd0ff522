/* Fewer steps than the factor, more, one order only, and steps that don't begin with the order. */
BEGIN
{
	@a[1] = llquantize(1, 10, 0, 1, 5); @a[3] = llquantize(3, 10, 0, 1, 5); @a[19] = llquantize(19, 10, 0, 1, 5);
	@a[20] = llquantize(20, 10, 0, 1, 5); @a[-2] = llquantize(-2, 10, 0, 1, 5); @a[-100] = llquantize(-100, 10, 0, 1, 5);
	@b[9] = llquantize(9, 10, 0, 2, 20); @b[15] = llquantize(15, 10, 0, 2, 20); @b[-155] = llquantize(-155, 10, 0, 2, 20);
	@c[17] = llquantize(17, 2, 4, 4, 16);
	@d[0] = llquantize(0, 10, 0, 1, 5, 0);
	exit(0);
}
