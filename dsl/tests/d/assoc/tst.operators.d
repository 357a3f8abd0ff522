/* Elements take every assignment. */
BEGIN
{
	a["n"]++;
	a["n"] += 10;
	printf("%d ", a["n"]);
	printf("%d ", a["n"]++);
	printf("%d ", --a["n"]);
	a["n"] <<= 2;
	printf("%d\n", a["n"]);
	exit(0);
}
