/* An inline is replaced by its value at each use. */
inline int LIMIT = 3 + 4;
int n;
inline int next = n + 1;

BEGIN
{
	printf("%d %d\n", LIMIT, LIMIT * 2);
	n = 3;
	printf("%d ", next);
	n = 9;
	printf("%d\n", next);
	exit(0);
}
