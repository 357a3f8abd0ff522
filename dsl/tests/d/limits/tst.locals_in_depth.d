/* An expression of a hundred terms. */
BEGIN
{
	this->x = 1;
	printf("%d\n", this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x + this->x);
	exit(0);
}
