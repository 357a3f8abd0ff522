/* Strings may be longer than the default. */
#pragma D option strsize=1k

string s;

BEGIN
{
	s = strjoin("0123456789", "0123456789");
	s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s);
	printf("%d\n", strlen(s));
	printf("%d %s\n", index(s, "9", 300), substr(s, 315));
	exit(0);
}
