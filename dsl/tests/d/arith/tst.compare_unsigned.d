/* Where one side is unsigned and as wide, the comparison is unsigned. */
BEGIN
{
	printf("%d %d\n", -1 < 1, -1 < 1U);
	this->i = -1; this->u = 1U; this->l = 1LL; this->ul = 1ULL;
	printf("%d %d %d\n", this->i < this->u, this->i < this->l, this->i < this->ul);
	exit(0);
}
