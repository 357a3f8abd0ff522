/* A condition is evaluated once, before its block changes what it depends on. */
int x;
BEGIN
{
	if (x == 0) {
		x = 1;
		printf("then\n");
	} else {
		printf("else\n");
	}
	exit(0);
}
