/* A cleared picture shows the buckets around zero, empty. */
BEGIN
{
	@ = quantize(4);
	clear(@);
	exit(0);
}
