/* BEGIN is the first probe and this its first clause. */
BEGIN
{
	printf("%d %d\n", id, epid);
	exit(0);
}
