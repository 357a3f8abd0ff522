/* One of two blocks. */
int x;

BEGIN
{
	x = 3;
	if (x > 2) {
		printf("big\n");
	} else {
		printf("small\n");
	}
	if (x > 5) {
		printf("big\n");
	} else {
		printf("small\n");
	}
	exit(0);
}
