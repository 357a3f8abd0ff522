/* Base 10 is signed, the others are not; bases 8 and 16 say what they are. */
BEGIN
{
	printf("%s %s %s %s\n", lltostr(0), lltostr(-1), lltostr(0x8000000000000000), lltostr(0x7fffffffffffffff));
	printf("%s %s %s\n", lltostr(0, 16), lltostr(255, 16), lltostr(-1, 16));
	printf("%s %s %s\n", lltostr(0, 8), lltostr(8, 8), lltostr(-1, 8));
	printf("%s %s %s\n", lltostr(5, 2), lltostr(35, 36), lltostr(36, 36));
	this->base = 7;
	printf("%s %s\n", lltostr(50, this->base), lltostr(-1, 2));
	exit(0);
}
