BEGIN
{
	naïve = 1;
}
