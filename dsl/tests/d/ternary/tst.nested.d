/* A condition and a middle part that are ternaries themselves. */
BEGIN
{
	this->a = 1; this->b = 0;
	printf("%d\n", (this->a ? this->b : 1) ? 10 : 20);
	printf("%d\n", this->a ? this->b ? 1 : 2 : 3);
	exit(0);
}
