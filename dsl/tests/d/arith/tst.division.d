/* Signed division rounds towards zero; the remainder has the sign of the dividend. */
BEGIN
{
	printf("%d %d %d %d\n", -7 / 2, 7 / -2, -7 / -2, 7 / 2);
	printf("%d %d %d %d\n", -7 % 2, 7 % -2, -7 % -2, 7 % 2);
	exit(0);
}
