/* Clauses of one firing share their clause-local variables. */
this int x;

BEGIN
{
	this->x = 3;
}

BEGIN
{
	printf("%d\n", this->x);
	this->x += 4;
}

BEGIN
{
	printf("%d\n", this->x);
	exit(0);
}
