/* Many arguments of many kinds. */
BEGIN
{
	printf("%d %s %c %x %d %s %d %d %s %d\n", 1, "two", '3', 4, 5, "six", (char)7, 8LL, strjoin("ni", "ne"), 10);
	exit(0);
}
