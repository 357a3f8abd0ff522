/* Thread-local arrays. */
BEGIN
{
	self->a[1] = 10; self->a[2] = 20;
	a[1] = 1;
	printf("%d %d %d %d\n", self->a[1], self->a[2], self->a[3], a[1]);
	self->a[1] = 0;
	printf("%d %d\n", self->a[1], self->a[2]);
	exit(0);
}
