/* Below the lowest magnitude and above the highest. */
BEGIN
{
	@ = llquantize(5, 10, 1, 2, 10); @ = llquantize(10, 10, 1, 2, 10); @ = llquantize(1000, 10, 1, 2, 10);
	exit(0);
}
