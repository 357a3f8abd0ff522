/* Values move through a third variable. */
string a;
string b;

BEGIN
{
	a = "left"; b = "right";
	this->t = a;
	a = b;
	b = this->t;
	printf("%s %s\n", a, b);
	exit(0);
}
