/* ? is the width of a pointer. */
BEGIN
{
	printf("[%?d] [%0?x] [%-?d]\n", 5, 0xabc, 7);
	exit(0);
}
