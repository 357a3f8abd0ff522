/* Strings of 64 KB, made, measured, searched, recorded. */
/* @args: -q -x strsize=64k -x dynvarsize=64m -x aggsize=64m */
string s;
string a[int];

BEGIN
{
	s = "0123456789abcdef";
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
}

BEGIN
{
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
}

BEGIN
{
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, s);
	s = strjoin(s, "end");
	printf("%d\n", strlen(s));
}

BEGIN
{
	printf("%d %d\n", index(s, "fend"), rindex(s, "0123"));
	printf("[%s]\n", substr(s, -8));
	printf("%d\n", strchr(s, 'n') == strstr(s, "nd") ? 1 : 0);
}

BEGIN
{
	a[1] = s;
	printf("%d\n", a[1] == s);
	@[substr(s, 32760)] = count();
	printa("%s %@d\n", @);
	exit(0);
}
