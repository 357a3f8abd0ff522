/* Integer constants: radix and suffix. */
BEGIN
{
	printf("%d %d %d %d\n", 0x1f, 017, 0, 42U);
	printf("%d %d %d\n", 10L, 10LL, 10ULL);
	printf("%u %d\n", 0xffffffffffffffff, 0xffffffff);
	printf("%d %d %d\n", 'a', '\n', '\101');
	exit(0);
}
