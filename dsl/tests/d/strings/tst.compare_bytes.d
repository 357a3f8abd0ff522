/* Comparison goes by bytes. */
BEGIN
{
	this->a = "abc"; this->b = "abd"; this->c = "ab";
	printf("%d%d%d%d%d%d\n", this->a < this->b, this->a <= this->b, this->a > this->b, this->a >= this->b, this->a == this->b, this->a != this->b);
	printf("%d%d%d\n", this->c < this->a, this->a == "abc", this->c == this->a);
	printf("%d%d\n", "" == "", "" < "a");
	exit(0);
}
