/* Types: sizes of the integer types, and of the same by other names. */
BEGIN
{
	printf("%d %d %d %d %d\n", sizeof (char), sizeof (short), sizeof (int), sizeof (long), sizeof (long long));
	printf("%d %d %d %d\n", sizeof (int8_t), sizeof (uint16_t), sizeof (int32_t), sizeof (uint64_t));
	printf("%d %d\n", sizeof (intptr_t), sizeof (uintptr_t));
	printf("%d %d %d\n", '\n', 'A', '\x7f');
	exit(0);
}
