/* memstr: NULs between become another character. */
BEGIN
{
	this->p = (char *)alloca(8);
	this->p[0] = 'a';
	this->p[2] = 'b';
	this->p[3] = 'c';
	printf("[%s] [%s] [%s] [%s]\n", memstr(this->p, ' ', 5), memstr(this->p, ',', 8), memstr(this->p, '-', 1),
	    memstr(this->p, ' ', 0));
	this->n = 4;
	printf("[%s]\n", memstr(this->p, '+', this->n));
	exit(0);
}
