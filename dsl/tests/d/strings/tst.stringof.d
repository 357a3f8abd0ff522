/* stringof of what is a string. */
BEGIN
{
	this->s = "abc";
	printf("%s %s\n", stringof(this->s), (string)this->s);
	printf("%d\n", strlen(stringof("four")));
	exit(0);
}
