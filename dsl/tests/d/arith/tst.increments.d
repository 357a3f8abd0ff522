/* Prefix and postfix increment and decrement: value and effect. */
int x;

BEGIN
{
	x = 5;
	printf("%d ", x++);
	printf("%d ", ++x);
	printf("%d ", x--);
	printf("%d ", --x);
	printf("%d\n", x);
	exit(0);
}
