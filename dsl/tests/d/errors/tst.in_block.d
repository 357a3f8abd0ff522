/* A fault within a block ends the whole clause. */
/* @err: invalid address \(0x0\) */
BEGIN
{
	if (1) {
		printf("before\n");
		trace(*(int *)0);
	}
	printf("after the block\n");
}

BEGIN { printf("other\n"); exit(0); }
