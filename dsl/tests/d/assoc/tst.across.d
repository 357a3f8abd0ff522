/* Elements hold from clause to clause, and to END. */
int hits[string];

BEGIN
{
	hits["begin"]++;
}

BEGIN
{
	hits["begin"]++;
	exit(0);
}

END
{
	printf("%d %d\n", hits["begin"], hits["end"]);
}
