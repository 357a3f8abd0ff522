/* Operators: what binds more tightly, shifts, the conditional operator on integers and strings. */
BEGIN
{
	x = 5;
	printf("%d %d %d\n", 2 + 3 * 4, (2 + 3) * 4, 7 & 3 | 8);
	printf("%d %d %d\n", 1 << 4, -16 >> 2, x ^ 1);
	printf("%d %d %d\n", x && 0, x || 0, x ^^ 1);
	printf("%s %s\n", x == 1 ? "one" : "many", x > 0 ? "positive" : "negative");
	x += 3;
	x <<= 2;
	x %= 7;
	printf("%d %d %d\n", x, x++, --x);
	exit(0);
}
