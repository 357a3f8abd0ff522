/* A string variable holds a copy. */
string s;
string t;

BEGIN
{
	s = "one";
	t = s;
	s = "two";
	printf("%s %s\n", s, t);
	exit(0);
}
