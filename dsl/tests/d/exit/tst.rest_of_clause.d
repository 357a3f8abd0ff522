/* What follows exit() in its clause still happens. */
BEGIN
{
	exit(0);
	printf("after exit\n");
}
