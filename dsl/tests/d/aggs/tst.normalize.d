/* normalize() divides what is printed. */
BEGIN
{
	@["a"] = sum(100); @["b"] = sum(55); @["c"] = sum(-7);
	normalize(@, 10);
	exit(0);
}
