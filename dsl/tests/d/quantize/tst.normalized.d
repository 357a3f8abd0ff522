/* normalize() divides counts. */
BEGIN
{
	@ = quantize(4, 100);
	normalize(@, 10);
	exit(0);
}
