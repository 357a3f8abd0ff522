/* The address of a member, kept in a variable: it can be stored through until the firing ends. */
struct pair { int x; int y; };

struct pair by[string];
self struct pair own;
struct pair *p;

BEGIN
{
	by["k"].y = 4;
	self->own.x = 1;
	this->p = &by["k"].y;
	this->q = &self->own.x;
	*this->p = 6;
	*this->q += 10;
	printf("%d %d\n", by["k"].y, self->own.x);
}

BEGIN
/by["k"].y == 6/
{
	*this->p = 7;
	(*this->q)++;
}

BEGIN
{
	printf("%d %d %d\n", by["k"].x, by["k"].y, self->own.x);
	exit(0);
}
