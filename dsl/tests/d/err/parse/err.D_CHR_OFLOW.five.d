BEGIN
{
	x = 'abcde';
}
