/* The right side of && and || is evaluated only where it matters. */
int n;

BEGIN
{
	n = 0;
	this->z = 0;
	this->r = this->z && (n = 1);
	this->r = !this->z || (n = 2);
	printf("%d\n", n);
	this->r = !this->z && (n = 3);
	printf("%d\n", n);
	this->r = this->z || (n = 4);
	printf("%d\n", n);
	exit(0);
}
