/* Output: columns, signs, bases, characters, times. */
BEGIN
{
	printf("|%10s|%-10s|%.3s|\n", "right", "left", "longer");
	printf("|%5d|%-5d|%05d|%+d|\n", 42, 42, 42, 42);
	printf("|%x|%X|%#x|%o|%#o|\n", 255, 255, 255, 8, 8);
	printf("|%c%c%c|%%|\n", 'o', 'k', '!');
	printf("|%lld|%hd|%u|\n", 1234567890123, (short)7, 4000000000);
	printf("|%Y|\n", (int64_t)0);
	printf("|%*d|%-*d|\n", 6, 1, 6, 2);
	exit(0);
}
