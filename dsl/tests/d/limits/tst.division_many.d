/* Divisions, each with its guard. */
BEGIN
{
	this->x = 1000000; this->y = 3;
	printf("%d\n", ((((((((this->x / this->y) / this->y) / this->y) / this->y) / this->y) / this->y) / this->y) / this->y));
	exit(0);
}
