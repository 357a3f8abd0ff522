/* The first and the last of a character. */
BEGIN
{
	this->s = "hello";
	printf("%s|%s|%s\n", strchr(this->s, 'l'), strrchr(this->s, 'l'), strchr(this->s, 'h'));
	printf("%d %d\n", strchr(this->s, 'z') == NULL, strrchr(this->s, 'z') == NULL);
	exit(0);
}
