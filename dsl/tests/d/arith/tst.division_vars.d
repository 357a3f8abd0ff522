/* Signed division at run time, in which BPF has no part before version 4. */
BEGIN
{
	this->n = -7; this->p = 7; this->t = 2; this->m = -2;
	printf("%d %d %d %d\n", this->n / this->t, this->p / this->m, this->n / this->m, this->p / this->t);
	printf("%d %d %d %d\n", this->n % this->t, this->p % this->m, this->n % this->m, this->p % this->t);
	exit(0);
}
