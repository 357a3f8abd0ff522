/* denormalize() takes it back. */
BEGIN
{
	@["a"] = sum(100);
	normalize(@, 10);
	denormalize(@);
	exit(0);
}
