BEGIN
{
	x = "a
b";
}
