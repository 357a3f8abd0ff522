/* An int that overflows wraps. */
int x;

BEGIN
{
	x = 2147483647;
	x = x + 1;
	printf("%d\n", x);
	x--;
	printf("%d\n", x);
	printf("%d\n", 2147483647 + 1);
	exit(0);
}
