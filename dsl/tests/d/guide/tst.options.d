/* Options and tunables: a script brings its own. */
/* @args: -x stackindent=2 */
#pragma D option quiet
#pragma D option strsize=8
#pragma D option aggsortrev

BEGIN
{
	s = "longer than eight bytes";
	printf("%s\n", s);
	@["low"] = sum(1);
	@["high"] = sum(2);
	exit(0);
}
