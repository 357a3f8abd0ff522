/* Squares beyond 64 bits. */
BEGIN
{
	@ = stddev(10000000000); @ = stddev(-10000000000);
	exit(0);
}
