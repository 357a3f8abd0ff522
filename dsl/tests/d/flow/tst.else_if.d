/* A chain of conditions: the first true one. */
int x;

BEGIN
{
	x = 2;
	if (x == 1) {
		printf("one\n");
	} else if (x == 2) {
		printf("two\n");
	} else if (x < 10) {
		printf("few\n");
	} else {
		printf("many\n");
	}
	exit(0);
}
