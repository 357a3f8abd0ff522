/* Blanks, a sign, a prefix in base 16, digits; what follows does not matter. */
BEGIN
{
	printf("%d %d %d %d\n", strtoll("0"), strtoll("-9223372036854775808"), strtoll(" \t+12x"), strtoll("9223372036854775807"));
	printf("%d %d %d %d\n", strtoll(""), strtoll("abc"), strtoll("-"), strtoll("--1"));
	printf("%d %d %d %d\n", strtoll("0x1f", 16), strtoll("-0XFF", 16), strtoll("0xg", 16), strtoll("1f", 16));
	printf("%d %d %d %d\n", strtoll("zz", 36), strtoll("778", 8), strtoll("0102", 2), strtoll("0x10"));
	printf("%d\n", strtoll("99999999999999999999"));
	exit(0);
}
