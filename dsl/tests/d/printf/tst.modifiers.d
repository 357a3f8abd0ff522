/* Size modifiers say what is printed. */
BEGIN
{
	printf("%hd %hu %hx\n", (short)-1, (unsigned short)65535, (short)-1);
	printf("%ld %lld %lu %lx\n", -9L, -9LL, 9UL, 255L);
	exit(0);
}
