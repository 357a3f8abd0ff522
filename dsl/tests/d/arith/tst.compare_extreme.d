/* Comparison is right where subtraction would overflow. */
BEGIN
{
	this->min = -9223372036854775807 - 1;
	this->max = 9223372036854775807;
	printf("%d %d\n", this->min < this->max, this->max < this->min);
	this->one = 1LL;
	printf("%d %d\n", this->min < this->one, this->min > this->one);
	exit(0);
}
