/* The last order may end beyond what is signed: 10^19, 3^40. */
BEGIN
{
	@tens = llquantize(5, 10, 17, 18, 10);
	@tens = llquantize(1000000000000000000, 10, 17, 18, 10);
	@tens = llquantize(9223372036854775807, 10, 17, 18, 10);
	@tens = llquantize(-9223372036854775807 - 1, 10, 17, 18, 10);
	@threes = llquantize(9223372036854775807, 3, 39, 39, 9);
	exit(0);
}
