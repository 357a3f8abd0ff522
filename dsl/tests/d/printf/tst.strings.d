/* Strings: width, precision, side. */
BEGIN
{
	printf("[%s] [%8s] [%-8s] [%.3s] [%8.2s]\n", "hello", "hello", "hello", "hello", "hello");
	printf("[%s] [%3s] [%.0s]\n", "", "", "abc");
	exit(0);
}
