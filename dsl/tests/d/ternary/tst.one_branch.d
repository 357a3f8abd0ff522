/* Only the chosen branch is evaluated. */
int n;
int m;

BEGIN
{
	n = 0; m = 0; this->t = 1; this->f = 0;
	this->r = this->t ? (n = 1) : (m = 1);
	printf("%d %d\n", n, m);
	this->r = this->f ? (n = 2) : (m = 2);
	printf("%d %d\n", n, m);
	exit(0);
}
