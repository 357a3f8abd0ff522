/* Pointers and arrays: an array is a pointer to its first element; pointer arithmetic counts elements. */
int v[4];

BEGIN
{
	p = (int *)alloca(4 * sizeof (int));
	p[0] = 1;
	*(p + 1) = 2;
	p[2] = p[0] + p[1];
	*(p + 3) = p[2] * 2;
	q = &p[3];
	printf("%d %d %d %d; %d apart\n", p[0], p[1], p[2], p[3], q - p);
	v[2] = 7;
	printf("%d %d\n", v[2], sizeof (v));
	exit(0);
}
