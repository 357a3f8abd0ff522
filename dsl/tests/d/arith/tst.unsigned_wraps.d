/* An unsigned int goes below zero to its maximum. */
uint32_t u;
uint64_t v;

BEGIN
{
	u = 0;
	printf("%u\n", u - 1);
	u--;
	printf("%u\n", u);
	v = 0;
	v--;
	printf("%u\n", v);
	exit(0);
}
