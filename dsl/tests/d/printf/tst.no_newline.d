/* printf ends nothing by itself. */
BEGIN
{
	printf("a");
	printf("b");
	printf("\n");
	printf("c\nd\n");
	exit(0);
}
