/* A key is converted to the type of the first use. */
BEGIN
{
	a[1] = 5;
	printf("%d %d %d\n", a[1LL], a[(char)1], a[0x100000001]);
	exit(0);
}
