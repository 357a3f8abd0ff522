/* Precision of integers: the fewest digits. */
BEGIN
{
	printf("[%.4d] [%8.4d] [%.4x] [%.0d]\n", 42, -42, 10, 0);
	exit(0);
}
