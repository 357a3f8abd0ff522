/* Integer keys stand right, in columns by their size. */
BEGIN
{
	@[(char)1] = sum(1); 
	@b[(short)2] = sum(2);
	@c[3] = sum(3);
	@d[4LL] = sum(4);
	exit(0);
}
