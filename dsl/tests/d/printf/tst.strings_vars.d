/* Strings of different lengths in one record stay apart. */
BEGIN
{
	this->a = ""; this->b = "x"; this->c = "longer than both";
	printf("[%s][%s][%s][%s]\n", this->a, this->c, this->b, this->a);
	printf("%d[%s]%d[%s]%d\n", 1, this->c, 2, this->a, 3);
	exit(0);
}
