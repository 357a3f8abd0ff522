/* Strings: assigned and compared by value; a byte of 0 ends one. */
BEGIN
{
	s = "hello";
	t = s;
	s = "world";
	printf("%s %s %d %d\n", s, t, s == t, t == "hello");
	printf("%d %d %d\n", "apple" < "banana", "b" < "apple", "a" <= "a");
	printf("%d %s\n", strlen("a\0b"), strjoin(t, strjoin(", ", s)));
	exit(0);
}
