BEGIN
{
	x = "a" "b";
}
