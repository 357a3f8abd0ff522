/* More steps than the first orders have numbers: those go one by one. */
BEGIN
{
	@a[7] = llquantize(7, 2, 0, 5, 8); @a[9] = llquantize(9, 2, 0, 5, 8); @a[-11] = llquantize(-11, 2, 0, 5, 8);
	@b[99] = llquantize(99, 10, 1, 3, 200); @b[103] = llquantize(103, 10, 1, 3, 200);
	exit(0);
}
