/* String keys stand left in fifty columns; rows are ordered by value. */
BEGIN
{
	@["b"] = sum(2); @["a"] = sum(3); @["c"] = sum(1);
	exit(0);
}
