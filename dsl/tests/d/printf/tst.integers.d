/* Plain integer conversions. */
BEGIN
{
	printf("%d %i %u %o %x %X\n", -97, 97, 97, 97, 0xbeef, 0xbeef);
	exit(0);
}
