/* A clause may have more scratch than is usual. */
/* @args: -q -x scratchsize=64k */
/* @err: out of scratch space in action #1 */
BEGIN
{
	this->p = (char *)alloca(40000);
	this->p[39999] = 'x';
	printf("%c\n", this->p[39999]);
}

BEGIN
{
	this->p = (char *)alloca(80000);
	printf("%d\n", this->p != NULL);
}

BEGIN
{
	exit(0);
}
