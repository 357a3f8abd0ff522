/* A string that just fits. */
#pragma D option strsize=8

string s;

BEGIN
{
	s = "1234567";
	printf("%s %d\n", s, strlen(s));
	s = strjoin("1234", "567");
	printf("%s\n", s);
	exit(0);
}
