/* A picture for each key, ordered by the weighted sum. */
BEGIN
{
	@["big"] = quantize(64);
	@["small"] = quantize(2);
	exit(0);
}
