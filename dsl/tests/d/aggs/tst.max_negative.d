/* The greatest of negative values: nothing starts at zero. */
BEGIN
{
	@ = max(-5); @ = max(-2); @ = max(-7);
	exit(0);
}
