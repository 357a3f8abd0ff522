/* The first assignment gives a variable its type. */
BEGIN
{
	i = 1;
	l = 1LL;
	c = (char)1;
	s = "str";
	printf("%d %d %d %s\n", sizeof (i), sizeof (l), sizeof (c), s);
	exit(0);
}
