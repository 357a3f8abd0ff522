/* A list of probes shares predicate and body. */
BEGIN, END
{
	printf("%s\n", probename);
}

BEGIN { exit(0); }
