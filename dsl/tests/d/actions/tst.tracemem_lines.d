/* Sixteen bytes in a line. */
BEGIN
{
	tracemem("abcdefghijklmnopqrstuvwxyz", 26);
	exit(0);
}
