/* max() is signed. */
BEGIN
{
	@ = max(5); @ = max(-2); @ = max(7); @ = max(1);
	exit(0);
}
