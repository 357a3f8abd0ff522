/* Logical operators within conditions. */
BEGIN
{
	this->a = 3; this->b = 0;
	printf("%d %d %d\n", this->a && this->b ? 1 : 2, this->a || this->b ? 1 : 2, !this->b ? 1 : 2);
	printf("%d\n", this->a ^^ this->b ? 1 : 2);
	exit(0);
}
