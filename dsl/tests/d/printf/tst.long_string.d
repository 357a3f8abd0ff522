/* A string as long as strsize lets it be. */
string s;

BEGIN
{
	s = strjoin("0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789");
	s = strjoin(s, s);
	printf("%s|%s\n", s, s);
	exit(0);
}
