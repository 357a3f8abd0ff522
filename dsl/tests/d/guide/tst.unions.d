/* Structures: the members of a union share their bytes; a bit-field is a few of them. */
union value {
	uint32_t word;
	uint8_t byte[4];
};
struct flags {
	unsigned int low : 4;
	unsigned int mid : 7;
	int top : 3;
};
union value u;
struct flags f;

BEGIN
{
	u.word = 0x01020304;
	f.low = 0x1f;
	f.mid = 100;
	f.top = -1;
	printf("%d %d\n", u.byte[0], u.byte[3]);
	printf("%d %d %d of %d bytes\n", f.low, f.mid, f.top, sizeof (struct flags));
	exit(0);
}
