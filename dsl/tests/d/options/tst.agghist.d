/* agghist: counts and sums with keys as one distribution; other functions as always. */
#pragma D option agghist

BEGIN
{
	@c["cat", 1] = count();
	@c["cat", 1] = count();
	@c["cat", 1] = count();
	@c["sh", 2] = count();
	@s[1] = sum(-2);
	@s[2] = sum(6);
	@m["max"] = max(5);
	@n = count();
	exit(0);
}
