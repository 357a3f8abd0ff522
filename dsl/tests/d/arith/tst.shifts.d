/* Shifts: the left operand says the type, and with it whether the sign moves in. */
BEGIN
{
	printf("%d %d %d\n", 1 << 31, 1LL << 40, -8 >> 1);
	printf("%u %u\n", 0x80000000 >> 4, 0xffffffffffffffff >> 60);
	this->n = -16; this->u = (uint64_t)-16; this->by = 2;
	printf("%d %u\n", this->n >> this->by, this->u >> this->by);
	printf("%d\n", this->n << this->by);
	exit(0);
}
