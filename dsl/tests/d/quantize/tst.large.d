/* Values near the end of 64 bits. */
BEGIN
{
	@ = quantize(1099511627776); @ = quantize(9223372036854775807);
	exit(0);
}
