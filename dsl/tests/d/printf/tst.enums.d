/* An enumerator prints as an integer. */
enum n { TEN = 10 };

BEGIN
{
	printf("%d %x\n", TEN, TEN);
	exit(0);
}
