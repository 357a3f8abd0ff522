/* Zero deletes a thread-local variable, which then reads as zero. */
BEGIN
{
	self->t = 7;
	printf("%d ", self->t);
	self->t = 0;
	printf("%d ", self->t);
	self->t++;
	printf("%d\n", self->t);
	exit(0);
}
