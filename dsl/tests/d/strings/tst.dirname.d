/* What is before the last component. */
BEGIN
{
	printf("%s|%s|%s|%s\n", dirname("/foo/bar"), dirname("bar"), dirname("/foo/"), dirname("/"));
	printf("%s|%s|%s|%s\n", dirname(""), dirname("///"), dirname("/a//b//"), dirname("a/b/c"));
	exit(0);
}
