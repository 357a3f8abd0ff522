/* Conditions on strings. */
string s;

BEGIN
{
	s = "b";
	if (s == "a") {
		printf("a\n");
	} else if (s == "b") {
		printf("b\n");
	}
	exit(0);
}
