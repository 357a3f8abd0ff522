/* Aggregations: a power-of-two distribution, and a linear one. */
BEGIN
{
	@q["sizes"] = quantize(1);
	@q["sizes"] = quantize(3);
	@q["sizes"] = quantize(3);
	@q["sizes"] = quantize(100);
	@l["units"] = lquantize(12, 0, 50, 10);
	@l["units"] = lquantize(17, 0, 50, 10);
	@l["units"] = lquantize(49, 0, 50, 10);
	@l["units"] = lquantize(70, 0, 50, 10);
	exit(0);
}
