/* Increment of a pointer goes one object on. */
short *p;

BEGIN
{
	p = (short *)0x100;
	p++;
	printf("%x ", (uint64_t)p);
	p += 3;
	printf("%x ", (uint64_t)p);
	--p;
	printf("%x\n", (uint64_t)p);
	exit(0);
}
