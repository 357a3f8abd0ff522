/* Where a string is in another, from the front. */
BEGIN
{
	this->s = "hello";
	printf("%d %d %d %d\n", index(this->s, "l"), index(this->s, "z"), index(this->s, "hello"), index(this->s, "hellos"));
	printf("%d %d %d %d\n", index(this->s, "l", 3), index(this->s, "l", 4), index(this->s, "h", -5), index(this->s, "h", 99));
	exit(0);
}
