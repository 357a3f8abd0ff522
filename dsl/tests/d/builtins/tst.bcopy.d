/* From a string to scratch; no bytes at all is fine from anywhere. */
BEGIN
{
	this->p = (char *)alloca(8);
	bcopy("hello", this->p, 6);
	printf("%s %d\n", stringof(this->p), this->p[5]);
	bcopy("HE", this->p, 2);
	printf("%s\n", stringof(this->p));
	bcopy(this->p, this->p + 6, 2);
	printf("%c%c\n", this->p[6], this->p[7]);
	bcopy(NULL, this->p, 0);
	printf("%s\n", stringof(this->p));
	exit(0);
}
