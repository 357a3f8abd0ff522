/* Letters of ASCII only; nothing of the empty string. */
BEGIN
{
	printf("%s|%s|%s\n", toupper("abcXYZ-09"), toupper(""), toupper("{@[`}"));
	printf("%s|%s|%s\n", tolower("ABCxyz-09"), tolower(""), tolower("{@[`}"));
	printf("%s\n", toupper(tolower("MiXed")));
	exit(0);
}
