/* An increment beside the value. */
BEGIN
{
	@ = quantize(4, 10); @ = quantize(100, 30);
	exit(0);
}
