/* A predicate guards the whole clause, blocks included. */
int n;
BEGIN
/n/
{
	if (1) {
		printf("no\n");
	} else {
		printf("neither\n");
	}
}

BEGIN
/!n/
{
	if (n) {
		printf("n\n");
	} else {
		printf("not n\n");
	}
	exit(0);
}
