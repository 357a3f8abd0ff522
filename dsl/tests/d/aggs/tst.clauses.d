/* Several clauses add to one aggregation. */
BEGIN
{
	@n["k"] = count();
}

BEGIN
{
	@n["k"] = count();
	@n["l"] = count();
	exit(0);
}

END
{
	@n["k"] = count();
}
