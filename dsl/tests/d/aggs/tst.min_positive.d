/* The least of positive values: nothing starts at zero. */
BEGIN
{
	@ = min(5); @ = min(3); @ = min(7);
	exit(0);
}
