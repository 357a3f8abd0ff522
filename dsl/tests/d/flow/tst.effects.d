/* What a block assigns is seen after it. */
int x;
this string s;

BEGIN
{
	x = 1;
	if (x == 1) {
		x = 2;
		this->s = "changed";
	} else {
		this->s = "kept";
	}
	printf("%d %s\n", x, this->s);
	exit(0);
}
