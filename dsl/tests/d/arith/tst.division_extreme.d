/* The smallest 64-bit integer divided by -1 wraps and does not trap. */
BEGIN
{
	this->min = -9223372036854775807 - 1;
	this->one = -1LL;
	printf("%d %d\n", this->min / this->one, this->min % this->one);
	exit(0);
}
