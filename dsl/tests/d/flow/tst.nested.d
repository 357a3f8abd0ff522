/* Blocks within blocks. */
int x;
int y;

BEGIN
{
	x = 5; y = 0;
	if (x) {
		if (y) {
			printf("both\n");
		} else {
			printf("x only\n");
			if (x == 5) {
				printf("five\n");
			}
		}
		printf("end of x\n");
	} else {
		printf("neither\n");
	}
	printf("end\n");
	exit(0);
}
