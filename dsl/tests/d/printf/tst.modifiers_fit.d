/* What has the size of the conversion, and its sign, fits; digits of eight and sixteen go without a sign. */
BEGIN
{
	printf("%hd %hi %hu %hx %hx %ho\n", (short)-1, (short)2, (unsigned short)3, (unsigned short)4, (short)-5, (short)8);
	printf("%lld %lld %ld %ld\n", (long)4, (long long)-5, (long long)6, (long)7);
	printf("%llu %lu %llx %lX %lo %li\n", -1ULL, 8UL, 255LL, 255UL, 8L, -3L);
	printf("%d %x %wc%lc\n", (char)-1, (char)-1, 65, 66);
	exit(0);
}
