/* Bytes count as unsigned. */
BEGIN
{
	this->a = "\xff"; this->b = "a";
	printf("%d %d\n", this->a > this->b, this->a < this->b);
	exit(0);
}
