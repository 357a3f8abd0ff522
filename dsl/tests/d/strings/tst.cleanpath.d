/* cleanpath takes out what leads nowhere. */
BEGIN
{
	printf("[%s] [%s] [%s]\n", cleanpath("/a/./b/../c//d/"), cleanpath("a/../../b/."), cleanpath(""));
	printf("[%s] [%s] [%s]\n", cleanpath("/.."), cleanpath("/../../x"), cleanpath("//"));
	printf("[%s] [%s] [%s]\n", cleanpath("a/b/.."), cleanpath("..."), cleanpath("/a/..."));
	printf("[%s] [%s] [%s]\n", cleanpath("."), cleanpath("./x"), cleanpath("/"));
	exit(0);
}
