/* Only what strings can hold is compared. */
#pragma D option strsize=8

string s;
string t;

BEGIN
{
	s = "12345678";
	t = "1234567x";
	printf("%d\n", s == t);
	exit(0);
}
