/* agghist with aggzoom and aggsortkey: the longest bar fills the width. */
#pragma D option agghist
#pragma D option aggzoom
#pragma D option aggsortkey

BEGIN
{
	@c["b"] = count();
	@c["a"] = count();
	@c["a"] = count();
	@c["a name that is longer than sixteen"] = count();
	exit(0);
}
