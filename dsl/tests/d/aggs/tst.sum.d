/* sum() of both signs. */
BEGIN
{
	@ = sum(10); @ = sum(-3); @ = sum(5000000000);
	exit(0);
}
