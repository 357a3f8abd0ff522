/* Pointers and arrays: an array has its elements side by side, and its name is where they begin. */
int a[5];

BEGIN
{
	a[0] = 10;
	a[4] = 50;
	this->p = &a[0];
	printf("%d %d %d\n", *this->p, *(this->p + 4), this->p[4] == a[4]);
	printf("%d %d\n", sizeof(a), (long)&a[3] - (long)&a[0]);
	this->i = 1;
	a[this->i] = a[this->i - 1] + 1;
	printf("%d\n", a[1]);
	exit(0);
}
