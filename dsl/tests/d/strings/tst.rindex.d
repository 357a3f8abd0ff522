/* Where a string is in another, from the back. */
BEGIN
{
	this->s = "hello";
	printf("%d %d %d\n", rindex(this->s, "l"), rindex(this->s, "z"), rindex(this->s, "h"));
	printf("%d %d %d\n", rindex(this->s, "l", 2), rindex(this->s, "l", 1), rindex(this->s, "l", 99));
	exit(0);
}
