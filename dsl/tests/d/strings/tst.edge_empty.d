/* Subroutines of strings and nothing: each argument empty in turn. */
/* @args: -q -x strsize=32 */
BEGIN
{
	this->e = "";
	this->s = "abc";
	printf("%d [%s] [%s] [%s]\n", strlen(this->e), strjoin(this->e, this->e), strjoin(this->s, this->e), substr(this->e, 0));
	printf("[%s] [%s] [%s]\n", substr(this->e, -1), substr(this->e, 2, 3), substr(this->s, 3, -1));
	printf("[%s] [%s] [%s]\n", basename(this->e), dirname(this->e), cleanpath(this->e));
	printf("[%s] [%s] %d\n", toupper(this->e), tolower(this->e), strtoll(this->e));
}

BEGIN
{
	this->e = "";
	this->s = "abc";
	printf("%d %d %d\n", index(this->e, this->e), index(this->s, this->e), index(this->e, this->s));
	printf("%d %d\n", index(this->s, this->e, 2), index(this->s, this->e, 9));
	printf("%d %d %d\n", rindex(this->e, this->e), rindex(this->s, this->e), rindex(this->e, this->s));
}

BEGIN
{
	this->e = "";
	this->s = "abc";
	printf("%d [%s] %d\n", strstr(this->e, this->e) != NULL, strstr(this->s, this->e), strstr(this->e, this->s) == NULL);
	printf("%d %d %d\n", strchr(this->e, 'a') == NULL, strchr(this->s, 0) != NULL, strrchr(this->s, 0) != NULL);
	printf("[%s] [%s]\n", strchr(this->s, 0), strrchr(this->e, 0));
}

BEGIN
{
	this->e = "";
	printf("%d [%s]", strtok(this->e, this->e) == NULL, strtok("abc", this->e));
	printf(" %d %d\n", strtok(NULL, this->e) == NULL, json(this->e, this->e) == NULL);
	exit(0);
}
