/* Variables: what is declared has its type before it is assigned to, and starts at zero. */
int64_t total;
string last;
int seen[string, int];
self int depth;
this int step;

BEGIN
{
	printf("%d [%s] %d %d\n", total, last, seen["x", 1], self->depth);
	this->step = 3;
	total += this->step;
	last = "BEGIN";
	seen[last, this->step]++;
	self->depth = -1;
}

BEGIN
{
	printf("%d [%s] %d %d %d\n", total, last, seen["BEGIN", 3], self->depth, this->step);
	seen["BEGIN", 3] = 0;
	printf("%d %d\n", seen["BEGIN", 3], sizeof(seen["BEGIN", 3]));
	exit(0);
}
