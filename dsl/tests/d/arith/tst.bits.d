/* Bitwise operators at run time. */
BEGIN
{
	this->a = 12; this->b = 10;
	printf("%d %d %d %d\n", this->a & this->b, this->a | this->b, this->a ^ this->b, ~this->a);
	printf("%x\n", ~(uint32_t)0);
	exit(0);
}
