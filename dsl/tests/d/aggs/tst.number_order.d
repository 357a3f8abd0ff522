/* Values are ordered as signed numbers. */
BEGIN
{
	@["neg"] = sum(-5); @["zero"] = sum(0); @["pos"] = sum(5);
	exit(0);
}
