/* Several data of one clause in one record. */
BEGIN
{
	this->i = 1;
	trace(this->i); trace("-"); trace(this->i + 1); trace("-");
	this->i = 9;
	trace(this->i);
	printf("\n");
	exit(0);
}
