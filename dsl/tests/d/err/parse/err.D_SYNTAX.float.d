BEGIN
{
	x = 3.14;
}
