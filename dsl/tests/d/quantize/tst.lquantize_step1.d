/* Without a step it is one. */
BEGIN
{
	@ = lquantize(3, 0, 5);
	exit(0);
}
