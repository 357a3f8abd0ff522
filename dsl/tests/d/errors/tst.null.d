/* A read from NULL ends the clause; the others go on. */
/* @err: dtrace: error on enabled probe ID 1 \(ID 1: dtrace:::BEGIN\): invalid address \(0x0\) in action #2 at DIF offset [0-9]+$ */
BEGIN
{
	printf("before\n");
	this->x = *(int *)0;
	printf("after\n");
}

BEGIN
{
	printf("next clause\n");
	exit(0);
}
