/* Without -q a record stands behind its columns. */
/* @args: -x strsize=64 */
BEGIN
{
	printf("hi");
	exit(0);
}
