/* tracemem() is a hexadecimal dump, also of text. */
BEGIN
{
	tracemem("hello\tworld", 12);
	exit(0);
}
