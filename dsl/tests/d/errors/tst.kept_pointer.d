/* A pointer into an element, kept in a variable: it can be read through later, and stored through until the firing ends. */
/* @err: invalid address \(0x[0-9a-f]+\) in action #1 at DIF offset */
struct pair { int x; int y; };

struct pair by[string];
struct pair g;
struct pair *none;

BEGIN
{
	g.y = 3;
	by["k"].y = 4;
	this->p = &by["k"].y;
	this->q = &g.y;
	printf("%d %d\n", *this->p, *this->q);
	*this->q = 5;
	printf("%d\n", g.y);
}

BEGIN
{
	*this->p = 6;
	printf("%d\n", by["k"].y);
}

BEGIN
{
	none->y = 1;
}

BEGIN
{
	exit(0);
}

ERROR
{
	printf("fault %d\n", arg4);
}
