/* Variables hold pointers with their type. */
BEGIN
{
	p = (int *)0x1000;
	self->p = p + 1;
	this->p = self->p + 1;
	printf("%x %x %x\n", (uint64_t)p, (uint64_t)self->p, (uint64_t)this->p);
	exit(0);
}
