/* An assignment is an expression, from right to left. */
int a;
int b;

BEGIN
{
	a = b = 4;
	printf("%d %d %d\n", a, b, (a = 6) + 1);
	printf("%d\n", a);
	exit(0);
}
