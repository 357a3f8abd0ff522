BEGIN
{
	x = xlate (y);
}
