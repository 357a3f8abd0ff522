/* Bytes with NULs among them: a string ends at the first, whatever comes behind. */
/* @args: -q -x strsize=32 */
BEGIN
{
	this->p = (char *)alloca(16);
	bcopy("ab", this->p, 3);
	bcopy("cd", this->p + 3, 3);
	this->s = stringof(this->p);
	printf("[%s] [%s] %d %d\n", this->s, stringof(this->p + 3), strlen(this->p), this->s == "ab");
	printf("[%s] [%s]\n", strjoin(this->p, this->p + 3), substr(this->p, 1, 3));
	printf("%d %d %d\n", index(this->p, "c"), rindex(this->p, "d"), index("xxabcd", this->p));
	printf("%d %d\n", strchr(this->p, 'c') == NULL, strrchr(this->p, 'c') == NULL);
}

BEGIN
{
	this->p = (char *)alloca(16);
	bcopy("/a", this->p, 3);
	bcopy("/b", this->p + 3, 3);
	printf("[%s] [%s] [%s]\n", basename(this->p), dirname(this->p), cleanpath(this->p));
	printf("[%s] [%s] %d\n", toupper(this->p), strtok(this->p, "/"), strtok(NULL, "/") == NULL);
	printf("[%s] [%S]\n", memstr(this->p, '+', 6), memstr(this->p, '+', 3));
	@[stringof(this->p)] = count();
	@["/a"] = count();
	printa("[%s] %@d\n", @);
	printf("[%s] %d\n", "x\0y", strlen("x\0y"));
	exit(0);
}
