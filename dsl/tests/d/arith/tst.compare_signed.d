/* Comparisons of signed values. */
BEGIN
{
	this->a = -1; this->b = 1;
	printf("%d%d%d%d%d%d\n", this->a < this->b, this->a <= this->b, this->a > this->b, this->a >= this->b, this->a == this->b, this->a != this->b);
	printf("%d%d%d\n", this->a <= this->a, this->a >= this->a, this->a < this->a);
	exit(0);
}
