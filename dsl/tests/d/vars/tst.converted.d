/* Later assignments are converted to that type. */
BEGIN
{
	i = 1;
	i = 0x100000002;
	printf("%d\n", i);
	c = (char)1;
	c = 257;
	printf("%d\n", c);
	exit(0);
}
