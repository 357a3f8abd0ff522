/* Products of 64 bits. */
BEGIN
{
	this->a = 4294967296; this->b = 3LL;
	printf("%d %d\n", this->a * this->b, this->a * -this->b);
	printf("%u\n", (uint64_t)this->a * 4294967295);
	exit(0);
}
