/* An aggregation that never got a value prints nothing. */
BEGIN
/0/
{
	@never["x"] = count();
}

BEGIN
{
	@once = count();
	exit(0);
}
