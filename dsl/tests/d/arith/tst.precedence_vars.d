/* The same at run time: nothing here is constant. */
BEGIN
{
	this->a = 1; this->b = 2; this->c = 3; this->d = 10;
	printf("%d %d %d\n", this->a + this->b * this->c, (this->a + this->b) * this->c, this->d - this->c - this->b);
	printf("%d %d\n", this->a << this->b + this->a, this->d & this->c == this->c);
	printf("%d\n", this->a | this->d & this->b ^ this->c);
	exit(0);
}
