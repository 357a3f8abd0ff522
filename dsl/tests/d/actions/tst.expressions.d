/* A statement may be any expression. */
int x;

BEGIN
{
	5;
	x;
	x + 1;
	x = 2, x++;
	strlen("abc");
	printf("%d\n", x);
	exit(0);
}
