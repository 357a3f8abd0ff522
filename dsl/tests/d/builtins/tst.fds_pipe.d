/* A pipe has no path, but a name. Standard output of a test is one. */
BEGIN
{
	printf("%s\n", substr(fds[1].fi_pathname, 0, 6));
	exit(0);
}
