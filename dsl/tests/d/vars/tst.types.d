/* Every integer type holds its extremes. */
int8_t a; uint8_t b; int16_t c; uint16_t d;
int32_t e; uint32_t f; int64_t g; uint64_t h;

BEGIN
{
	a = -128; b = 255; c = -32768; d = 65535;
	printf("%d %d %d %d\n", a, b, c, d);
	e = -2147483648; f = 4294967295;
	printf("%d %u\n", e, f);
	g = -9223372036854775807; h = 18446744073709551615U;
	printf("%d %u\n", g, h);
	exit(0);
}
