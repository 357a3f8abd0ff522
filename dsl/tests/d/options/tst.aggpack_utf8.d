/* aggpack with blocks of eight heights. */
/* @args: -q -x aggpack -x encoding=utf8 -x aggzoom */
BEGIN
{
	@q = lquantize(1, 0, 10, 1, 1);
	@q = lquantize(2, 0, 10, 1, 2);
	@q = lquantize(3, 0, 10, 1, 4);
	@q = lquantize(4, 0, 10, 1, 8);
	exit(0);
}
