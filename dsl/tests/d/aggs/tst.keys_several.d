/* Several keys in one row. */
BEGIN
{
	@["x", 1] = count(); @["x", 2] = count(); @["x", 2] = count();
	exit(0);
}
