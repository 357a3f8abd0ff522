/* Small variables beside one another are not written over. */
char a;
uint8_t b;
int c;
char d;

BEGIN
{
	a = 1; b = 2; c = 3; d = 4;
	b = -1;
	printf("%d %d %d %d\n", a, b, c, d);
	c = 0x12345678;
	printf("%d %d %x %d\n", a, b, c, d);
	exit(0);
}
