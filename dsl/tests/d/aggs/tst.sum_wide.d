/* Sums of 64-bit values. */
BEGIN
{
	@ = sum(4611686018427387904); @ = sum(4611686018427387903);
	exit(0);
}
