BEGIN
{
	x = $-1;
}
