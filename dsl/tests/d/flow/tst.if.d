/* A conditional statement. */
int x;

BEGIN
{
	if (x == 0) {
		printf("zero\n");
	}
	x = 1;
	if (x == 0) {
		printf("zero again\n");
	}
	printf("after\n");
	exit(0);
}
