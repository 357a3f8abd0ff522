/* An address and a size, side by side: for printm(), at once or by way of a variable. */
BEGIN
{
	this->p = (char *)alloca(8);
	this->p[0] = 'D';
	this->p[1] = 't';
	this->m = memref(this->p, 2);
	printf("%d %d\n", this->m[0] == (uintptr_t)this->p, this->m[1]);
	printm(8, memref(this->p, 2));
	printm(8, this->m);
	printm(1, this->m);
	exit(0);
}
