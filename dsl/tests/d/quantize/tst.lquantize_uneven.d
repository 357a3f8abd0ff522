/* A range that the step does not divide ends at its last whole step. */
BEGIN
{
	@ = lquantize(9, 0, 10, 3); @ = lquantize(8, 0, 10, 3);
	exit(0);
}
