/* Nothing is left of a longer value. */
string s;

BEGIN
{
	s = "a long string";
	s = "short";
	printf("[%s] %d %d\n", s, strlen(s), s == "short");
	exit(0);
}
