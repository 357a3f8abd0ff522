/* Clause-local strings. */
BEGIN
{
	this->a = "first";
	this->b = this->a;
	this->a = "second";
	printf("%s %s\n", this->a, this->b);
	exit(0);
}
