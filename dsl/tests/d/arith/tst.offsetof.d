/* Offsets of members, with padding. */
struct s { char a; int b; short c; void *d; };

BEGIN
{
	printf("%d %d %d %d\n", offsetof(struct s, a), offsetof(struct s, b), offsetof(struct s, c), offsetof(struct s, d));
	printf("%d\n", sizeof (struct s));
	exit(0);
}
