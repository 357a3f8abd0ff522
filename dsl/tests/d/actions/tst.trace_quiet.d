/* trace() with -q prints the values and nothing else. */
BEGIN
{
	trace(1); trace(" "); trace(-2); trace("x"); trace((char)-1); trace(18446744073709551615U);
	printf("\n");
	exit(0);
}
