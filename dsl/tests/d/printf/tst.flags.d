/* Flags for signs and bases. */
BEGIN
{
	printf("%+d %+d % d % d\n", 5, -5, 5, -5);
	printf("%#x %#X %#o %#x\n", 255, 255, 8, 0);
	printf("[%#8x] [%#08x] [%-#8x]\n", 291, 291, 291);
	exit(0);
}
