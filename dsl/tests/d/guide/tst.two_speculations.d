/* Speculative tracing: two at a time; of one the end is good, and it is all that is seen. */
/* @args: -q -x nspec=2 */
BEGIN
{
	self->good = speculation();
	self->bad = speculation();
}

BEGIN
{
	speculate(self->good);
	printf("of the good one\n");
}

BEGIN
{
	speculate(self->bad);
	printf("of the bad one\n");
}

BEGIN
{
	printf("different: %d\n", self->good != self->bad && self->good && self->bad);
}

BEGIN
{
	commit(self->good);
}

BEGIN
{
	discard(self->bad);
	exit(0);
}
