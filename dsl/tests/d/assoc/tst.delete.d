/* Zero deletes an element; it can come back. */
BEGIN
{
	a[1] = 5; a[2] = 6;
	a[1] = 0;
	printf("%d %d\n", a[1], a[2]);
	a[1] = 7;
	printf("%d %d\n", a[1], a[2]);
	exit(0);
}
