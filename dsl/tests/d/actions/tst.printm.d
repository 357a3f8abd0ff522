/* printm() dumps memory; what there is, but no more than its first argument says. */
BEGIN
{
	printm(16, memref("abcdefgh", 4));
	exit(0);
}
