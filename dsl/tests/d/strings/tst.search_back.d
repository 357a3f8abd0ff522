/* Searches that fall back to a shorter beginning of what is looked for, or find it at the very end; strings end at a size that is no power of two. */
/* @args: -q -x strsize=40 */
BEGIN
{
	this->s = "aabaaabaaaabaabaaabaaaab";
	printf("%d %d %d\n", index(this->s, "aaaab"), rindex(this->s, "aaaab"), index(this->s, "aaaaab"));
	printf("%d %d %d\n", index(this->s, "aabaabaa"), rindex(this->s, "aabaa"), rindex(this->s, "aabaa", 11));
	printf("%d %d\n", index(this->s, "aab", 6), rindex(this->s, "a", 0));
	printf("[%s] %d\n", strstr(this->s, "baaaab"), strstr(this->s, "baaaaab") == NULL);
	this->t = "0123456789012345678901234567890123456789x";
	printf("%d %d %d\n", strlen(this->t), index(this->t, "8"), rindex(this->t, "678"));
	printf("%d %d\n", index(this->t, "9012345678"), index(this->t, "01234567890123456789012345678901234567"));
	printf("%d %d\n", index("ab", "abc"), rindex("abab", "abababab"));
	this->u = "\xff\x80\xff\x80\xff";
	printf("%d %d\n", index(this->u, "\x80\xff"), rindex(this->u, "\xff\x80\xff"));
	exit(0);
}
