/* A base below zero. */
BEGIN
{
	@ = lquantize(-15, -20, 20, 10); @ = lquantize(-10, -20, 20, 10); @ = lquantize(5, -20, 20, 10);
	exit(0);
}
