/* Assignment binds weaker than the operator. */
int x;
int y;

BEGIN
{
	x = 0 ? 1 : 2;
	y = x == 2 ? 7 : 8;
	printf("%d %d\n", x, y);
	exit(0);
}
