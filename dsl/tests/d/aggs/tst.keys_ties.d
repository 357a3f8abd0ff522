/* Equal values are ordered by key. */
BEGIN
{
	@["b"] = count(); @["c"] = count(); @["a"] = count(); @["aa"] = count();
	exit(0);
}
