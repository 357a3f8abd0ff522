/* Arguments of subroutines and keys of arrays. */
int a[int];

BEGIN
{
	this->t = 0;
	a[this->t ? 1 : 2] = 5;
	printf("%d %d\n", a[1], a[2]);
	printf("%s\n", substr("abcdef", this->t ? 1 : 3));
	exit(0);
}
