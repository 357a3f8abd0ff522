/* Strings as alternatives, stored and compared. */
string s;

BEGIN
{
	this->t = 1;
	s = this->t ? "yes" : "no";
	printf("%s %d\n", s, strlen(this->t ? "abc" : "z"));
	printf("%d\n", (this->t ? "x" : "y") == "x");
	exit(0);
}
