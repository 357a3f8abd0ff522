/* The extremes of 64 bits. */
BEGIN
{
	printf("%d %u %x\n", -9223372036854775807 - 1, 18446744073709551615U, 0xffffffffffffffff);
	exit(0);
}
