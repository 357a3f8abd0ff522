pid$1:::entry
{
	trace(1);
}
