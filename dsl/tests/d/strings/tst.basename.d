/* The last component of a path. */
BEGIN
{
	printf("%s|%s|%s|%s\n", basename("/foo/bar"), basename("bar"), basename("/foo/"), basename("/"));
	printf("%s|%s|%s\n", basename(""), basename("///"), basename("/a//b//"));
	exit(0);
}
