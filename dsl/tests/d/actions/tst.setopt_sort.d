/* How aggregations are printed from there on. */
BEGIN
{
	@["a"] = sum(2);
	@["b"] = sum(1);
	printa("%s %@d\n", @);
	setopt("aggsortkey");
	printa("%s %@d\n", @);
	setopt("aggsortrev", "true");
	printa("%s %@d\n", @);
	setopt("aggsortkey", "off");
	printa("%s %@d\n", @);
	exit(0);
}
