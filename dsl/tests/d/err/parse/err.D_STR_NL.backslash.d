BEGIN
{
	x = "a\
b";
}
