/* An increment as the fifth argument. */
BEGIN
{
	@ = lquantize(3, 0, 5, 1, 100);
	exit(0);
}
