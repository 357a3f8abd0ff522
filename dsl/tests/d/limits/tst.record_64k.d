/* A record of 64 KB: sixteen strings of 4 KB. */
/* @args: -q -x strsize=4k */
string s;

BEGIN
{
	s = "0123456789abcdef";
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
}

BEGIN
{
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, substr(s, 1));
}

BEGIN
{
	printf("%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s\n", s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s);
	printf("%d\n", strlen(s));
	exit(0);
}
