/* min() is signed. */
BEGIN
{
	@ = min(5); @ = min(-2); @ = min(7);
	exit(0);
}
