/* A comma expression has the value of its last part; the others have their effects. */
int x;
int y;

BEGIN
{
	x = (y = 3, y + 1);
	printf("%d %d\n", x, y);
	exit(0);
}
