/* Arguments that the program has no use for. */
/* @args: -q -x argref -- one two */
BEGIN
{
	printf("%s\n", $$1);
	exit(0);
}
