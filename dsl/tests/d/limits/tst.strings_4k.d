/* Strings of four kilobytes. */
#pragma D option strsize=4k

string s;

BEGIN
{
	s = "0123456789abcdef";
	s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s);
	s = strjoin(s, s); s = strjoin(s, s); s = strjoin(s, s);
	printf("%d %d %d\n", strlen(s), index(s, "f0", 100), rindex(s, "f0"));
	printf("%s %d\n", substr(s, 2040), s == substr(s, 0));
	exit(0);
}
