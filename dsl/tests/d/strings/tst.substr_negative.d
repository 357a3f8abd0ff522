/* Negative positions count from the end, negative lengths leave off the end. */
BEGIN
{
	this->s = "hello";
	printf("%s|%s|%s|%s\n", substr(this->s, -3), substr(this->s, -3, 2), substr(this->s, 0, -2), substr(this->s, 1, -1));
	printf("%s|%s|%s|%s\n", substr(this->s, -10), substr(this->s, -10, 7), substr(this->s, -10, 3), substr(this->s, 2, -10));
	exit(0);
}
