/* The type of a constant is the first of the candidates that holds it. */
BEGIN
{
	printf("%d %d %d\n", sizeof (1), sizeof (2147483648), sizeof (0x80000000));
	printf("%d %d %d\n", sizeof (1L), sizeof (1U), sizeof (0x100000000));
	exit(0);
}
