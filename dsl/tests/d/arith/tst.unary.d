/* Unary operators. */
BEGIN
{
	this->x = 5; this->z = 0;
	printf("%d %d %d %d\n", -this->x, +this->x, ~this->x, - -this->x);
	printf("%d %d %d\n", !this->x, !this->z, !!this->x);
	exit(0);
}
