/* Field widths. */
BEGIN
{
	printf("[%5d] [%-5d] [%05d] [%2d]\n", 42, 42, 42, 12345);
	printf("[%5d] [%-5d] [%05d]\n", -42, -42, -42);
	exit(0);
}
