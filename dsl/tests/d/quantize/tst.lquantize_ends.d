/* Values below the base and from the limit on. */
BEGIN
{
	@ = lquantize(-1, 0, 4, 1); @ = lquantize(0, 0, 4, 1); @ = lquantize(3, 0, 4, 1); @ = lquantize(4, 0, 4, 1); @ = lquantize(99, 0, 4, 1);
	exit(0);
}
