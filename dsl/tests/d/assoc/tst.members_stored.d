/* Members of elements that have never been assigned as a whole, and of one while another is looked up. */
struct c {int n; int m; char s[16];};
struct c a[string];
self struct c t;
BEGIN
{
	a["x"].n = 5;
	a["y"].m = 6;
	a["x"].m = a["y"].m + 1;
	a["y"].n = a["x"].n++;
	a["z"].n += 3;
	self->t.m = 9;
	self->t.n = self->t.m * 2;
	printf("%d %d %d %d %d %d %d\n", a["x"].n, a["x"].m, a["y"].n, a["y"].m, a["z"].n, self->t.n, self->t.m);
	exit(0);
}
