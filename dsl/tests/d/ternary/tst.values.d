/* The condition chooses one of two values. */
BEGIN
{
	this->t = 5; this->f = 0;
	printf("%d %d\n", this->t ? 1 : 2, this->f ? 1 : 2);
	printf("%d\n", (this->t > 3 ? 10 : 20) + 1);
	exit(0);
}
