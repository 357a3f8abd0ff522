/* aggpercpu: the data of each CPU follow, in printa's default form. BEGIN runs on one CPU only, whatever its number. */
/* @args: -q -x aggpercpu -x aggsortkey */
BEGIN
{
	@c["a"] = count();
	@c["a"] = count();
	printa("%s %@d\n", @c);
	exit(0);
}
