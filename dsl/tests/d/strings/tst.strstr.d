/* The rest from the first match on, or NULL. */
BEGIN
{
	this->s = "hello world";
	printf("%s|%s|%s\n", strstr(this->s, "lo"), strstr(this->s, "h"), strstr(this->s, "world"));
	printf("%d %d %d\n", strstr(this->s, "xyz") == NULL, strstr(this->s, "lo") != NULL, strstr(this->s, "worlds") == NULL);
	printf("%s\n", strstr("aaab", "aab"));
	exit(0);
}
