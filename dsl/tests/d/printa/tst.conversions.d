/* Aggregated values take conversions and widths. */
BEGIN
{
	@ = sum(255);
	printa("%@d ", @); printa("%@u ", @); printa("%@x ", @); printa("%@X ", @); printa("%@o ", @);
	printa("[%@6d] ", @); printa("[%-@6d] ", @); printa("[%@06d]\n", @);
	exit(0);
}
