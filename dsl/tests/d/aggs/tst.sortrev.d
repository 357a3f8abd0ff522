/* -x aggsortrev turns the order round. */
/* @args: -q -x aggsortrev */
BEGIN
{
	@["b"] = sum(1); @["a"] = sum(3); @["c"] = sum(2);
	exit(0);
}
