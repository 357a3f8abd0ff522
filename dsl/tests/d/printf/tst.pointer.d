/* Pointers in hexadecimal. */
BEGIN
{
	printf("%p %p\n", (void *)0x1234, 255);
	exit(0);
}
