/* trunc() to the highest values. */
BEGIN
{
	@["a"] = sum(1); @["b"] = sum(2); @["c"] = sum(3); @["d"] = sum(4);
	trunc(@, 2);
	exit(0);
}
