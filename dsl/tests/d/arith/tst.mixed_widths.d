/* The wider operand says how wide the operation is. */
BEGIN
{
	this->i = 2147483647; this->l = 1LL;
	printf("%d\n", this->i + this->l);
	printf("%d\n", this->i * 2LL);
	this->c = (char)100;
	printf("%d\n", this->c + 100);
	exit(0);
}
