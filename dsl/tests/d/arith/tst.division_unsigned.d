/* Division of unsigned types is unsigned, also where the top bit is set. */
BEGIN
{
	this->u = (uint64_t)-1;
	this->w = (uint32_t)-1;
	printf("%u %u\n", this->u / 2, this->u % 10);
	printf("%u %u\n", this->w / 2, this->w % 10);
	exit(0);
}
