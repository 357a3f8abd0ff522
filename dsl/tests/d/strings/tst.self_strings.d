/* Thread-local strings. */
BEGIN
{
	self->a = "first";
	self->b = strjoin(self->a, "!");
	self->a = "second";
	printf("%s %s\n", self->a, self->b);
	exit(0);
}
