/* %S and %C print escapes. */
BEGIN
{
	printf("%S|%S\n", "tab\there", "q\"b\\n\n");
	printf("%C %C %C\n", 'a', '\n', '\t');
	exit(0);
}
