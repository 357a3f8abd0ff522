/* Binary operators bind as the table of precedences says. */
BEGIN
{
	printf("%d %d %d %d\n", 1 + 2 * 3, (1 + 2) * 3, 10 - 4 - 3, 100 / 10 / 5);
	printf("%d %d %d\n", 1 << 2 + 1, 5 & 3 == 3, 1 | 6 & 4 ^ 2);
	printf("%d %d %d\n", 1 || 0 && 0, 7 - -2, 2 * 3 % 4);
	exit(0);
}
