/* What prints an address by its name prints the same as an argument of trace(). */
BEGIN
{
	trace(usym(0));
	usym(0);
	trace(umod(0));
	umod(0);
	trace(uaddr(0));
	uaddr(0);
	trace(sym(0));
	sym(0);
	exit(0);
}
