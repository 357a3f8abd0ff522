/* Integers as pointers and back. */
BEGIN
{
	printf("%x\n", (uint64_t)((int *)0x1000 + 2));
	printf("%x\n", (uint64_t)((char *)0x1000 - 1));
	this->p = (long *)0x2000; this->i = 3;
	printf("%x\n", (uint64_t)(this->p + this->i));
	printf("%x\n", (uint64_t)&this->p[this->i]);
	exit(0);
}
