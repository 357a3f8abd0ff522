/* Small unsigned variables keep the low bits of what they are assigned. */
uint8_t c;
uint16_t s;

BEGIN
{
	c = 255; c++;
	s = 65535; s++;
	printf("%d %d\n", c, s);
	c = 300; s = 70000;
	printf("%d %d\n", c, s);
	c = -1; s = -1;
	printf("%d %d\n", c, s);
	exit(0);
}
