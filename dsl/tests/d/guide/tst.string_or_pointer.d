/* Strings: what a pointer points to becomes a string by stringof(), and is compared by its bytes then. */
BEGIN
{
	this->p = (char *)alloca(8);
	bcopy("dtrace", this->p, 7);
	printf("%d %d\n", stringof(this->p) == "dtrace", stringof(curthread->comm) == execname);
	this->p[0] = 'D';
	printf("%s %d %d\n", stringof(this->p), stringof(this->p) < "d", this->p[6]);
	exit(0);
}
