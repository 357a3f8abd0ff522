/* Members by name, nested ones further in, bit-fields by their bits. */
struct in {
	char name[8];
	int n[3];
};

struct out {
	int a;
	struct in in;
	unsigned int low:3;
	unsigned int high:5;
	union {
		int x;
		char y;
	} u;
	struct in *next;
	struct in two[2];
};

struct out *p;

BEGIN
{
	p = (struct out *)alloca(sizeof (struct out));
	p->a = -2;
	p->in.name[0] = 'h';
	p->in.name[1] = 'i';
	p->in.n[1] = 16;
	p->low = 5;
	p->high = 17;
	p->u.x = 0x41;
	p->next = (struct in *)0x10;
	p->two[1].n[2] = 7;
	print(*p);
	print(p->in);
	print(p->in.n);
	exit(0);
}
