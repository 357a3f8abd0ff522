/* An expression that nests to the right. */
BEGIN
{
	this->x = 1;
	printf("%d\n", this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (this->x + (0)))))))))))))))))))))))));
	exit(0);
}
