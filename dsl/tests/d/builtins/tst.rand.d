/* Random numbers: two alike would be a great chance. */
BEGIN
{
	this->a = rand(); this->b = rand(); this->c = rand();
	printf("%d\n", this->a != this->b || this->b != this->c);
	exit(0);
}
