/* Casts cut and extend. */
BEGIN
{
	this->n = 300;
	printf("%d %d %d\n", (char)300, (char)this->n, (unsigned char)this->n);
	this->m = -1;
	printf("%d %d %u\n", (uint8_t)this->m, (uint16_t)this->m, (uint32_t)this->m);
	printf("%u %d\n", (uint64_t)this->m, (int)0x100000005);
	this->w = 0x1ffffffff;
	printf("%d %d\n", (int)this->w, (int8_t)(this->w - 0x80));
	exit(0);
}
