/* Characters. */
BEGIN
{
	printf("%c%c%c [%3c] [%-3c]\n", 'a', 98, 0x43, 'x', 'y');
	exit(0);
}
