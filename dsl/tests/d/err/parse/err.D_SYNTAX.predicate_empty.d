BEGIN
/ /
{
	trace(1);
}
