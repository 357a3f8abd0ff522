/* The kernel's own device numbers: twelve bits and twenty. */
BEGIN
{
	printf("%d %d\n", getmajor((8 << 20) | 3), getminor((8 << 20) | 3));
	printf("%d %d\n", getmajor(0xffffffff), getminor(0xffffffff));
	printf("%d %d\n", getmajor(0), getminor(0));
	exit(0);
}
