/* trace() without -q: integers in columns by their size, strings in 33. */
/* @args: -x strsize=64 */
BEGIN
{
	trace((char)1);
	trace((short)2);
	trace(3);
	trace("str");
	exit(0);
}
