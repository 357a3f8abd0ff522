/* Sizes of types and of expressions. */
struct pair { char c; long l; };
short x;

BEGIN
{
	printf("%d %d %d %d\n", sizeof (char), sizeof (short), sizeof (int), sizeof (long));
	printf("%d %d %d\n", sizeof (long long), sizeof (void *), sizeof (uint8_t));
	printf("%d %d\n", sizeof (struct pair), sizeof (x));
	exit(0);
}
