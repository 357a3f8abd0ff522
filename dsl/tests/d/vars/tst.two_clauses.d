/* Globals hold from clause to clause; clauses run in the order of the text. */
int n;

BEGIN
{
	n = 5;
	printf("first %d\n", n);
}

BEGIN
{
	n++;
	printf("second %d\n", n);
	exit(0);
}

END
{
	printf("end %d\n", n);
}
