/* count() counts. */
BEGIN
{
	@ = count();
	@ = count();
	@ = count();
	exit(0);
}
