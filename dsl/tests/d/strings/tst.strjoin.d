/* Joining, also of what was joined. */
string s;

BEGIN
{
	this->a = "ab"; this->b = "cd";
	printf("%s %s\n", strjoin(this->a, this->b), strjoin("", this->b));
	printf("%s\n", strjoin(strjoin(this->a, "-"), strjoin(this->b, "+")));
	s = strjoin(this->a, this->b);
	s = strjoin(s, s);
	printf("%s\n", s);
	exit(0);
}
