/* Averages are ordered by what they print. */
BEGIN
{
	@["low"] = avg(1); @["low"] = avg(2);
	@["high"] = avg(100);
	@["mid"] = avg(10); @["mid"] = avg(20); @["mid"] = avg(60);
	exit(0);
}
