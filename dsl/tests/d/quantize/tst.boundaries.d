/* A power of two begins a bucket; one less is in the bucket before. */
BEGIN
{
	@ = quantize(1023); @ = quantize(1024); @ = quantize(2047); @ = quantize(2048);
	exit(0);
}
