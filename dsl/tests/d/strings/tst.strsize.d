/* A string that is too long is cut to strsize, its NUL included. */
#pragma D option strsize=16

string s;

BEGIN
{
	s = "0123456789abcdefghij";
	printf("%s %d\n", s, strlen(s));
	exit(0);
}
