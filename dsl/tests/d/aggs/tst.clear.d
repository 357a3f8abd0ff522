/* clear() keeps the keys and zeroes the values. */
BEGIN
{
	@["a"] = sum(5);
	@["b"] = sum(7);
	clear(@);
	exit(0);
}
