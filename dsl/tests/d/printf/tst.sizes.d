/* Without a size the argument's own type counts. */
BEGIN
{
	printf("%x %x %x %x\n", (char)-1, (short)-1, -1, -1LL);
	printf("%d %d %u\n", (char)-1, (uint8_t)255, (char)-1);
	printf("%d %u\n", (uint32_t)-1, -1);
	exit(0);
}
