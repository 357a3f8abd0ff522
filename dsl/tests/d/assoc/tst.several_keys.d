/* All keys of a list count. */
BEGIN
{
	a["a", 1] = 1; a["a", 2] = 2; a["b", 1] = 3;
	printf("%d %d %d %d\n", a["a", 1], a["a", 2], a["b", 1], a["b", 2]);
	exit(0);
}
