BEGIN
{
	@ = tick-1();
}
