/* Strings that differ only at their ends. */
string s;
string t;
string u;

BEGIN
{
	s = strjoin("0123456789012345678901234567890123456789012345678901234567890123456789", "0123456789012345678901234567890123456789012345678901234567890123456789");
	t = strjoin(s, "a");
	u = strjoin(s, "b");
	printf("%d %d %d %d\n", t < u, t == u, s < t, strjoin(s, "a") == t);
	exit(0);
}
