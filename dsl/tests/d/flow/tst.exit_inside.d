/* exit() within a block. */
/* @exit: 3 */
BEGIN
{
	if (1) {
		printf("leaving\n");
		exit(3);
	}
}

END
{
	printf("end\n");
}
