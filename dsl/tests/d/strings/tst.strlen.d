/* Lengths. */
BEGIN
{
	this->s = "hello";
	printf("%d %d %d\n", strlen(this->s), strlen(""), strlen("a\tb"));
	exit(0);
}
