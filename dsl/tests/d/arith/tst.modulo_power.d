/* Remainders by powers of two of negative values are no masks. */
BEGIN
{
	this->n = -13;
	printf("%d %d %d\n", this->n % 8, this->n % 4, this->n / 4);
	this->u = 13U;
	printf("%d %d\n", this->u % 8, this->u / 4);
	exit(0);
}
