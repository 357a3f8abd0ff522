/* BEGIN runs as the tracer itself. */
BEGIN
{
	printf("%s\n", execname);
	exit(0);
}
