/* Commands run in their turn among what is printed; a format makes them. */
/* @args: -q -w */
BEGIN
{
	printf("before\n");
	system("echo %s %d", "one", 1 + 1);
	printf("between\n");
	system("exit 3");
	system("echo '%%' %x", 255);
	exit(0);
}
