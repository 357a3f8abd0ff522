/* The divisor may be computed. */
BEGIN
{
	this->n = 5;
	@["a"] = sum(100);
	normalize(@, this->n * 2 - 3);
	exit(0);
}
