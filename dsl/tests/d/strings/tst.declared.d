/* A declared string and one that its first assignment declares. */
string s;

BEGIN
{
	s = "x";
	t = s;
	printf("%s %s %d\n", s, t, s == t);
	exit(0);
}
