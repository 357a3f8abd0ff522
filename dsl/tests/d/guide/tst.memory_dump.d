/* Actions: tracemem() shows bytes of the kernel's as they are: the name of the thread. */
BEGIN
{
	this->name = (char *)alloca(16);
	bcopy(curthread->comm, this->name, 7);
	tracemem(this->name, 16);
	exit(0);
}
