/* Blocks six deep. */
int x;

BEGIN
{
	x = 6;
	if (x > 0) {
		if (x > 1) {
			if (x > 2) {
				if (x > 3) {
					if (x > 4) {
						if (x > 5) {
							printf("deep\n");
						}
					}
				}
			}
		}
	}
	exit(0);
}
