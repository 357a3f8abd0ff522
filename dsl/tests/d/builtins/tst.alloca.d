/* Scratch that is zero, holds what is put there, and is a new place each time. */
BEGIN
{
	this->p = (int *)alloca(8);
	this->q = (int *)alloca(8);
	printf("%d %d\n", *this->p, this->p[1]);
	*this->p = 7;
	this->p[1] = -8;
	printf("%d %d %d %d\n", *this->p, this->p[1], *this->q, this->p != this->q);
	printf("%d\n", alloca(0) != NULL);
	exit(0);
}
