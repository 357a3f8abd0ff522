/* Keys of several sizes in one list. */
BEGIN
{
	a[(char)1, (short)2, 3, 4LL] = 1;
	a[(char)1, (short)2, 4, 3LL] = 2;
	printf("%d %d %d\n", a[(char)1, (short)2, 3, 4LL], a[(char)1, (short)2, 4, 3LL], a[(char)2, (short)1, 3, 4LL]);
	exit(0);
}
