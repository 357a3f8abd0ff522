/* Long arithmetic has 64 bits and wraps there. */
long y;

BEGIN
{
	y = 9223372036854775807;
	y = y + 1;
	printf("%d\n", y);
	y = 1 << 30;
	y = y * 16;
	printf("%d\n", y);
	exit(0);
}
