/* As long as strsize allows, and longer. */
#pragma D option strsize=8

BEGIN
{
	printf("%s|%s\n", toupper("abcdefg"), toupper("abcdefghi"));
	printf("%s|%s\n", tolower("ABCDEFG"), tolower("ABCDEFGHI"));
	exit(0);
}
