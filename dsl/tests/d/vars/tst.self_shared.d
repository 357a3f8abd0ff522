/* Thread-local variables hold from firing to firing. */
BEGIN
{
	self->count = 41;
	self->name = "kept";
}

BEGIN
{
	self->count++;
	printf("%d %s\n", self->count, self->name);
	exit(0);
}
