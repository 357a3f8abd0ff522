/* The third argument of tracemem() is how much is shown. */
BEGIN
{
	this->n = 3;
	tracemem("abcdef", 6, this->n);
	tracemem("abcdef", 6, 0);
	exit(0);
}
