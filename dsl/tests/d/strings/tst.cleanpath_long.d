/* cleanpath of a text as long as strings can be, and longer. */
/* @args: -q -x strsize=16 */
BEGIN
{
	printf("[%s]\n", cleanpath("/a/../b/../c/../d"));
	printf("[%s]\n", cleanpath("/345678901234567890"));
	exit(0);
}
