/* Keys take conversions and widths. */
BEGIN
{
	@["ab", 7, 'c'] = count();
	printa("[%4s] [%-4d] [%c] %@d\n", @);
	exit(0);
}
