/* A member of type string is assigned to by value, as a variable is. */
struct who { int id; string name; int n; };

struct who g, by[string];
self struct who t;

BEGIN
{
	g.id = 1;
	g.n = 2;
	g.name = "a rather long name";
	g.name = "short";
	printf("[%s] %d %d %d\n", g.name, g.id, g.n, strlen(g.name));

	this->copy = g;
	this->copy.name = strjoin(g.name, "er");
	printf("[%s] [%s]\n", this->copy.name, g.name);

	by["x"].name = "element";
	by["y"].name = by["x"].name;
	by["x"].name = "";
	self->t.name = by["y"].name;
	self->t.n = 7;
	printf("[%s] [%s] [%s] %d\n", by["x"].name, by["y"].name, self->t.name, self->t.n);
}

/* As long as a string may be, and longer. */
BEGIN
{
	g.name = substr("0123456789abcdef0123456789abcdef", 0, 31);
	printf("[%s] %d\n", g.name, g.n);
	g.name = "0123456789abcdef0123456789abcdefghij";
	printf("[%s] %d\n", g.name, g.n);
}

/* The same strings are the same bytes, whatever was there. */
BEGIN
{
	by["a"].name = "same";
	by["b"].name = "much longer than that";
	by["b"].name = "same";
	@[by["a"]] = count();
	@[by["b"]] = count();
	printa("%@d\n", @);
	exit(0);
}

/* @args: -q -x strsize=32 */
