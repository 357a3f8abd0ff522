/* Escape sequences in literals. */
BEGIN
{
	printf("%s\n", "a\tb\\c\"d");
	printf("%s\n", "\101\x42C");
	exit(0);
}
