/* Strings and numbers as well. */
/* @args: -q -x rawbytes -x strsize=16 */
BEGIN
{
	trace("plain");
	trace((short)-2);
	@["plain"] = count();
	exit(0);
}
