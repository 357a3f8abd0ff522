/* @err: invalid address \(0x20\) in action #1 */
BEGIN
{
	printf("%f\n", *(double *)32);
}

ERROR
{
	exit(0);
}
