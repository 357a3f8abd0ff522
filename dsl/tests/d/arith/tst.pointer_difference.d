/* The difference of two pointers counts objects. */
BEGIN
{
	this->a = (int *)0x1010; this->b = (int *)0x1000;
	printf("%d %d\n", this->a - this->b, this->b - this->a);
	printf("%d\n", (char *)0x1010 - (char *)0x1000);
	printf("%d %d\n", this->a > this->b, this->a == this->b);
	exit(0);
}
