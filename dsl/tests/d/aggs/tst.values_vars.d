/* Values that are computed. */
int n;

BEGIN
{
	this->x = 20; n = 22;
	@ = sum(this->x + n);
	@ = sum(-this->x / 3);
	exit(0);
}
