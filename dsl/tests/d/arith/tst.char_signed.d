/* Small signed variables extend their sign. */
int8_t c;
int16_t s;

BEGIN
{
	c = 127; c++;
	s = 32767; s++;
	printf("%d %d\n", c, s);
	c = 200;
	printf("%d %d\n", c, c + 1);
	exit(0);
}
