/* Introduction: the first program says one thing and ends. */
BEGIN
{
	trace("hello, world");
	exit(0);
}
