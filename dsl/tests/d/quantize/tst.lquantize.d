/* Linear buckets: the ones around those with values. */
BEGIN
{
	@ = lquantize(5, 0, 10, 2); @ = lquantize(4, 0, 10, 2); @ = lquantize(7, 0, 10, 2);
	exit(0);
}
