/* Subroutines within arithmetic. */
BEGIN
{
	this->s = "hello world";
	printf("%d\n", strlen(this->s) * 100 + index(this->s, "world") * 10 + (strstr(this->s, "xyz") == NULL));
	printf("%d\n", strlen(substr(this->s, index(this->s, " ") + 1, strlen(this->s))) + strlen(basename("/a/b")) - strlen(dirname("/a/b")));
	exit(0);
}
