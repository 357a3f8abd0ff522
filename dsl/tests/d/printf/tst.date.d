/* %Y prints a date; the zone is UTC here. */
BEGIN
{
	printf("%Y\n", 0LL);
	printf("%Y\n", 1000000000LL * 951782399);
	printf("[%24Y]\n", 123456789LL * 1000000000);
	exit(0);
}
