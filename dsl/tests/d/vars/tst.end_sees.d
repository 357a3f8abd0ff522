/* END sees what the last clause left. */
string last;

BEGIN
{
	last = "before";
	exit(0);
}

END
{
	printf("%s\n", last);
}
