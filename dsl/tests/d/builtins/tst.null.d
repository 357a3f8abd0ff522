/* NULL is zero. */
BEGIN
{
	printf("%d %d\n", NULL == 0, (void *)NULL == NULL);
	exit(0);
}
