/* What nothing was assigned to is zero. */
int n;
long l;
self int x;

BEGIN
{
	printf("%d %d %d\n", n, self->x, l);
	exit(0);
}
