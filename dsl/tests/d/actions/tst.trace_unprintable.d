/* A string with other bytes than text has is dumped, all of it, also in a key: so are names in other alphabets. */
/* @args: -x strsize=16 */
BEGIN
{
	trace("plain");
	trace("");
	trace("tab\there\n");
	trace("a\001b");
	trace("\033[1m");
	trace("\303\251t\303\251");
	@["a\001b", 1] = count();
	@["plain", 2] = count();
	printf("%S|", "a\001b");
	exit(0);
}
