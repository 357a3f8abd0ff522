/* From a position, so many bytes. */
BEGIN
{
	this->s = "hello";
	printf("%s|%s|%s|%s\n", substr(this->s, 1), substr(this->s, 1, 3), substr(this->s, 0), substr(this->s, 4, 9));
	printf("%s|%s|%s\n", substr(this->s, 5), substr(this->s, 10), substr(this->s, 2, 0));
	exit(0);
}
