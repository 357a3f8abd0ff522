/* A type and a value: integers in base 16, characters, pointers, strings, enumerators. */
enum color { RED, GREEN = 5 };
enum color c;

BEGIN
{
	print(1 + 1);
	print(0);
	print((short)-1);
	print((uint64_t)0xdeadbeef);
	print('a');
	print((char)'a');
	print((char)0);
	print((void *)0x1234);
	print("a \"string\"\n");
	c = GREEN;
	print(c);
	c = (enum color)3;
	print(c);
	exit(0);
}
