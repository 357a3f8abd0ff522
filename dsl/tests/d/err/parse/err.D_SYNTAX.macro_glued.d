BEGIN
{
	x = 123$0;
}
