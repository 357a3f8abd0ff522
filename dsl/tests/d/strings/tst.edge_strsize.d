/* Strings of exactly as many bytes as there is room for, and of one more: what comes out has room for its NUL. */
/* @args: -q -x strsize=8 */
string s7;
string s8;

BEGIN
{
	s7 = "abcdefg";
	s8 = "abcdefgh";
	printf("[%s] [%s] %d %d %d\n", s7, s8, strlen(s7), strlen(s8), s7 == s8);
	printf("[%s] [%s] [%s]\n", substr("abcdefgh", 0), substr("abcdefgh", 1), substr("abcdefghi", -2));
	printf("[%s] [%s]\n", strjoin("abc", "defg"), strjoin("", "abcdefgh"));
	printf("[%s] [%s] [%s]\n", basename("/bcdefg"), basename("/bcdefgh"), dirname("/bcd/fgh"));
}

BEGIN
{
	printf("%d %d %d\n", index("abcdefg", "g"), index("abcdefgh", "h"), index("abcdefgh", "abcdefgh"));
	printf("%d %d\n", rindex("abcdefg", "g"), rindex("abcdefgh", "h"));
	printf("[%s] %d\n", strstr("abcdefgh", "fg"), strstr("abcdefgh", "gh") == NULL);
	printf("[%s] %d [%s]\n", strchr("abcdefgh", 'g'), strchr("abcdefgh", 'h') == NULL, strrchr("aabbccddee", 'd'));
}

BEGIN
{
	printf("%d %d %d\n", strtoll("1234567"), strtoll("12345678"), strtoll("-123456789"));
	printf("[%s] [%s]\n", inet_ntoa((ipaddr_t *)"abcdefg"), lltostr(-12345678));
	printf("[%s] %d\n", json("{\"a\":7}", "a"), json("{\"a\": 7}", "a") == NULL);
	printf("[%s]\n", stringof("abcdefgh"));
	@[s8] = count();
	@["abcdefgx"] = count();
	a[s8] = 1;
	a["abcdefgx"] += 2;
	printa("[%s] %@d\n", @);
	printf("%d\n", a[s7]);
	exit(0);
}
