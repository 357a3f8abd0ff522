/* Both alternatives get the type that arithmetic on them would have. */
BEGIN
{
	this->t = 1;
	printf("%d\n", sizeof (this->t ? 1 : 1LL));
	printf("%d\n", this->t ? -1 : 1LL);
	exit(0);
}
