/* Keys of more than the 512 bytes of a program's stack: of aggregations and of associative arrays. */
/* @args: -q -x strsize=512 */
int n[string, string, int, string];

BEGIN
{
	this->a = strjoin("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", probename);
	this->b = strjoin(this->a, this->a);
	n[this->a, this->b, 1, execname] = 5;
	n[this->b, this->a, 1, execname] = 6;
	n[this->a, this->b, 1, execname] += 10;
	printf("%d %d %d\n", n[this->a, this->b, 1, execname], n[this->b, this->a, 1, execname], n[this->b, this->b, 1, execname]);
	@[this->a, this->b, strjoin(this->b, this->b), 7] = sum(3);
	@[this->a, this->b, strjoin(this->b, this->b), 7] = sum(4);
	exit(0);
}

END { printa("%s\n%s\n%s\n%d %@d\n", @); }
