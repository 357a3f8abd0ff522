/* The operator chains to the right. */
BEGIN
{
	this->x = 2;
	printf("%s\n", this->x == 1 ? "one" : this->x == 2 ? "two" : this->x == 3 ? "three" : "many");
	this->x = 3;
	printf("%s\n", this->x == 1 ? "one" : this->x == 2 ? "two" : this->x == 3 ? "three" : "many");
	this->x = 9;
	printf("%s\n", this->x == 1 ? "one" : this->x == 2 ? "two" : this->x == 3 ? "three" : "many");
	exit(0);
}
