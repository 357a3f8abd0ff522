/* trunc() removes the keys too. */
BEGIN
{
	@["a"] = sum(5);
	@["b"] = sum(7);
	@left = count();
	trunc(@);
	exit(0);
}
