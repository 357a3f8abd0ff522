/* A clause without statements prints its line. */
/* @args: -x strsize=64 */
BEGIN
{
}

BEGIN
{
	exit(0);
}
