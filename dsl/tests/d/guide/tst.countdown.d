/* Introduction: a variable that counts down with time, and predicates that tell whether it is done. */
int left;

BEGIN
{
	left = 5;
}

profile:::tick-10ms
/left > 0/
{
	printf("%d\n", left--);
}

profile:::tick-10ms
/left == 0/
{
	printf("blastoff!\n");
	exit(0);
}
